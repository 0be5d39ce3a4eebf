//! What goes wrong, where, how often.

use serde::{Deserialize, Serialize};

use super::{ConfigError, Outcome, Spread, share};

/// One way in which the API misbehaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Where it may strike.
    #[serde(default)]
    pub scope: Scope,
    /// Chance that it strikes where it may, 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// How often it strikes before it is spent; unset never ends.
    #[serde(default)]
    pub times: Option<u64>,
    /// What happens.
    pub effect: Effect,
}

const fn always() -> f64 {
    1.0
}

impl Fault {
    /// A fault that always strikes everywhere its effect makes sense.
    #[must_use]
    pub fn new(effect: Effect) -> Self {
        Self { scope: Scope::default(), probability: 1.0, times: None, effect }
    }

    /// Strikes the next `times` times only.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes with this chance.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Strikes this endpoint only, written as in [`Scope::route`].
    #[must_use]
    pub fn route(mut self, route: &str) -> Self {
        self.scope.route = Some(route.to_owned());
        self
    }

    /// Strikes this webhook event only.
    #[must_use]
    pub fn event(mut self, event: &str) -> Self {
        self.scope.event = Some(event.to_owned());
        self
    }

    /// Strikes this called number only.
    #[must_use]
    pub fn number(mut self, number: &str) -> Self {
        self.scope.number = Some(number.to_owned());
        self
    }

    /// Refuses a probability that is none.
    pub fn check(&self, at: &str) -> Result<(), ConfigError> {
        share(format!("{at}.probability"), self.probability)
    }
}

/// Where a fault may strike. Unset fields do not narrow it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scope {
    /// Method and path as the API documents them, for example `POST /calls/{call_control_id}/actions/speak`. A trailing `*` stands for any rest.
    pub route: Option<String>,
    /// Event type of a webhook, for example `call.hangup`. A trailing `*` stands for any rest.
    pub event: Option<String>,
    /// The called number.
    pub number: Option<String>,
    /// The end of the called number.
    pub suffix: Option<String>,
}

/// What happens when a fault strikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// The request is carried out, then the connection closes without an answer.
    DropResponse,
    /// The connection closes before the request is carried out.
    DropRequest,
    /// The request is carried out this much later (real time), whether or not the client still waits. Another fault may strike it then.
    DelayRequest {
        /// Milliseconds.
        ms: Spread,
    },
    /// The request is carried out, its answer comes this much later (real time).
    DelayResponse {
        /// Milliseconds.
        ms: Spread,
    },
    /// The request is not carried out and refused like this.
    Refuse {
        /// HTTP status.
        status: u16,
        /// Code in the API's error body.
        code: String,
        /// The field of the body that is blamed, as a JSON pointer; none unless given.
        #[serde(default)]
        pointer: Option<String>,
    },
    /// The request is carried out but answered like this.
    CarryOutThenRefuse {
        /// HTTP status.
        status: u16,
        /// Code in the API's error body.
        code: String,
    },
    /// The request is carried out and answered with an empty `data` object.
    EmptyData,
    /// The request is carried out and answered with text that is not JSON.
    GarbledBody,
    /// The webhook is never sent.
    DropWebhook,
    /// The webhook is sent this many times in all.
    DuplicateWebhook {
        /// Copies in all, at least 2 to be noticed.
        copies: u32,
    },
    /// The webhook is sent this much later (simulated time).
    DelayWebhook {
        /// Milliseconds.
        ms: Spread,
    },
    /// The webhook is held back until the same call's next one has left, or until the time is over.
    ReorderWebhook {
        /// Milliseconds of simulated time.
        within_ms: u64,
    },
    /// The webhook's signature does not fit its body.
    ForgeWebhook,
    /// The webhook's own value of `hangup_cause`, `result` or `status` is replaced by one that no document knows.
    UnknownEnum,
    /// One more webhook follows, of an event type that no document knows.
    UnknownEvent,
    /// The dialled call ends like this.
    Outcome {
        /// What becomes of it.
        outcome: Outcome,
        /// The SIP code, when the call is not answered.
        #[serde(default)]
        sip_code: Option<u16>,
    },
    /// The callee hangs up right after this event.
    HangUp,
    /// What the event in the scope would tell of fails; its failed or error event is told instead. For `streaming.started`,
    /// `siprec.started`, `call.recording.saved`, `call.refer.completed`, `call.deepfake_detection.result`,
    /// `call.conversation.created` and `call.payment.completed`.
    Fail,
}
