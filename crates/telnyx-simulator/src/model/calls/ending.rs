//! Why a call ended, in the words of `call.hangup`.

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

    /// The callee hung up an answered call.
    pub(crate) const CALLEE: Self = Self::new("normal_clearing", "callee", 200);
    /// A command hung up an answered call.
    pub(crate) const CALLER: Self = Self::new("normal_clearing", "caller", 200);
    /// A command hung up before the answer.
    pub(crate) const CANCELLED: Self = Self::new("originator_cancel", "caller", 487);
    /// `timeout_secs` ran out, and every further route as well.
    pub(crate) const TIMEOUT: Self = Self::new("timeout", "unknown", 487);
    /// `timeout_secs` ran out with `retry_on_timeout` off.
    pub(crate) const NO_ANSWER: Self = Self::new("no_answer", "unknown", 487);
    /// `time_limit_secs` ran out.
    pub(crate) const TIME_LIMIT: Self = Self::new("time_limit", "unknown", 200);

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
