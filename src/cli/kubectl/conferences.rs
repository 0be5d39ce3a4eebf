//! `kubectl telnyx conference …`: the conferences that are live on the namespace's applications.

use clap::{Arg, ArgMatches, Command};
use futures::TryStreamExt;
use serde_json::{Value, json};
use telnyx_voice::conference::{Conference, ConferenceFilter, ConferenceStatus, Participant, ParticipantFilter};
use telnyx_voice::{ConferenceId, Error};

use super::account::Desk;
use super::error::PluginError;
use super::options::Options;
use super::print::{self, Column, Shown, Table, or_dash};
use super::reach::Application;
use super::verbs;

/// Its name on the command line.
pub(super) const COMMAND: &str = "conference";

pub(super) fn command() -> Command {
    let id = || Arg::new("conference").value_name("CONFERENCE").required(true).help("Its name, or its id at Telnyx");
    Command::new(COMMAND)
        .visible_alias("conferences")
        .about("Shows the live conferences of the namespace's applications, and commands them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            Command::new("list").visible_alias("ls").about("Lists the live conferences"),
            Command::new("get").about("Shows one live conference").arg(id()),
            Command::new("participants").about("Lists who takes part").arg(id()),
        ])
        .subcommands(verbs::commands(verbs::conferences::VERBS, &id()))
}

pub(super) async fn run(matches: &ArgMatches) -> Result<(), PluginError> {
    let Some((verb, inner)) = matches.subcommand() else { return Ok(()) };
    let named = |matches: &ArgMatches| matches.get_one::<String>("conference").cloned().unwrap_or_default();
    match verb {
        "list" => {
            let options = Options::read(inner);
            list(&Desk::open(&options).await?, &options).await
        }
        "get" => {
            let options = Options::read(inner);
            let desk = Desk::open(&options).await?;
            let (application, conference) = desk.conference(&named(inner)).await?;
            print::value(&options, json!({ "application": application.name, "conference": conference }))
        }
        "participants" => {
            let options = Options::read(inner);
            let desk = Desk::open(&options).await?;
            participants(&desk, &options, &named(inner)).await
        }
        verb => verbs::on_conference(verb, inner).await,
    }
}

impl Desk {
    /// The live conferences of the namespace's applications.
    async fn conferences(&self) -> Result<Vec<(Application, Conference)>, PluginError> {
        let applications = self.applications(None).await?;
        let mut found = vec![];
        for status in [ConferenceStatus::InProgress, ConferenceStatus::Init] {
            let filter = ConferenceFilter { status: Some(status), ..ConferenceFilter::default() };
            let listed: Result<Vec<Conference>, Error> = self.client.conferences(&filter).try_collect().await;
            for conference in listed.map_err(|error| self.api(error, "cannot list the conferences"))? {
                let owner = conference.connection_id.as_ref();
                let ours = applications.iter().find(|application| Some(&application.id) == owner);
                found.extend(ours.map(|application| (application.clone(), conference)));
            }
        }
        Ok(found)
    }

    /// The live conference of this name or id, if it was begun on an application of the namespace.
    pub(super) async fn conference(&self, named: &str) -> Result<(Application, Conference), PluginError> {
        let all = self.conferences().await?;
        let is = |conference: &Conference| {
            conference.name.as_deref() == Some(named) || conference.id.as_ref().is_some_and(|id| id.as_str() == named)
        };
        let known = all.iter().filter_map(|(_, conference)| conference.name.clone()).collect();
        all.into_iter().find(|(_, conference)| is(conference)).ok_or_else(|| PluginError::ConferenceNotFound {
            name: named.to_owned(),
            namespace: self.place.namespace.clone(),
            known,
        })
    }
}

/// The id by which the API addresses a conference that it has shown.
pub(super) fn id(conference: &Conference) -> ConferenceId {
    conference.id.clone().unwrap_or_else(|| ConferenceId::from(conference.name.clone().unwrap_or_default()))
}

const LIST: &[Column] = &[
    Column("NAME", Shown::Always),
    Column("STATE", Shown::Always),
    Column("APPLICATION", Shown::Always),
    Column("ENDS AT THE LATEST", Shown::Always),
    Column("ID", Shown::Wide),
    Column("REGION", Shown::Wide),
];

async fn list(desk: &Desk, options: &Options) -> Result<(), PluginError> {
    let all = desk.conferences().await?;
    let row = |(application, conference): &(Application, Conference)| {
        vec![
            or_dash(conference.name.as_ref()),
            or_dash(conference.status.as_ref()),
            application.name.clone(),
            or_dash(conference.expires_at.as_ref()),
            or_dash(conference.id.as_ref()),
            or_dash(conference.region.as_ref()),
        ]
    };
    let items: Vec<Value> = all
        .iter()
        .map(|(application, conference)| json!({ "application": application.name, "conference": conference }))
        .collect();
    let nothing = format!("No conference is live on the applications of namespace {}.", desk.place.namespace);
    print::list(options, || Table { columns: LIST, rows: all.iter().map(row).collect() }, &items, &nothing)
}

const PARTICIPANTS: &[Column] = &[
    Column("CALL", Shown::Always),
    Column("STATUS", Shown::Always),
    Column("MUTED", Shown::Always),
    Column("ON HOLD", Shown::Always),
    Column("ENDS IT", Shown::Wide),
    Column("ID", Shown::Wide),
];

async fn participants(desk: &Desk, options: &Options, named: &str) -> Result<(), PluginError> {
    let (_, conference) = desk.conference(named).await?;
    let id = id(&conference);
    let all = async {
        let filter = ParticipantFilter::default();
        desk.client.conference_participants(&id, &filter)?.try_collect::<Vec<Participant>>().await
    };
    let all = all.await.map_err(|error| desk.api(error, "cannot list who takes part"))?;
    let yes = |value: Option<bool>| or_dash(value.map(|value| if value { "yes" } else { "no" }));
    let row = |one: &Participant| {
        vec![
            or_dash(one.call_control_id.as_ref()),
            or_dash(one.status.as_ref()),
            yes(one.muted),
            yes(one.on_hold),
            yes(one.end_conference_on_exit),
            or_dash(one.id.as_ref()),
        ]
    };
    let items: Vec<Value> = all.iter().map(|one| json!(one)).collect();
    let rows = || Table { columns: PARTICIPANTS, rows: all.iter().map(row).collect() };
    print::list(options, rows, &items, &format!("Nobody takes part in conference {named}."))
}
