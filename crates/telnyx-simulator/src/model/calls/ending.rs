//! Why a call ended, in the words of `call.hangup`.

use super::Direction;
use crate::config::{Outcome, SipCauseStyle};

/// An end: cause, who hung up, SIP code (Telnyx webhook reference: "Call Hangup").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) cause: &'static str,
    pub(crate) source: &'static str,
    pub(crate) sip: u16,
}

impl Ending {
    const fn new(cause: &'static str, source: &'static str, sip: u16) -> Self {
        Self { cause, source, sip }
    }

    /// Whoever began the call gave it up before the answer.
    pub(crate) const CANCELLED: Self = Self::new("originator_cancel", "caller", 487);
    /// `timeout_secs` ran out, and every further route as well.
    pub(crate) const TIMEOUT: Self = Self::new("timeout", "unknown", 487);
    /// `timeout_secs` ran out with `retry_on_timeout` off.
    pub(crate) const NO_ANSWER: Self = Self::new("no_answer", "unknown", 487);
    /// `time_limit_secs` ran out.
    pub(crate) const TIME_LIMIT: Self = Self::new("time_limit", "unknown", 200);

    /// The application of an incoming call sent no command in time.
    pub(crate) const UNATTENDED: Self = Self::new("timeout", "callee", 480);

    /// The account hung up an answered call.
    pub(crate) const fn by_account(direction: Direction) -> Self {
        match direction {
            Direction::Outgoing => Self::new("normal_clearing", "caller", 200),
            Direction::Incoming => Self::new("normal_clearing", "callee", 200),
        }
    }

    /// The person or machine at the other end hung up an answered call.
    pub(crate) const fn by_other_end(direction: Direction) -> Self {
        match direction {
            Direction::Outgoing => Self::new("normal_clearing", "callee", 200),
            Direction::Incoming => Self::new("normal_clearing", "caller", 200),
        }
    }

    /// The account rejected an incoming call (Telnyx API reference: "Reject a call").
    pub(crate) fn rejected(cause: &str) -> Self {
        match cause {
            "USER_BUSY" => Self::new("user_busy", "callee", 486),
            "NOT_FOUND" => Self::new("not_found", "callee", 404),
            "TEMPORARILY_UNAVAILABLE" => Self::new("unspecified", "callee", 480),
            _ => Self::new("call_rejected", "callee", 603),
        }
    }

    /// The network or the callee refused the call.
    pub(crate) const fn refusal(outcome: Outcome, sip: u16) -> Self {
        match outcome {
            Outcome::Busy => Self::new("user_busy", "callee", sip),
            // A limit, a missing profile or a forbidden destination: no callee was asked.
            Outcome::Rejected if sip == 403 => Self::new("call_rejected", "unknown", sip),
            Outcome::Rejected => Self::new("call_rejected", "callee", sip),
            Outcome::NotFound => Self::new("not_found", "unknown", sip),
            Outcome::CarrierFailure
            | Outcome::Person
            | Outcome::Machine
            | Outcome::Fax
            | Outcome::Silence
            | Outcome::NoAnswer => Self::new("unspecified", "unknown", sip),
        }
    }

    pub(crate) fn sip_hangup_cause(self, style: SipCauseStyle) -> String {
        match style {
            SipCauseStyle::Sip => self.sip.to_string(),
            SipCauseStyle::Q850 => q850(self.sip).to_string(),
            SipCauseStyle::Unspecified => "unspecified".to_owned(),
        }
    }
}

/// RFC 3398, section 8.2.6.1 and 7.2.4.1: from SIP status to Q.850 cause.
const fn q850(sip: u16) -> u16 {
    match sip {
        200 => 16,
        404 | 604 => 1,
        403 | 603 => 21,
        408 | 504 => 102,
        480 => 18,
        486 | 600 => 17,
        487 => 19,
        484 => 28,
        488 => 88,
        503 => 34,
        502 => 38,
        500 => 41,
        _ => 31,
    }
}
