//! `kubectl telnyx conference …`: the conferences that are live on the namespace's applications.

use clap::{Arg, ArgMatches, Command};
use futures::TryStreamExt;
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};
use telnyx_voice::conference::{
    Conference, ConferenceFilter, ConferenceRegion, ConferenceStatus, Participant, ParticipantFilter, ParticipantUpdate,
};
use telnyx_voice::{Class, ConferenceId, Endpoint, Error, classify};

use super::account::Desk;
use super::error::PluginError;
use super::options::Options;
use super::print::{self, Column, Shown, Table, or_dash};
use super::reach::Application;
use super::verbs;
use crate::api;
use crate::controllers::word;

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
            participant_command(&id()),
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
            let named = named(inner);
            let (application, conference) = desk.conference(&named).await?;
            let read = desk.client.get_conference(&id(&conference), region(&conference).as_ref()).await;
            let conference = read.map_err(|error| desk.on_conference(error, &named, "cannot read the conference"))?;
            print::value(&options, json!({ "application": application.name, "conference": conference }))
        }
        "participant" => {
            let options = Options::read(inner);
            let update = verbs::body(ParticipantUpdate::BOUNDS, &schemars::schema_for!(ParticipantUpdate), inner)?;
            let call = inner.get_one::<String>("call").cloned().unwrap_or_default();
            change(&Desk::open(&options).await?, &named(inner), &call, update).await
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
        let mut found: Vec<(Application, Conference)> = vec![];
        for region in self.regions().await {
            for status in [ConferenceStatus::InProgress, ConferenceStatus::Init] {
                let (status, region) = (Some(status), region.clone());
                let filter = ConferenceFilter { status, region, ..ConferenceFilter::default() };
                let listed: Result<Vec<Conference>, Error> = self.client.conferences(&filter).try_collect().await;
                for conference in listed.map_err(|error| self.api(error, "cannot list the conferences"))? {
                    let owner = conference.connection_id.as_ref();
                    let ours = applications.iter().find(|application| Some(&application.id) == owner);
                    let is_new = found.iter().all(|(_, known)| known.id != conference.id);
                    found.extend(ours.filter(|_| is_new).map(|application| (application.clone(), conference)));
                }
            }
        }
        Ok(found)
    }

    /// Where to look: in the account's own region, and in those that the namespace's policies of conferences name. Whoever may
    /// not read those looks in the account's own.
    async fn regions(&self) -> Vec<Option<ConferenceRegion>> {
        let policies = Api::<api::Conference>::namespaced(self.place.kube.clone(), &self.place.namespace);
        let declared = policies.list(&ListParams::default()).await.map(|listed| listed.items).unwrap_or_default();
        let mut regions = vec![None];
        for region in declared.iter().filter_map(|policy| policy.spec.region.as_ref()) {
            let region = word::<_, ConferenceRegion>(region);
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        regions
    }

    /// Who takes part.
    async fn people(&self, conference: &Conference) -> Result<Vec<Participant>, PluginError> {
        let filter = ParticipantFilter { region: region(conference), ..ParticipantFilter::default() };
        let listing = async { self.client.conference_participants(&id(conference), &filter)?.try_collect().await };
        listing.await.map_err(|error| self.api(error, "cannot list who takes part"))
    }

    /// What the API's answer means for the conference that was named. `doing`: what is told where there was none.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the classes are open; any other no is told as it is")]
    pub(super) fn on_conference(&self, error: Error, named: &str, doing: &'static str) -> PluginError {
        match classify(&error, Endpoint::Conference) {
            Class::NotFound | Class::AlreadyDone => PluginError::ConferenceEnded { name: named.to_owned() },
            Class::Unauthenticated | Class::Unavailable | Class::NotSent | Class::FateUnknown | Class::RequestRate => {
                self.api(error, doing)
            }
            _ => verbs::refused(&error),
        }
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

/// Where a conference that the API has shown is kept.
pub(super) fn region(conference: &Conference) -> Option<ConferenceRegion> {
    conference.region.as_deref().map(ConferenceRegion::from)
}

fn participant_command(id: &Arg) -> Command {
    let call = Arg::new("call").value_name("CALL").required(true).help("The call of the one who takes part");
    let options = verbs::options(ParticipantUpdate::BOUNDS, &schemars::schema_for!(ParticipantUpdate));
    Command::new("participant")
        .about("Changes what happens when somebody who takes part leaves, and when a tone sounds for them")
        .arg(id.clone())
        .arg(call)
        .args(options)
}

async fn change(desk: &Desk, named: &str, call: &str, update: Value) -> Result<(), PluginError> {
    let update: ParticipantUpdate = serde_json::from_value(update).map_err(|error| verbs::unreadable(&error))?;
    let (_, conference) = desk.conference(named).await?;
    let id = id(&conference);
    let all = desk.people(&conference).await?;
    let one = all.into_iter().find(|one| one.call_control_id.as_ref().is_some_and(|its| its.as_str() == call));
    let Some(participant) = one.and_then(|one| one.id) else {
        return Err(PluginError::NotInConference { call: call.to_owned(), name: named.to_owned() });
    };
    let changed = desk.client.update_conference_participant(&id, &participant, &update).await;
    changed.map_err(|error| desk.on_conference(error, named, "cannot change who takes part"))?;
    print::text(&format!("call {call} in conference {named}: changed\n"))
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
    let all = desk.people(&conference).await?;
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
