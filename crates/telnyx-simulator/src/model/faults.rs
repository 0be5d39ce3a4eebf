//! Decides when a fault strikes.
//!
//! Promises that the first fault in the list that fits and whose chance comes up is the one that strikes, and that a
//! spent fault never strikes again. Does not know how the damage is done.

use std::time::Duration;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::config::{Effect, Fault, Outcome};

/// The faults in force.
pub(crate) struct Faults {
    rng: ChaCha8Rng,
    armed: Vec<Armed>,
    next_id: u64,
}

struct Armed {
    id: u64,
    fault: Fault,
    struck: u64,
}

/// A fault as the admin API shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultView {
    /// For taking it back.
    pub id: u64,
    /// How often it has struck.
    pub struck: u64,
    /// The fault as it was set.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What a fault does to one request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Strike {
    DropResponse,
    DropRequest,
    Delay(Duration),
    Refuse { status: u16, code: String, pointer: Option<String> },
    CarryOutThenRefuse { status: u16, code: String },
    EmptyData,
    GarbledBody,
}

/// What faults do to one webhook; several may come together.
#[allow(clippy::struct_excessive_bools, reason = "independent faults, any of which may strike with any other")]
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WebhookStrikes {
    pub(crate) dropped: bool,
    pub(crate) copies: u32,
    pub(crate) delay: Option<Duration>,
    pub(crate) hold: Option<Duration>,
    pub(crate) forged: bool,
    pub(crate) unknown_enum: bool,
    pub(crate) unknown_event: bool,
    pub(crate) hang_up: bool,
}

impl Faults {
    pub(crate) fn new(seed: u64, faults: &[Fault]) -> Self {
        let mut all = Self { rng: super::stream(seed, 2), armed: Vec::new(), next_id: 0 };
        for fault in faults {
            all.arm(fault.clone());
        }
        all
    }

    pub(crate) fn arm(&mut self, fault: Fault) -> u64 {
        self.next_id += 1;
        self.armed.push(Armed { id: self.next_id, fault, struck: 0 });
        self.next_id
    }

    pub(crate) fn disarm(&mut self, id: u64) -> bool {
        let before = self.armed.len();
        self.armed.retain(|armed| armed.id != id);
        self.armed.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    pub(crate) fn view(&self) -> Vec<FaultView> {
        self.armed
            .iter()
            .map(|armed| FaultView { id: armed.id, struck: armed.struck, fault: armed.fault.clone() })
            .collect()
    }

    /// How long a request on this endpoint, about this called number, is held before anything else happens to it.
    pub(crate) fn held(&mut self, route: &str, number: Option<&str>) -> Option<Duration> {
        self.first(
            route,
            "",
            number,
            |effect, rng| {
                if let Effect::DelayRequest { ms } = effect { Some(ms.draw(rng)) } else { None }
            },
        )
    }

    /// What happens to a request on this endpoint, about this called number.
    pub(crate) fn request(&mut self, route: &str, number: Option<&str>) -> Option<Strike> {
        self.first(route, "", number, request_strike)
    }

    /// What happens to a call to this number, when it is not left to chance.
    pub(crate) fn outcome(&mut self, number: &str) -> Option<(Outcome, Option<u16>)> {
        self.first("POST /calls", "", Some(number), |effect, _| {
            if let Effect::Outcome { outcome, sip_code } = effect { Some((*outcome, *sip_code)) } else { None }
        })
    }

    /// Whether what this event would tell of fails, about a call to this number.
    pub(crate) fn fails(&mut self, event: &str, number: &str) -> bool {
        let scoped = |armed: &Armed| matches!(armed.fault.effect, Effect::Fail) && armed.fault.scope.event.is_some();
        let mut candidates = self.armed.iter_mut().filter(|armed| scoped(armed) && armed.fits("", event, Some(number)));
        candidates.any(|armed| armed.strikes(&mut self.rng))
    }

    /// What happens to a webhook of this type, about a call to this number.
    pub(crate) fn webhook(&mut self, event: &str, number: &str) -> WebhookStrikes {
        let mut strikes = WebhookStrikes { copies: 1, ..WebhookStrikes::default() };
        if self.armed.is_empty() {
            return strikes;
        }
        for armed in &mut self.armed {
            if !armed.fits("", event, Some(number)) || !is_about_webhooks(&armed.fault.effect) {
                continue;
            }
            if armed.strikes(&mut self.rng) {
                strikes.add(&armed.fault.effect, &mut self.rng);
            }
        }
        strikes
    }

    fn first<T>(
        &mut self,
        route: &str,
        event: &str,
        number: Option<&str>,
        translate: impl Fn(&Effect, &mut ChaCha8Rng) -> Option<T>,
    ) -> Option<T> {
        for armed in &mut self.armed {
            if !armed.fits(route, event, number) {
                continue;
            }
            if let Some(strike) = translate(&armed.fault.effect, &mut self.rng)
                && armed.strikes(&mut self.rng)
            {
                return Some(strike);
            }
        }
        None
    }
}

impl Armed {
    fn fits(&self, route: &str, event: &str, number: Option<&str>) -> bool {
        let scope = &self.fault.scope;
        self.fault.times.is_none_or(|times| self.struck < times)
            && scope.route.as_ref().is_none_or(|pattern| route.is_empty() || is_like(pattern, route))
            && scope.event.as_ref().is_none_or(|pattern| event.is_empty() || is_like(pattern, event))
            && scope.number.as_ref().is_none_or(|wanted| number == Some(wanted))
            && scope.suffix.as_ref().is_none_or(|end| number.is_some_and(|number| number.ends_with(end.as_str())))
    }

