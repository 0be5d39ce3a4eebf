//! How an attempt ended, out of what Telnyx said.
//!
//! Promises one outcome for every evidence: what is not known is a carrier failure, never a success. Does not know what
//! a campaign does about an outcome, only the usual wait.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::{Hangup, HangupCause, Refusal};
use crate::client_state::{Ending, Party, Position};

/// How an attempt, or a target, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// A person heard the announcement to its end.
    Completed,
    /// A person hung up before the end.
    HumanHangup,
    /// The person must not be called again (SIP 607).
    OptedOut,
    /// A machine took the whole message.
    VoicemailLeft,
    /// A machine answered; no message, or not the whole of it.
    Machine,
    /// A fax answered.
    Fax,
    /// Nobody spoke.
    Silence,
    /// It rang and nobody answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// The call was declined.
    Rejected,
    /// An analytics engine blocked the caller id (SIP 608).
    BlockedByAnalytics,
    /// No such number.
    InvalidNumber,
    /// The call lasted as long as it may.
    TimeLimit,
    /// We hung up because the campaign was suspended or removed. It may have rung, so it uses an attempt: no phone rings
    /// twice under one attempt.
    CanceledBySystem,
    /// No capacity: rate, channels.
    CapacityLimited,
    /// The carrier failed, or said something not known here.
    CarrierFailure,
    /// The account may not call there.
    DestinationBlocked,
    /// The campaign or the account is set up wrong.
    ConfigError,
    /// Never allowed to be called.
    ComplianceBlocked,
    /// Its time passed before it could be reached.
    Expired,
    /// Whether a phone rang cannot be found out.
    Ambiguous,
    /// The announcement could not be played.
    FlowError,
}

/// What usually happens after an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsualRetry {
    /// Nothing: the target is finished.
    Never,
    /// Another attempt after this long, while the cap allows.
    After(Duration),
    /// As `After`, but not twice in a row.
    OnceAfter(Duration),
    /// As soon as there is capacity again; no cap.
    WhenPossible(Duration),
    /// After this long, within the budget for carrier failures.
    Infra(Duration),
}

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

impl Outcome {
    /// Every outcome, in the order of the enum.
    pub const ALL: [Self; 22] = [
        Self::Completed,
        Self::HumanHangup,
        Self::OptedOut,
        Self::VoicemailLeft,
        Self::Machine,
        Self::Fax,
        Self::Silence,
        Self::NoAnswer,
        Self::Busy,
        Self::Rejected,
        Self::BlockedByAnalytics,
        Self::InvalidNumber,
        Self::TimeLimit,
        Self::CanceledBySystem,
        Self::CapacityLimited,
        Self::CarrierFailure,
        Self::DestinationBlocked,
        Self::ConfigError,
        Self::ComplianceBlocked,
        Self::Expired,
        Self::Ambiguous,
        Self::FlowError,
    ];

    /// Whether it uses an attempt of the target's shared cap.
    #[must_use]
    pub fn uses_attempt(self) -> bool {
        match self {
            Self::Completed
            | Self::HumanHangup
            | Self::OptedOut
            | Self::VoicemailLeft
            | Self::Machine
            | Self::Fax
            | Self::Silence
            | Self::NoAnswer
            | Self::Busy
            | Self::Rejected
            | Self::InvalidNumber
            | Self::TimeLimit
            | Self::CanceledBySystem
            | Self::Ambiguous
            | Self::FlowError => true,
            Self::BlockedByAnalytics
            | Self::CapacityLimited
            | Self::CarrierFailure
            | Self::DestinationBlocked
            | Self::ConfigError
            | Self::ComplianceBlocked
            | Self::Expired => false,
        }
    }

    /// Whether a phone has, or may have, rung: the least gap between attempts applies.
    #[must_use]
    pub fn may_have_rung(self) -> bool {
        match self {
            Self::Completed
            | Self::HumanHangup
            | Self::OptedOut
            | Self::VoicemailLeft
            | Self::Machine
            | Self::Fax
            | Self::Silence
            | Self::NoAnswer
            | Self::Rejected
            | Self::TimeLimit
            | Self::CanceledBySystem
            | Self::Ambiguous
            | Self::FlowError => true,
            Self::Busy
            | Self::BlockedByAnalytics
            | Self::InvalidNumber
            | Self::CapacityLimited
            | Self::CarrierFailure
            | Self::DestinationBlocked
            | Self::ConfigError
            | Self::ComplianceBlocked
            | Self::Expired => false,
        }
    }

