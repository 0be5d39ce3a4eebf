//! Commands on live calls: one file each.
//!
//! A command's file lists its endpoint and carries it out; everything that all commands share is here: the id, repetition
//! by `command_id`, what the call must be, `client_state`.

mod ai_assistant_add_messages;
mod ai_assistant_join;
mod ai_assistant_start;
mod ai_assistant_stop;
mod answer;
mod bridge;
mod client_state_update;
mod conversation_relay_start;
mod conversation_relay_stop;
mod enqueue;
mod fork_start;
mod fork_stop;
mod gather;
mod gather_stop;
mod gather_using_ai;
pub(in crate::model::endpoints) mod gather_using_audio;
mod gather_using_speak;
mod gathering;
mod hangup;
mod leave_queue;
mod pay;
mod playback_start;
mod playback_stop;
mod record_pause;
mod record_resume;
mod record_start;
mod record_stop;
mod refer;
mod reject;
mod send_dtmf;
mod send_sip_info;
mod siprec_start;
mod siprec_stop;
mod speak;
mod streaming_start;
mod streaming_stop;
mod suppression_start;
mod suppression_stop;
mod switch_supervisor_role;
mod transcription_start;
mod transcription_stop;
mod transfer;

use std::sync::Arc;

use super::Endpoint;
use crate::config::DuplicateCommand;
use crate::model::World;
use crate::model::calls::{AfterUnbridge, Call, CallKey, Direction, State};
use crate::model::commands::CommandKey;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::fields::Fields;
use crate::model::history::{Entry, EntryKind};
use crate::model::refusal::{ApiError, Refusal};

/// Every command.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    ai_assistant_add_messages::ENDPOINT,
    ai_assistant_join::ENDPOINT,
    ai_assistant_start::ENDPOINT,
    ai_assistant_stop::ENDPOINT,
    answer::ENDPOINT,
    bridge::ENDPOINT,
    client_state_update::ENDPOINT,
    conversation_relay_start::ENDPOINT,
    conversation_relay_stop::ENDPOINT,
    enqueue::ENDPOINT,
    fork_start::ENDPOINT,
    fork_stop::ENDPOINT,
    gather::ENDPOINT,
    gather_stop::ENDPOINT,
    gather_using_ai::ENDPOINT,
    gather_using_audio::ENDPOINT,
    gather_using_speak::ENDPOINT,
    hangup::ENDPOINT,
    leave_queue::ENDPOINT,
    pay::ENDPOINT,
    playback_start::ENDPOINT,
    playback_stop::ENDPOINT,
    record_pause::ENDPOINT,
    record_resume::ENDPOINT,
    record_start::ENDPOINT,
    record_stop::ENDPOINT,
    refer::ENDPOINT,
    reject::ENDPOINT,
    send_dtmf::ENDPOINT,
    send_sip_info::ENDPOINT,
    siprec_start::ENDPOINT,
    siprec_stop::ENDPOINT,
    speak::ENDPOINT,
    streaming_start::ENDPOINT,
    streaming_stop::ENDPOINT,
    suppression_start::ENDPOINT,
    suppression_stop::ENDPOINT,
    switch_supervisor_role::ENDPOINT,
    transcription_start::ENDPOINT,
    transcription_stop::ENDPOINT,
    transfer::ENDPOINT,
];

/// What a command is and what it needs.
#[derive(Clone, Copy)]
struct Command {
    /// As in the path.
    name: &'static str,
    needs: Needs,
    /// Every field of its body.
    fields: &'static [&'static str],
    /// Reads the body and acts; nothing may have happened when it refuses.
    run: fn(&mut World, CallKey, &mut Fields<'_>) -> Result<Done, Refusal>,
}

/// What an accepted command answers besides `result: ok`.
enum Done {
    /// Nothing.
    Plain,
    /// The id of what it began.
    Began { field: &'static str, id: Arc<str> },
}

impl Done {
    fn answer(self) -> Answer {
        match self {
            Self::Plain => Answer::accepted(),
            Self::Began { field, id } => Answer::data(200, &serde_json::json!({ "result": "ok", field: &*id })),
        }
    }
}

/// What the call must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Not ended.
    Alive,
    /// Answered and not ended.
    Answered,
    /// Answered and not ended; the refusal speaks of audio.
    Audio,
    /// Incoming and not ended.
    Incoming,
}

/// 422 with code 90015.
pub(crate) fn invalid_id() -> Refusal {
    let detail = "The call_control_id provided was not valid.";
    ApiError::new("90015", "Invalid Call Control ID", detail).with(422)
}

