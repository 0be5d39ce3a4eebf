//! `/conferences` (Telnyx API reference: "Conference Commands").
//!
//! A conference is addressed by its id or, while it is active, by its name; only `end` wants the id. A region that is not
//! the conference's own holds no such conference, and where a request could name one and does not, the account's own is meant
//! (Telnyx API reference: List conferences, `region`).

mod commands;
mod digits;
mod participants;
mod recording;
mod seating;
mod sound;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::Endpoint;
use crate::config::DuplicateCommand;
use crate::model::World;
use crate::model::calls::{CallKey, State};
use crate::model::commands::CommandKey;
use crate::model::conferences::{
    Beep, Conference, ConferenceKey, DEFAULT_PARTICIPANTS, Destination, Entry, HOME_REGION, Opening, Place, Role,
};
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::fields::Fields;
use crate::model::history::{Entry as HistoryEntry, EntryKind};
use crate::model::moment::Moment;
use crate::model::paging::Page;
use crate::model::refusal::{ApiError, Refusal};

/// Every conference endpoint.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let own = [
        Endpoint::new(Method::Get, "/conferences", list),
        Endpoint::new(Method::Post, "/conferences", create),
        Endpoint::new(Method::Get, "/conferences/{id}", retrieve),
    ];
    [&own, participants::ENDPOINTS, seating::ENDPOINTS, sound::ENDPOINTS, recording::ENDPOINTS, digits::ENDPOINTS]
        .concat()
}

const REGIONS: &[&str] = &["Australia", "Europe", "Middle East", "US"];

#[derive(Serialize)]
struct ConferenceView<'a> {
    record_type: &'static str,
    id: &'a str,
    name: &'a str,
    connection_id: &'a str,
    region: &'static str,
    status: &'static str,
    end_reason: Option<&'static str>,
    ended_by: Option<EndedBy<'a>>,
    created_at: Moment,
    updated_at: Moment,
    expires_at: Moment,
}

#[derive(Serialize)]
struct EndedBy<'a> {
    call_control_id: &'a str,
    call_session_id: &'a str,
}

impl<'a> ConferenceView<'a> {
    fn of(conference: &'a Conference) -> Self {
        let ended = conference.ended();
        let by = ended.and_then(|ended| ended.by.as_ref());
        Self {
            record_type: "conference",
            id: &conference.id,
            name: &conference.name,
            connection_id: &conference.owner.connection,
            region: conference.region,
            status: conference.stage.name(),
            end_reason: ended.map(|ended| ended.reason.name()),
            ended_by: by.map(|(call, session)| EndedBy { call_control_id: call, call_session_id: session }),
            created_at: conference.created_at,
            updated_at: conference.updated_at,
            expires_at: conference.expires_at,
        }
    }
}

/// 404 with code 90058.
fn does_not_exist() -> Refusal {
    ApiError::new("90058", "Conference does not exist", "There is no such conference.").with(404)
}

/// 422 with code 90019.
fn has_ended() -> Refusal {
    let detail = "This conference is no longer active and can't receive commands.";
    ApiError::new("90019", "Conference has already ended", detail).with(422)
}

/// Where a request looks for a conference.
#[derive(Debug, Clone, Copy)]
enum Where<'a> {
    /// In the region that it names, or else in the account's own.
    Named(Option<&'a str>),
    /// Wherever it is: the request has no field for a region.
    Anywhere,
}

/// The conference in the path, if it is held in the region asked for.
fn addressed<'a>(
    world: &'a World,
    id_or_name: &str,
    place: Where<'_>,
) -> Result<(ConferenceKey, &'a Conference), Refusal> {
    let key = world.conferences.find(id_or_name).ok_or_else(does_not_exist)?;
    let conference = world.conferences.get(key).ok_or_else(does_not_exist)?;
    match place {
        Where::Named(region) if region.unwrap_or(HOME_REGION) != conference.region => Err(does_not_exist()),
        Where::Named(_) | Where::Anywhere => Ok((key, conference)),
    }
}