    fn strikes(&mut self, rng: &mut ChaCha8Rng) -> bool {
        let struck = self.fault.probability >= 1.0 || rng.random_bool(self.fault.probability.clamp(0.0, 1.0));
        self.struck += u64::from(struck);
        struck
    }
}

/// Equal, or equal up to a trailing `*`.
fn is_like(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}

fn request_strike(effect: &Effect, rng: &mut ChaCha8Rng) -> Option<Strike> {
    match effect {
        Effect::DropResponse => Some(Strike::DropResponse),
        Effect::DropRequest => Some(Strike::DropRequest),
        Effect::DelayResponse { ms } => Some(Strike::Delay(ms.draw(rng))),
        Effect::Refuse { status, code, pointer } => {
            Some(Strike::Refuse { status: *status, code: code.clone(), pointer: pointer.clone() })
        }
        Effect::CarryOutThenRefuse { status, code } => {
            Some(Strike::CarryOutThenRefuse { status: *status, code: code.clone() })
        }
        Effect::EmptyData => Some(Strike::EmptyData),
        Effect::GarbledBody => Some(Strike::GarbledBody),
        Effect::DelayRequest { .. }
        | Effect::DropWebhook
        | Effect::DuplicateWebhook { .. }
        | Effect::DelayWebhook { .. }
        | Effect::ReorderWebhook { .. }
        | Effect::ForgeWebhook
        | Effect::UnknownEnum
        | Effect::UnknownEvent
        | Effect::Outcome { .. }
        | Effect::Fail
        | Effect::HangUp => None,
    }
}

fn is_about_webhooks(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::DropWebhook
            | Effect::DuplicateWebhook { .. }
            | Effect::DelayWebhook { .. }
            | Effect::ReorderWebhook { .. }
            | Effect::ForgeWebhook
            | Effect::UnknownEnum
            | Effect::UnknownEvent
            | Effect::HangUp
    )
}

impl WebhookStrikes {
    fn add(&mut self, effect: &Effect, rng: &mut ChaCha8Rng) {
        match effect {
            Effect::DropWebhook => self.dropped = true,
            Effect::DuplicateWebhook { copies } => self.copies = self.copies.max(*copies),
            Effect::DelayWebhook { ms } => self.delay = Some(ms.draw(rng)),
            Effect::ReorderWebhook { within_ms } => self.hold = Some(Duration::from_millis(*within_ms)),
            Effect::ForgeWebhook => self.forged = true,
            Effect::UnknownEnum => self.unknown_enum = true,
            Effect::UnknownEvent => self.unknown_event = true,
            Effect::HangUp => self.hang_up = true,
            Effect::DropResponse
            | Effect::DropRequest
            | Effect::DelayRequest { .. }
            | Effect::DelayResponse { .. }
            | Effect::Refuse { .. }
            | Effect::CarryOutThenRefuse { .. }
            | Effect::EmptyData
            | Effect::GarbledBody
            | Effect::Fail
            | Effect::Outcome { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(faults: &[Fault]) -> Faults {
        Faults::new(1, faults)
    }

    #[test]
    fn a_fault_with_a_number_of_times_is_spent_after_them() {
        let mut faults = faults(&[Fault::new(Effect::DropResponse).route("POST /calls").times(2)]);
        let mut strike = |route| faults.request(route, None);
        assert_eq!(strike("GET /queues"), None);
        assert_eq!(strike("POST /calls"), Some(Strike::DropResponse));
        assert_eq!(strike("POST /calls"), Some(Strike::DropResponse));
        assert_eq!(strike("POST /calls"), None);
    }

    #[test]
    fn a_star_stands_for_any_rest() {
        let fault = Fault::new(Effect::Refuse { status: 422, code: "90018".to_owned(), pointer: None });
        let mut faults = faults(&[fault.route("POST /calls/*")]);
        assert!(faults.request("POST /calls/{call_control_id}/actions/speak", None).is_some());
        assert!(faults.request("POST /calls", None).is_none());
    }

    #[test]
    fn a_chance_comes_up_about_as_often_as_it_says() {
        let mut faults = faults(&[Fault::new(Effect::DropWebhook).probability(0.25)]);
        let dropped = (0..4000).filter(|_| faults.webhook("call.hangup", "+12025550100").dropped).count();
        assert!((900..1100).contains(&dropped), "{dropped} of 4000");
    }

    #[test]
    fn faults_about_webhooks_and_requests_do_not_mix() {
        let mut faults = faults(&[Fault::new(Effect::DropWebhook), Fault::new(Effect::EmptyData)]);
        assert_eq!(faults.request("POST /calls", None), Some(Strike::EmptyData));
        assert!(faults.webhook("call.hangup", "+12025550100").dropped);
        assert_eq!(faults.view().iter().map(|view| view.struck).collect::<Vec<_>>(), [1, 1]);
    }
}
