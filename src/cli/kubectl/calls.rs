//! `kubectl telnyx calls …`: the live calls on the namespace's applications.

mod watch;

use clap::{Arg, ArgMatches, Command, value_parser};
use futures::TryStreamExt;
use serde_json::{Value, json};
use telnyx_voice::{Call, CallControlId, CallEvent, CallEventFilter};

use super::account::Desk;
use super::error::PluginError;
use super::options::{Options, Output};
use super::print::{self, Column, Shown, Table, or_dash, span};
use super::reach::{Application, Found};
use super::verbs;

/// Its name on the command line.
pub(super) const COMMAND: &str = "calls";

pub(super) fn command() -> Command {
    let id = || Arg::new("call").value_name("CALL").help("The call's control id, as `calls list` shows it");
    let application = || {
        Arg::new("application")
            .long("application")
            .value_name("NAME")
            .help("Only calls of this CallControlApplication; of all where not given")
    };
    Command::new(COMMAND)
        .visible_alias("call")
        .about("Shows the live calls of the namespace's applications, and commands them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            Command::new("list").visible_alias("ls").about("Lists the live calls").arg(application()),
            Command::new("get")
                .about("Shows one call and what became of it, until 10 minutes after its end")
                .arg(id().required(true)),
            Command::new("watch")
                .about("Tells of calls that begin and end; with an id, of each command and webhook of that call")
                .arg(id())
                .arg(application().conflicts_with("call"))
                .arg(
                    Arg::new("interval")
                        .long("interval")
                        .value_name("SECONDS")
                        .default_value("2")
                        .value_parser(value_parser!(u64).range(1..=60))
                        .help("Seconds between two looks. Allowed: 1 to 60"),
                ),
        ])
        .subcommands(verbs::commands(verbs::calls::VERBS, &id().required(true)))
}

pub(super) async fn run(matches: &ArgMatches) -> Result<(), PluginError> {
    let Some((verb, matches)) = matches.subcommand() else { return Ok(()) };
    let call = |matches: &ArgMatches| {
        let known = matches.try_get_one::<String>("call").ok().flatten();
        known.map(|id| CallControlId::from(id.as_str()))
    };
    match verb {
        "list" => {
            let options = Options::read(matches);
            let desk = Desk::open(&options).await?;
            list(&desk, &options, matches.get_one::<String>("application").map(String::as_str)).await
        }
        "get" => {
            let options = Options::read(matches);
            let desk = Desk::open(&options).await?;
            match call(matches) {
                Some(id) => get(&desk, &options, &id).await,
                None => Ok(()),
            }
        }
        "watch" => {
            let options = Options::read(matches);
            let desk = Desk::open(&options).await?;
            let pace = std::time::Duration::from_secs(matches.get_one("interval").copied().unwrap_or(2));
            let only = matches.get_one::<String>("application").map(String::as_str);
            match call(matches) {
                Some(id) => watch::one(&desk, &options, &id, pace).await,
                None => watch::all(&desk, &options, only, pace).await,
            }
        }
        verb => verbs::on_call(verb, matches).await,
    }
}

const LIST: &[Column] = &[
    Column("CALL", Shown::Always),
    Column("APPLICATION", Shown::Always),
    Column("DURATION", Shown::Always),
    Column("LEG", Shown::Wide),
    Column("SESSION", Shown::Wide),
];

async fn list(desk: &Desk, options: &Options, only: Option<&str>) -> Result<(), PluginError> {
    let (mut rows, mut items) = (vec![], vec![]);
    for application in desk.applications(only).await? {
        for call in desk.live(&application).await? {
            items.push(item(&application, &call));
            rows.push(vec![
                or_dash(call.call_control_id),
                application.name.clone(),
                or_dash(call.call_duration.map(span)),
                or_dash(call.call_leg_id),
                or_dash(call.call_session_id),
            ]);
        }
    }
    let nothing = format!("No call is live on the applications of namespace {}.", desk.place.namespace);
    print::list(options, || Table { columns: LIST, rows }, &items, &nothing)
}

fn item(application: &Application, call: &Call) -> Value {
    json!({ "application": application.name, "connection_id": application.id, "call": call })
}

async fn get(desk: &Desk, options: &Options, id: &CallControlId) -> Result<(), PluginError> {
    let found = desk.look_up(id).await?;
    let events = desk.events(&found.call).await?;
    if super::queues::for_programs(options) {
        let mut whole = item(&found.application, &found.call);
        if let Some(whole) = whole.as_object_mut() {
            whole.insert("events".to_owned(), json!(events));
        }
        return print::value(options, whole);
    }
    print::text(&told(&found))?;
    let rows = events.iter().map(row).collect();
    let options = Options { output: Output::Table, ..options.clone() };
    print::list(&options, || Table { columns: EVENTS, rows }, &[], "Nothing is remembered of it yet.")
}

fn told(found: &Found) -> String {
    let call = &found.call;
    let state = match call.is_alive {
        Some(false) => "ended",
        Some(true) | None => "live",
    };
    let line = |name: &str, value: String| format!("{:<14}{value}\n", format!("{name}:"));
    [
        line("Call", or_dash(call.call_control_id.as_ref())),
        line("Application", found.application.name.clone()),
        line("State", state.to_owned()),
        line("Started", or_dash(call.start_time.as_ref())),
        line("Ended", or_dash(call.end_time.as_ref())),
        line("Duration", or_dash(call.call_duration.map(span))),
        line("Leg", or_dash(call.call_leg_id.as_ref())),
        line("Session", or_dash(call.call_session_id.as_ref())),
        "\n".to_owned(),
    ]
    .concat()
}

const EVENTS: &[Column] = &[
    Column("WHEN", Shown::Always),
    Column("KIND", Shown::Always),
    Column("NAME", Shown::Always),
    Column("DETAIL", Shown::Always),
];

fn row(event: &CallEvent) -> Vec<String> {
    vec![
        or_dash(event.event_timestamp.as_ref()),
        or_dash(event.r#type.as_ref()),
        or_dash(event.name.as_ref()),
        detail(event),
    ]
}

/// Words about how something ended; what was said or pressed is not among them.
const TELLING: [&str; 4] = ["hangup_cause", "result", "status", "reason"];

fn detail(event: &CallEvent) -> String {
    let Some(metadata) = &event.metadata else { return String::new() };
    let body = Value::Object(metadata.expose().clone());
    let places = ["/data/payload", "/payload", ""];
    let found = TELLING.iter().filter_map(|name| {
        let value = places.iter().find_map(|place| body.pointer(&format!("{place}/{name}"))?.as_str())?;
        Some(format!("{name}={}", telnyx_voice::mask_digits(value)))
    });
    found.collect::<Vec<_>>().join(" ")
}

impl Desk {
    /// What the API remembers of a call's leg, the oldest first.
    async fn events(&self, call: &Call) -> Result<Vec<CallEvent>, PluginError> {
        let Some(leg) = &call.call_leg_id else { return Ok(vec![]) };
        let filter = CallEventFilter { leg_id: Some(leg.clone()), ..CallEventFilter::default() };
        let mut events: Vec<CallEvent> = self
            .client
            .call_events(&filter)
            .try_collect()
            .await
            .map_err(|error| self.api(error, "cannot read what became of the call"))?;
        events.sort_by_key(|event| event.event_timestamp.as_ref().and_then(telnyx_voice::ApiTime::instant));
        Ok(events)
    }
}