/// A live, answered leg; each way to fall short has its own code.
fn live_leg(world: &World, control_id: &str) -> Result<CallKey, Refusal> {
    let key = world.calls.find(control_id).ok_or_else(super::actions::invalid_id)?;
    let call = world.calls.get(key).ok_or_else(super::actions::invalid_id)?;
    match call.state {
        State::Ended { .. } => Err(super::actions::ended()),
        State::AwaitsNetwork | State::AwaitsAnswer => Err(super::actions::not_answered()),
        State::AwaitsEnd { .. } => Ok(key),
    }
}

/// The answer to a repeated command: the first one, or an empty object.
fn repeated(world: &mut World, key: &CommandKey) -> Option<Answer> {
    let first = world.commands.first_answer(world.now, key)?.to_vec();
    world.counters.duplicate_commands += 1;
    Some(match world.config.switches.duplicate_command {
        DuplicateCommand::SameIds => Answer { status: 200, body: first },
        DuplicateCommand::EmptyData => Answer { status: 200, body: br#"{"data":{}}"#.to_vec() },
    })
}

/// Remembers how a command was answered, so that its repetition is recognised.
fn remember(world: &mut World, key: Option<CommandKey>, reply: &Reply) {
    let Some(key) = key else { return };
    match reply {
        Ok(answer) => world.commands.remember(world.now, key, answer.body.clone()),
        Err(_) if world.config.switches.refused_command_occupies_id => {
            world.commands.remember(world.now, key, br#"{"data":{}}"#.to_vec());
        }
        Err(_) => {}
    }
}

/// A file to be heard on hold; only one of two ways to name it is allowed.
fn hold_media(fields: &mut Fields<'_>, url: &str, name: &str) {
    let both = fields.url(url).is_some() & fields.text(name, 1..=255).is_some();
    if both {
        fields.bad::<()>(name, "10015", format!("cannot be used together with {url}."));
    }
}

/// The fields that "Join a conference" and the `conference_config` of "Dial" share.
fn entry(fields: &mut Fields<'_>) -> Entry {
    hold_media(fields, "hold_audio_url", "hold_media_name");
    Entry {
        beep: beep(fields),
        ends: fields.flag("end_conference_on_exit").unwrap_or(false),
        soft_ends: fields.flag("soft_end_conference_on_exit").unwrap_or(false),
        hold: fields.flag("hold").unwrap_or(false),
        mute: fields.flag("mute").unwrap_or(false),
        starts: fields.flag("start_conference_on_enter").unwrap_or(false),
        role: fields.choice("supervisor_role", Role::NAMES).map_or(Role::Barge, Role::named),
        whispers: control_ids(fields, "whisper_call_control_ids"),
    }
}

fn beep(fields: &mut Fields<'_>) -> Option<Beep> {
    fields.choice("beep_enabled", Beep::NAMES).map(Beep::named)
}

fn control_ids(fields: &mut Fields<'_>, name: &str) -> Vec<Arc<str>> {
    fields.texts(name).unwrap_or_default().into_iter().map(Arc::from).collect()
}

/// Where `conference_config` of a dial sends its legs once they are answered. A name opens a conference when there is none.
pub(super) fn destination(world: &World, fields: &mut Fields<'_>) -> Option<Destination> {
    let entry = entry(fields);
    // Legs join when they are answered, whatever is asked for: nothing is heard of ringing.
    fields.flag("early_media");
    let starts = fields.flag("start_conference_on_create").unwrap_or(true);
    let place = match (fields.text("id", 1..=64), fields.text("conference_name", 1..=255)) {
        (Some(id), _) => {
            let found = world.conferences.by_id(id).filter(|key| is_active(world, *key));
            let Some(key) = found else { return fields.bad("id", "10015", "must be that of an active conference.") };
            Place::Existing(key)
        }
        (None, Some(name)) => Place::Named(Opening { starts, ..Opening::named(name.into()) }),
        (None, None) => {
            fields.require(&["conference_name"]);
            return None;
        }
    };
    Some(Destination { place, entry })
}

fn is_active(world: &World, key: ConferenceKey) -> bool {
    world.conferences.get(key).is_some_and(|conference| conference.ended().is_none())
}

const FIELDS: &[&str] = &[
    "beep_enabled",
    "call_control_id",
    "client_state",
    "comfort_noise",
    "command_id",
    "duration_minutes",
    "hold_audio_url",
    "hold_media_name",
    "max_participants",
    "name",
    "region",
    "start_conference_on_create",
];

fn create(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let mut fields = Fields::new(exchange.body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(FIELDS);
    }
    fields.require(&["call_control_id", "name"]);
    let control_id = fields.text("call_control_id", 1..=255).unwrap_or_default();
    let name = fields.text("name", 1..=255).unwrap_or_default();
    let client_state = fields.base64("client_state").map(Arc::<str>::from);
    let command_id = fields.text("command_id", 1..=255);
    hold_media(&mut fields, "hold_audio_url", "hold_media_name");
    fields.flag("comfort_noise");
    let opening = Opening {
        region: fields.choice("region", REGIONS).unwrap_or(HOME_REGION),
        beep: beep(&mut fields).unwrap_or(Beep::Never),
        max_participants: fields.whole("max_participants", 2..=800).unwrap_or(DEFAULT_PARTICIPANTS),
        duration: fields.whole("duration_minutes", 1..=1_000_000).map(|minutes| Duration::from_secs(minutes * 60)),
        starts: fields.flag("start_conference_on_create").unwrap_or(true),
        ..Opening::named(name.into())
    };
    fields.finish()?;
    let command = command_id.map(|id| CommandKey { scope: format!("conferences {control_id}"), id: id.to_owned() });
    if let Some(answer) = command.as_ref().and_then(|command| repeated(world, command)) {
        return Ok(answer);
    }
    let reply = open(world, control_id, opening, client_state);
    remember(world, command, &reply);
    reply
}

fn open(world: &mut World, control_id: &str, opening: Opening, client_state: Option<Arc<str>>) -> Reply {
    let owner = live_leg(world, control_id)?;
    if world.conferences.active(&opening.name).is_some() {
        let error = ApiError::new("90033", "Conference name in use", "An active conference has this name already.");
        return Err(error.at("/name").with(422));
    }
    if let Some(call) = world.calls.get_mut(owner) {
        call.commanded = true;
        if client_state.is_some() {
            call.client_state = client_state;
        }
        let command = HistoryEntry::of(call, EntryKind::Command("conference_create"), world.now);
        world.history.record(command);
    }
    let key = world.open_conference(owner, opening, Entry::default()).ok_or_else(super::actions::invalid_id)?;
    let conference = world.conferences.get(key).ok_or_else(does_not_exist)?;
    Ok(Answer::data(200, &ConferenceView::of(conference)))
}

fn retrieve(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let (_, conference) = addressed(world, exchange.param(0), Where::Named(exchange.query("region")))?;
    Ok(Answer::data(200, &ConferenceView::of(conference)))
}

/// Latest `expires_at` first; of two alike, the one created later.
fn list(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let page = Page::read(exchange)?;
    let filters = [
        ("filter[name]", (|one: &Conference| &*one.name) as fn(&Conference) -> &str),
        ("filter[status]", |one| one.stage.name()),
        ("filter[connection_id]", |one| &*one.owner.connection),
    ];
    let wanted = filters.map(|(name, field)| (exchange.query(name), field));
    let region = exchange.query("region").unwrap_or(HOME_REGION);
    let fits = |one: &Conference| {
        one.region == region && wanted.iter().all(|(value, field)| value.is_none_or(|value| value == field(one)))
    };
    let mut found: Vec<&Conference> = world.conferences.all().filter(|one| fits(one)).collect();
    found.reverse();
    found.sort_by_key(|one| std::cmp::Reverse(one.expires_at));
    let total = found.len();
    let items: Vec<ConferenceView<'_>> =
        found.into_iter().skip(page.skip()).take(page.take()).map(ConferenceView::of).collect();
    Ok(page.answer(&items, total))
}