const EMPTY: &[u8] = br#"{"data":{}}"#;

fn carry_out(world: &mut World, exchange: &Exchange<'_>, command: Command) -> Reply {
    let key = world.calls.find(exchange.param(0)).ok_or_else(invalid_id)?;
    let mut fields = Fields::new(exchange.body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(command.fields);
    }
    let client_state = fields.base64("client_state").map(Arc::<str>::from);
    let command_id = fields.text("command_id", 1..=255);
    let command_key = command_id.map(|id| CommandKey { scope: exchange.param(0).to_owned(), id: id.to_owned() });
    if let Some(command_key) = &command_key
        && let Some(first) = world.commands.first_answer(world.now, command_key)
    {
        world.counters.duplicate_commands += 1;
        let body = match world.config.switches.duplicate_command {
            DuplicateCommand::SameIds => first.to_vec(),
            DuplicateCommand::EmptyData => EMPTY.to_vec(),
        };
        return Ok(Answer { status: 200, body });
    }
    let reply = act(world, key, command, fields, client_state);
    if let Some(command_key) = command_key {
        match &reply {
            Ok(answer) => world.commands.remember(world.now, command_key, answer.body.clone()),
            Err(_) if world.config.switches.refused_command_occupies_id => {
                world.commands.remember(world.now, command_key, EMPTY.to_vec());
            }
            Err(_) => {}
        }
    }
    reply
}

fn act(
    world: &mut World,
    key: CallKey,
    command: Command,
    mut fields: Fields<'_>,
    client_state: Option<Arc<str>>,
) -> Reply {
    let now = world.now;
    let Some(call) = world.calls.get_mut(key) else { return Err(invalid_id()) };
    if let Some(refusal) = unfit(call, command) {
        return Err(refusal);
    }
    call.commanded = true;
    let previous = call.client_state.clone();
    if client_state.is_some() {
        call.client_state = client_state;
    }
    // Before the command runs, so that it stands in front of what it causes.
    world.history.record(Entry::of(call, EntryKind::Command(command.name), now));
    match (command.run)(world, key, &mut fields) {
        Ok(done) => Ok(done.answer()),
        Err(refusal) => {
            world.history.retract();
            if let Some(call) = world.calls.get_mut(key) {
                call.client_state = previous;
            }
            Err(refusal)
        }
    }
}

/// 422 with code 90018.
pub(super) fn ended() -> Refusal {
    let detail = "This call is no longer active and can't receive commands.";
    ApiError::new("90018", "Call has already ended", detail).with(422)
}

/// 422 with code 90034.
pub(super) fn not_answered() -> Refusal {
    let detail = "This call can't receive this command because it has not been answered yet.";
    ApiError::new("90034", "Call not answered yet", detail).with(422)
}

/// Why the call cannot receive the command (Telnyx: "API error codes").
fn unfit(call: &Call, command: Command) -> Option<Refusal> {
    match (&call.state, command.needs) {
        (State::Ended { .. }, _) => Some(ended()),
        (State::AwaitsNetwork | State::AwaitsAnswer, Needs::Answered) => Some(not_answered()),
        (State::AwaitsNetwork | State::AwaitsAnswer, Needs::Audio) => {
            let detail = "Call recording cannot be started until audio has commenced on the call.";
            Some(ApiError::new("90020", "Call recording triggered before audio started", detail).with(422))
        }
        (_, Needs::Incoming) if call.direction == Direction::Outgoing => {
            let detail = format!("The {} command cannot be issued for outbound calls.", command.name);
            Some(ApiError::new("90102", "Command is invalid", detail).with(422))
        }
        (State::AwaitsNetwork | State::AwaitsAnswer | State::AwaitsEnd { .. }, _) => None,
    }
}

/// `park_after_unbridge`, of which `self` is the only value.
pub(super) fn after_unbridge(fields: &mut Fields<'_>) -> AfterUnbridge {
    match fields.choice("park_after_unbridge", &["self"]) {
        Some(_) => AfterUnbridge::Park,
        None => AfterUnbridge::HangUp,
    }
}

/// How often a text or file is repeated: a whole number, or `infinity` as `None`.
pub(in crate::model::endpoints) fn repetitions(fields: &mut Fields<'_>) -> Option<u64> {
    match fields.given("loop") {
        None => Some(1),
        Some(value) if value.as_str() == Some("infinity") => None,
        Some(value) => {
            let count = value.as_u64().or_else(|| value.as_str()?.parse().ok());
            count.or_else(|| fields.bad("loop", "10015", "must be a whole number or infinity.")).or(Some(1))
        }
    }
}
