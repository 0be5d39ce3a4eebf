//! How far a call has come. Does not know what follows from it.

mod wire;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use telnyx_voice::{CallControlId, CallLegId};

pub use wire::Decoded;

use crate::caller::Caller;

/// The longest [`origin`](Position::origin), in bytes: an attempt's key with a UID, a target's id and two counts.
pub const MAX_ORIGIN: usize = 128;

/// The longest [`outcome`](Position::outcome), in bytes.
pub const MAX_OUTCOME: usize = 64;

/// The most steps whose sound goes on in the background at a time; of more, the earliest are forgotten.
pub const MAX_BACKGROUND: usize = 8;

/// Which flow, at which revision. A call keeps the revision that it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// The flow, whatever its revision: a hash of its UID.
    pub flow: u64,
    /// The revision: `metadata.generation` of the object.
    pub revision: u32,
}

impl FlowKey {
    /// The key of a flow by its UID.
    #[must_use]
    pub fn new(uid: &str, revision: u32) -> Self {
        let digest = Sha256::digest(uid.as_bytes());
        let flow = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self { flow, revision }
    }
}

/// Which way a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallDirection {
    /// It came in.
    Inbound,
    /// It was placed.
    Outbound,
}

/// What is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// An outbound call is not answered yet.
    Ringing,
    /// It is answered; the detector has not said by whom.
    Listening,
    /// By a machine, whose greeting has not ended.
    AwaitingGreetingEnd,
    /// The step is under way: its command is being accepted, carried out, or its time runs.
    UnderWay,
    /// The API wants the call to be answered first; the step begins again then.
    AwaitingAnswer,
    /// The step has what it wanted and lasts: bridged, in a queue, in a conference.
    Established,
    /// The call has left the step's conference. A call that is hung up leaves too, so it is asked whether it lives.
    Left,
    /// The step's conference or conversation has ended; whether the call lives is asked likewise.
    TalkOver,
    /// The call is being hung up by us.
    HangingUp,
    /// The call is over.
    Ended,
}

/// How the call stands to its [`conference`](Position::conference).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
    /// It is in it, as far as is known.
    #[default]
    Here,
    /// It is entering another, which is not known yet.
    Before,
    /// It has left it.
    Left,
}

/// Who, or what, answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Amd {
    /// A person.
    Human,
    /// A machine.
    Machine,
    /// A machine whose greeting has ended.
    Beep,
    /// A fax.
    Fax,
    /// Nobody spoke.
    Silence,
    /// The detector could not tell.
    NotSure,
    /// The detector did not say in time.
    Timeout,
}

/// Why a flow ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// The call ended while the flow was under way: by the other side, or at the API.
    #[default]
    HungUp,
    /// The flow came to its end, or to a step that ends the call.
    Completed,
    /// A step had an error, and nothing said where to go on.
    Failed,
    /// The flow's time was over.
    TimeLimit,
    /// The flow went through more steps than [`MAX_VISITS`](crate::MAX_VISITS).
    TooManySteps,
}

macro_rules! coded {
    ($name:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn code(self) -> u8 {
                match self { $(Self::$variant => $code),+ }
            }

            fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

coded!(CallDirection { Inbound = 0, Outbound = 1 });
coded!(Phase {
    Ringing = 0,
    Listening = 1,
    AwaitingGreetingEnd = 2,
    UnderWay = 3,
    AwaitingAnswer = 4,
    Established = 5,
    HangingUp = 6,
    Ended = 7,
    Left = 8,
    TalkOver = 9,
});
coded!(Seat { Here = 0, Before = 1, Left = 2 });
coded!(Amd { Human = 0, Machine = 1, Beep = 2, Fax = 3, Silence = 4, NotSure = 5, Timeout = 6 });
coded!(Ending { HungUp = 0, Completed = 1, Failed = 2, TimeLimit = 3, TooManySteps = 4 });

impl Amd {
    /// The value of `amd` in expressions and templates.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Machine => "machine",
            Self::Beep => "beep",
            Self::Fax => "fax",
            Self::Silence => "silence",
            Self::NotSure => "notSure",
            Self::Timeout => "timeout",
        }
    }
}

/// How far a call has come, with all that the flow remembers. It travels whole in the call's `client_state`.
#[derive(Clone, PartialEq, Eq)]
pub struct Position {
    /// Which flow.
    pub key: FlowKey,
    /// Which way the call goes.
    pub direction: CallDirection,
    /// What is awaited.
    pub phase: Phase,
    /// The step, by its place in the flow; 0 before the first.
    pub step: u8,
    /// Steps entered so far, this one included. It only grows, so it tells old from new.
    pub visit: u16,
    /// How often the machine detection has cut the present step.
    pub cuts: u8,
    /// Whether the call is answered, as far as is known.
    pub answered: bool,
    /// Whether machine detection was asked for, so that a verdict follows the answer.
    pub detection: bool,
    /// Why the flow ends; meaningful from `HangingUp` on.
    pub ending: Ending,
    /// When the flow began, to the second.
    pub started_at: Timestamp,
    /// When the phase began: seconds after `started_at`.
    pub entered_after: u32,
    /// `occurred_at` of the last event that led on, by Telnyx's clock: milliseconds since 1970; 0: none yet.
    pub last_event_ms: u64,
    /// Which attempt to reach the callee this call is, from 1; 0: not known.
    pub attempt: u16,
    /// Who answered, once known.
    pub amd: Option<Amd>,
    /// Keys that the last gather brought.
    pub digits: String,
    /// How often each loop has gone back, in the order of the flow's loops.
    pub loops: Vec<u8>,
    /// The values of the variables, in the order of their names.
    pub variables: Vec<String>,
    /// The second leg, once there is one.
    pub second_leg: Option<CallControlId>,
    /// The conference that the call is in, or was in last, once known: its id.
    pub conference: Option<String>,
    /// How the call stands to that conference.
    pub seat: Seat,
    /// The steps whose sound was begun in the background and has not ended, in their order.
    pub background: Vec<u8>,
    /// What the flow calls the call's outcome; empty: nothing yet.
    pub outcome: String,
    /// Whether it has said that the call reached what it is for, or did not.
    pub success: Option<bool>,
    /// Whether the other party asked not to be called again.
    pub opted_out: bool,
    /// Whatever the caller of [`start`](crate::Flow::start) needs to know the call again, such as its attempt key.
    pub origin: String,
    /// Who called in, where a step may have to say who asked not to be called.
    pub caller: Option<Caller>,
}

/// Digits and variables are the callee's: their lengths are shown.
impl std::fmt::Debug for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Position")
            .field("revision", &self.key.revision)
            .field("phase", &self.phase)
            .field("step", &self.step)
            .field("visit", &self.visit)
            .field("answered", &self.answered)
            .field("amd", &self.amd)
            .field("digits", &self.digits.len())
            .field("variables", &self.variables.iter().map(String::len).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Position {
    /// When the present phase began.
    #[must_use]
    pub fn entered_at(&self) -> Timestamp {
        crate::time::after(self.started_at, u64::from(self.entered_after))
    }
}

/// A leg that a flow called: its events belong to the leg that runs the flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondLeg {
    /// Which flow.
    pub key: FlowKey,
    /// The leg that runs the flow.
    pub parent: CallLegId,
    /// How to command it.
    pub parent_control: CallControlId,
    /// The visit of the step that called.
    pub visit: u16,
}
