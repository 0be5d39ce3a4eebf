//! What is tried again, when and how often.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is tried again, when and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// Attempts per target, over all outcomes together; 1 to 20.
    #[serde(default = "default_max_attempts_per_target")]
    #[schemars(range(min = 1, max = 20))]
    pub max_attempts_per_target: u32,
    /// Least seconds between two attempts that may both have rung, 1 to 2592000 (30 days).
    #[serde(default = "default_min_gap_secs")]
    #[schemars(range(min = 1, max = 2_592_000))]
    pub min_gap_secs: u32,
    /// Seconds to wait after the first, second, … attempt, each 0 to 2592000; the last one repeats; at most 20. Empty:
    /// each outcome's own wait, such as 20 minutes after `Busy`, at most twice, and 2 hours after `NoAnswer`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(range(min = 0, max = 2_592_000)))]
    pub backoff_secs: Vec<u32>,
    /// Moves an attempt by two hours where it would fall, days later, on the hour of one that nobody answered.
    #[serde(default)]
    pub vary_time_of_day: bool,
    /// Retries per target after failures of a carrier, 0 to 100. They ring no phone and use no attempt.
    #[serde(default = "default_infra_retries")]
    #[schemars(range(min = 0, max = 100))]
    pub infra_retries: u32,
    /// Exceptions, at most 20; the first rule that fits applies. An opt-out stays one whatever a rule says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub rules: Vec<RetryRule>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts_per_target: default_max_attempts_per_target(),
            min_gap_secs: default_min_gap_secs(),
            backoff_secs: Vec::new(),
            vary_time_of_day: false,
            infra_retries: default_infra_retries(),
            rules: Vec::new(),
        }
    }
}

/// The most that Florida and Oklahoma allow in 24 hours on one subject (Fla. Stat. 501.616(6)(b)).
fn default_max_attempts_per_target() -> u32 {
    3
}

fn default_min_gap_secs() -> u32 {
    3600
}

fn default_infra_retries() -> u32 {
    5
}

/// An exception: what is done about attempts that fit every list that is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.afterSecs) || self.action in ['Retry', 'Ignore']",
    "message": "afterSecs is only for actions Retry and Ignore",
}, {
    "rule": "!has(self.atMost) || self.action == 'Retry'",
    "message": "atMost is only for action Retry",
}, {
    "rule": "has(self.outcomes) || has(self.sipCodes) || has(self.heard) || has(self.details)",
    "message": "set at least one of outcomes, sipCodes, heard and details: a rule says what it is about",
}]))]
pub struct RetryRule {
    /// Outcomes that the rule is for, 1 to 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 20))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub outcomes: Vec<RetryOutcome>,
    /// SIP status codes with which the call ended, 1 to 20, each 100 to 699.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 20), inner(range(min = 100, max = 699)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub sip_codes: Vec<u16>,
    /// Who answered, as answering machine detection heard it, 1 to 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 5))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub heard: Vec<Heard>,
    /// What an `outcome` step of the call flow called the outcome, 1 to 20, each 1 to 64 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 64)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub details: Vec<String>,
    /// `Retry`: try again while attempts are left. `FailTarget`: do not call the target again. `Ignore`: try again, and do not
    /// count the attempt; at most 10 of a target. `FailCampaign`: the campaign has failed, who waits ends as `Skipped`.
    /// `PauseCampaign`: nothing more is dialled until the campaign is changed. `AddToDnc`: no campaign of the account calls
    /// the number again, as long as the `DialJob` that says so exists.
    pub action: RetryAction,
    /// Seconds to wait before the retry, 0 to 2592000; `minGapSecs` still applies. Unset: as `backoffSecs` says. Only
    /// for `Retry` and `Ignore`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_592_000))]
    pub after_secs: Option<u32>,
    /// Retries of a target after this outcome, 1 to 20. Unset: as many as `maxAttemptsPerTarget` allows. Only for `Retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub at_most: Option<u8>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RetryAction {
    /// Try again while attempts are left.
    Retry,
    /// Do not call the target again.
    FailTarget,
    /// Try again, and do not count the attempt.
    Ignore,
    /// The campaign has failed.
    FailCampaign,
    /// The campaign waits until it is changed.
    PauseCampaign,
    /// Nobody calls the number again.
    AddToDnc,
}

/// Who answered, as answering machine detection heard it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Heard {
    /// A person.
    Human,
    /// An answering machine.
    Machine,
    /// A fax.
    Fax,
    /// Nobody spoke.
    Silence,
    /// It could not tell.
    NotSure,
}

/// Outcomes of an attempt that a rule may be about. Not here are those about which a rule could change nothing, or nothing good: the
/// target was reached, has opted out, or may not be called at all; there was no capacity, or the campaign is set up wrong; the
/// operator has hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RetryOutcome {
    /// A person answered and hung up before the end of the announcement, or the call flow says that it missed its purpose.
    HumanHangup,
    /// The announcement was left on a machine.
    VoicemailLeft,
    /// A machine answered and no message was left.
    Machine,
    /// A fax answered.
    Fax,
    /// Nobody spoke.
    Silence,
    /// Nobody answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// The callee declined.
    Rejected,
    /// A carrier blocked the caller id.
    BlockedByAnalytics,
    /// The number does not exist.
    InvalidNumber,
    /// The call lasted as long as it may.
    TimeLimit,
    /// The announcement could not be played, or the call flow ended in an error.
    FlowError,
    /// A carrier failed. `infraRetries` bounds the retries instead of `maxAttemptsPerTarget`; unless `afterSecs` says so, the
    /// outcome's own wait holds.
    CarrierFailure,
    /// It could not be found out whether the phone rang. Only with `onAmbiguous: CountAsAttempt`.
    Ambiguous,
    /// A person answered and no agent took the call. Of campaigns with `pacing.mode: Adaptive`.
    Abandoned,
}
