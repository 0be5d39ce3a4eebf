//! What comes out of the interpreter.
//!
//! Promises that nothing else does. Does not know who performs it.

use jiff::Timestamp;
use serde_json::Value;
use telnyx_voice::conference::ConferenceRequest;
use telnyx_voice::surface::{self, Operation};
use telnyx_voice::webhook::payload::HangupCause;
use telnyx_voice::{CallControlId, CallLegId, CommandId, ConnectionId, DialRequest, EventId};

pub use crate::spec::action::{CallCommand, ConferenceCommand, Visitor};

use crate::position::{Ending, Phase, Position};

/// The leg that runs a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// How to command it.
    pub call_control_id: CallControlId,
    /// Its name in events.
    pub call_leg_id: CallLegId,
    /// Its application, where known.
    pub connection_id: Option<ConnectionId>,
}

/// All that is known of a call. The position travels with the call; the rest is in each of its events.
#[derive(Debug, Clone, PartialEq)]
pub struct CallState {
    /// The leg.
    pub leg: Leg,
    /// How far it has come.
    pub position: Position,
    /// The last event that led on, to know it again.
    pub last_event: Option<EventId>,
    /// Whether the API was asked how the call stands, because no webhook says it.
    pub asked: Asked,
}

impl CallState {
    /// A call at this position, of which nothing was heard yet.
    #[must_use]
    pub fn new(leg: Leg, position: Position) -> Self {
        Self { leg, position, last_event: None, asked: Asked::No }
    }
}

/// Whether the API was asked how the call stands, since the present phase began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asked {
    /// It was not.
    #[default]
    No,
    /// It was, and its answer is waited for until then.
    Until(Timestamp),
    /// It gave no reason to stop waiting, and is asked again then.
    Again(Timestamp),
}

/// What follows from an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// The call from now on.
    pub state: CallState,
    /// To be performed in this order. The input counts as dealt with once all commands are accepted.
    pub effects: Vec<Effect>,
    /// What the input was.
    pub seen: Seen,
    /// The steps that were entered, by their place in the flow, in order.
    pub entered: Vec<u8>,
    /// The steps that ended in an error, by their place in the flow.
    pub failed: Vec<u8>,
}

/// What an input turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// It led on, or was noted.
    Handled,
    /// It is about this call and changes nothing.
    Ignored,
    /// It has been handled before.
    Duplicate,
    /// It is about a step that is over, or older than what has been handled.
    Stale,
    /// It belongs to another call, flow or revision.
    Foreign,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a command; its answer goes to [`on_command_result`](crate::Flow::on_command_result).
    Command(Command),
    /// Call [`on_timer`](crate::Flow::on_timer) then. Replaces every earlier timer of the call.
    ArmTimer(Timer),
    /// Ask the API how the call stands; its answer goes to [`on_look_up`](crate::Flow::on_look_up).
    LookUp(LookUp),
    /// Ask the user's program; its answer goes to [`on_webhook_response`](crate::Flow::on_webhook_response).
    CallWebhook(WebhookCall),
    /// The call counts as this from now on.
    SetOutcome(String),
    /// The callee is not to be called again.
    OptOut,
    /// The flow is over; nothing more will come of this call. Stop its timer.
    Ended(Ended),
}

/// How a flow ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub ending: Ending,
    /// What the API says why the leg ended, where its webhook came.
    pub hangup_cause: Option<HangupCause>,
}

/// A command to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The command's id, also where its request has no field for one: the result is reported under it.
    pub id: CommandId,
    /// What to send.
    pub request: Request,
}

/// A request, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// To `/calls/{call_control_id}/actions/…`.
    Call(CallControlId, Box<CallCommand>),
    /// To `/calls`: a second leg.
    Dial(Box<DialRequest>),
    /// To `/conferences/{name or id}/actions/…`.
    Conference(String, Box<ConferenceCommand>),
    /// To `/conferences`.
    CreateConference(Box<ConferenceRequest>),
}

