//! What happens on a call leg, in Telnyx's words.
//!
//! Promises a closed vocabulary: whoever reads webhooks maps what it does not know to the variant named for that.
//! Does not know JSON.

use jiff::Timestamp;

use crate::client_state::ClientState;
use crate::ids::Leg;

/// One event of a leg, from a webhook or from the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEvent {
    /// The leg it happened on.
    pub leg: Leg,
    /// When it happened, by Telnyx's clock.
    pub occurred_at: Timestamp,
    /// The event's `client_state`: whose leg it is.
    pub state: ClientState,
    /// What happened.
    pub what: What,
}

/// What happened on a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// `call.initiated`
    Initiated,
    /// `call.answered`
    Answered,
    /// `call.machine.detection.ended`, `call.machine.premium.detection.ended`
    Detected(Verdict),
    /// `call.machine.greeting.ended`, `call.machine.premium.greeting.ended`: the machine has finished its greeting, or
    /// the detector has given up waiting for that.
    GreetingEnded,
    /// `call.speak.ended`, `call.playback.ended`
    AudioEnded(AudioEnd),
    /// `call.bridged`, `conference.participant.joined`: the callee talks to somebody.
    Connected,
    /// `call.hangup`
    HungUp(Hangup),
    /// Any other event of the leg. It proves that the leg exists.
    Other,
}

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// `human`, `human_residence`, `human_business`
    Human,
    /// `machine`
    Machine,
    /// `fax_detected`
    Fax,
    /// `silence`
    Silence,
    /// `not_sure`, and every result not known here.
    NotSure,
}

/// How speech or playback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioEnd {
    /// `completed`
    Completed,
    /// `call_hangup`: the call ended first.
    CallHangup,
    /// `cancelled_amd`: the detector cut it; it has to start again.
    CancelledAmd,
    /// `failed`, `file_not_found`, `cancelled`, `unknown`, and every status not known here.
    Failed,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hangup {
    /// `hangup_cause`
    pub cause: HangupCause,
    /// `sip_hangup_cause` when it is a number of 100 and more. Telnyx writes a SIP code as text; smaller numbers are
    /// Q.850 causes and words mean nothing, both are `None`.
    pub sip: Option<u16>,
}

/// `hangup_cause` of `call.hangup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HangupCause {
    /// `call_rejected`
    CallRejected,
    /// `normal_clearing`
    NormalClearing,
    /// `originator_cancel`: we hung up before an answer.
    OriginatorCancel,
    /// `timeout`: nobody answered in time.
    Timeout,
    /// `time_limit`: the call lasted as long as it may.
    TimeLimit,
    /// `user_busy`
    UserBusy,
    /// `not_found`
    NotFound,
    /// `no_answer`: as `timeout`, where no second route was tried.
    NoAnswer,
    /// `unspecified`
    Unspecified,
    /// Any cause not known here. Never read as success.
    Unknown,
}

impl HangupCause {
    const ALL: [Self; 10] = [
        Self::CallRejected,
        Self::NormalClearing,
        Self::OriginatorCancel,
        Self::Timeout,
        Self::TimeLimit,
        Self::UserBusy,
        Self::NotFound,
        Self::NoAnswer,
        Self::Unspecified,
        Self::Unknown,
    ];

    /// As Telnyx writes it; `unknown` for those not known here.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallRejected => "call_rejected",
            Self::NormalClearing => "normal_clearing",
            Self::OriginatorCancel => "originator_cancel",
            Self::Timeout => "timeout",
            Self::TimeLimit => "time_limit",
            Self::UserBusy => "user_busy",
            Self::NotFound => "not_found",
            Self::NoAnswer => "no_answer",
            Self::Unspecified => "unspecified",
            Self::Unknown => "unknown",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote; anything else is [`Unknown`](Self::Unknown).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|cause| cause.as_str() == text).unwrap_or(Self::Unknown)
    }
}

/// An error answer of the API, before anything rang or was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Telnyx's error code, `"90103"`. Means something only together with the status.
    pub code: Option<Box<str>>,
    /// JSON pointer to the field complained about, `"/to"`.
    pub pointer: Option<Box<str>>,
    /// Seconds to wait as the answer says (`x-ratelimit-reset`).
    pub retry_after: Option<std::time::Duration>,
}