    /// What usually happens next, where no rule of the campaign says otherwise.
    #[must_use]
    pub fn usual_retry(self) -> UsualRetry {
        match self {
            Self::Completed
            | Self::HumanHangup
            | Self::OptedOut
            | Self::VoicemailLeft
            | Self::Fax
            | Self::InvalidNumber
            | Self::TimeLimit
            | Self::BlockedByAnalytics
            | Self::DestinationBlocked
            | Self::ComplianceBlocked
            | Self::Expired => UsualRetry::Never,
            Self::Machine => UsualRetry::After(4 * HOUR),
            Self::NoAnswer => UsualRetry::After(2 * HOUR),
            Self::Busy => UsualRetry::After(20 * MINUTE),
            Self::Ambiguous => UsualRetry::After(HOUR),
            Self::Silence | Self::Rejected => UsualRetry::OnceAfter(24 * HOUR),
            Self::FlowError => UsualRetry::OnceAfter(HOUR),
            Self::CanceledBySystem => UsualRetry::After(Duration::ZERO),
            Self::ConfigError => UsualRetry::WhenPossible(Duration::ZERO),
            Self::CapacityLimited => UsualRetry::WhenPossible(Duration::from_secs(5)),
            Self::CarrierFailure => UsualRetry::Infra(5 * MINUTE),
        }
    }

    /// What a refused dial means.
    ///
    /// Codes mean something only together with the status (Telnyx: error codes): 10011 is the request rate as a 429 and
    /// a media setting as a 422.
    #[must_use]
    pub fn of_refusal(refusal: &Refusal) -> Self {
        let pointer = refusal.pointer.as_deref().unwrap_or_default();
        match (refusal.status, refusal.code.as_deref().unwrap_or_default()) {
            (429, _) | (_, "90103" | "90041" | "90042" | "90043" | "D1" | "D2" | "D3" | "D22") => Self::CapacityLimited,
            (_, "10002" | "10016") if pointer.starts_with("/to") => Self::InvalidNumber,
            (_, "D9" | "D12" | "D13" | "D24" | "D41" | "TM1") => Self::DestinationBlocked,
            (400..=499, _) => Self::ConfigError,
            _ => Self::CarrierFailure,
        }
    }

    /// What the end of a call means, given how far its announcement had come.
    #[must_use]
    pub fn of_hangup(hangup: Hangup, position: Position) -> Self {
        if let Position::HangingUp { ending: Ending::Canceled, .. } = position {
            return Self::CanceledBySystem;
        }
        if position.is_answered() { Self::of_answered(hangup, position) } else { Self::of_unanswered(hangup) }
    }

    fn of_answered(hangup: Hangup, position: Position) -> Self {
        if hangup.cause == HangupCause::TimeLimit {
            return Self::TimeLimit;
        }
        match position {
            Position::HangingUp { ending: Ending::Failed, .. } => Self::FlowError,
            Position::HangingUp { ending: Ending::Delivered, with: Party::Machine } => Self::VoicemailLeft,
            Position::HangingUp { ending: Ending::Delivered, .. } => Self::Completed,
            Position::AwaitingBeep
            | Position::Announcing { to: Party::Machine, .. }
            | Position::HangingUp { with: Party::Machine, .. } => Self::Machine,
            Position::Announcing { to: Party::Fax, .. } | Position::HangingUp { with: Party::Fax, .. } => Self::Fax,
            Position::Announcing { to: Party::Silence, .. } | Position::HangingUp { with: Party::Silence, .. } => {
                Self::Silence
            }
            Position::Ringing
            | Position::Listening
            | Position::Announcing { to: Party::Unscreened | Party::NotSure | Party::Human, .. }
            | Position::HangingUp { with: Party::Unscreened | Party::NotSure | Party::Human, .. } => Self::HumanHangup,
        }
    }

    fn of_unanswered(hangup: Hangup) -> Self {
        match (hangup.cause, hangup.sip) {
            (_, Some(607)) => Self::OptedOut,
            (_, Some(608)) => Self::BlockedByAnalytics,
            (HangupCause::Timeout | HangupCause::NoAnswer, _) => Self::NoAnswer,
            (HangupCause::UserBusy, _) => Self::Busy,
            (HangupCause::CallRejected, _) => Self::Rejected,
            (HangupCause::NotFound, _) => Self::InvalidNumber,
            (HangupCause::TimeLimit, _) => Self::TimeLimit,
            (HangupCause::OriginatorCancel, _) => Self::CanceledBySystem,
            // Only an answered call clears normally: the answer's webhook was lost, or is late.
            (HangupCause::NormalClearing, None | Some(200..=299)) => Self::HumanHangup,
            (HangupCause::NormalClearing | HangupCause::Unspecified | HangupCause::Unknown, sip) => Self::of_sip(sip),
        }
    }

    fn of_sip(sip: Option<u16>) -> Self {
        match sip {
            Some(408 | 480 | 487) => Self::NoAnswer,
            Some(486 | 600) => Self::Busy,
            Some(603) => Self::Rejected,
            Some(404 | 410 | 484 | 604) => Self::InvalidNumber,
            _ => Self::CarrierFailure,
        }
    }
}