impl Request {
    /// The endpoint, by its name in the official SDKs.
    #[must_use]
    pub fn endpoint(&self) -> &'static str {
        match self {
            Self::Call(_, command) => command.endpoint(),
            Self::Dial(_) => "calls.dial",
            Self::Conference(_, command) => command.endpoint(),
            Self::CreateConference(_) => "conferences.create",
        }
    }

    /// Its endpoint.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        struct Look;

        impl Visitor<'_> for Look {
            type Output = &'static Operation;

            fn call<C: telnyx_voice::CallCommand>(self, _: &C) -> Self::Output {
                C::OPERATION
            }

            fn conference<C: telnyx_voice::ConferenceCommand>(self, _: &C) -> Self::Output {
                C::OPERATION
            }
        }

        match self {
            Self::Call(_, command) => command.show(Look),
            Self::Conference(_, command) => command.show(Look),
            Self::Dial(_) => &surface::DIAL,
            Self::CreateConference(_) => &surface::CREATE_CONFERENCE,
        }
    }

    /// Its body, as it is sent.
    pub fn body(&self) -> Result<Value, serde_json::Error> {
        struct Write;

        impl Visitor<'_> for Write {
            type Output = Result<Value, serde_json::Error>;

            fn call<C: telnyx_voice::CallCommand>(self, request: &C) -> Self::Output {
                serde_json::to_value(request)
            }

            fn conference<C: telnyx_voice::ConferenceCommand>(self, request: &C) -> Self::Output {
                serde_json::to_value(request)
            }
        }

        match self {
            Self::Call(_, command) => command.show(Write),
            Self::Conference(_, command) => command.show(Write),
            Self::Dial(dial) => serde_json::to_value(dial),
            Self::CreateConference(create) => serde_json::to_value(create),
        }
    }
}

/// When to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// What it is for; handed back to [`on_timer`](crate::Flow::on_timer).
    pub key: TimerKey,
    /// When.
    pub at: Timestamp,
}

/// What a timer is for. One of an earlier visit or phase is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerKey {
    /// The visit.
    pub visit: u16,
    /// What is awaited.
    pub phase: Phase,
}

/// A question about the call, to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// What it is for; handed back to [`on_look_up`](crate::Flow::on_look_up).
    pub key: TimerKey,
    /// Who may be talked to.
    pub other: OtherLeg,
}

/// The other leg of a talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherLeg {
    /// There is none, or it is not known.
    Nobody,
    /// This one.
    Known(CallControlId),
    /// The one that the present step has called: it carries a [`SecondLeg`](crate::SecondLeg) of this visit.
    Called,
}

/// How the call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The API did not say.
    Unknown,
    /// There is no such call any more.
    Gone,
    /// The call lives.
    Alive {
        /// It was answered.
        answered: bool,
        /// It was bridged in the present visit, and the other leg lives as far as it is known.
        together: bool,
    },
}

/// A question to the user's program: a POST of JSON.
#[derive(Clone, PartialEq)]
pub struct WebhookCall {
    /// The same for every repetition; goes into the header `idempotency-key`, and back to
    /// [`on_webhook_response`](crate::Flow::on_webhook_response).
    pub id: CommandId,
    /// Where to. Its host is one of [`webhook_hosts`](crate::Flow::webhook_hosts): check it against what is allowed.
    pub url: String,
    /// What to send; `null` without a body.
    pub body: Value,
    /// How long to wait.
    pub timeout_secs: u32,
}

/// URL and body are made of what the callee keyed in.
impl std::fmt::Debug for WebhookCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookCall").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What became of a command. One that is throttled (429) or met a failure of the API (5xx) is the client's to repeat, under its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandOutcome {
    /// Accepted (2xx), with what the answer says was made.
    Accepted(Made),
    /// Refused: nothing was done.
    Refused(Refusal),
    /// No answer in all tries under the same id: it may have been done.
    FateUnknown,
}

/// What an accepted command made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// The leg of a dial.
    pub leg: Option<CallControlId>,
    /// The conference's id.
    pub conference: Option<String>,
}

/// Why a command was refused. The same code means different things at different statuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The codes of the errors, as the API spells them.
    pub codes: Vec<String>,
}

impl Refusal {
    /// Whether any error has this code.
    #[must_use]
    pub fn has(&self, code: &str) -> bool {
        self.codes.iter().any(|seen| seen == code)
    }
}

/// The answer of the user's program.
#[derive(Debug, Clone, PartialEq)]
pub enum WebhookResponse {
    /// 2xx, with its body; `null` where it was not JSON.
    Ok(Value),
    /// Anything else: another status, no answer, or a host that is not allowed.
    Failed,
}
