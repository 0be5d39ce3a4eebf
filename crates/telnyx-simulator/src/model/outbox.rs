//! Webhooks on their way: when each is sent, sent again, sent elsewhere, given up.
//!
//! Promises at most one attempt of a webhook at a time, retries with exponential backoff on 408, 429, 5xx and silence,
//! none on other answers, and the failover URL after two failures in a row (Telnyx: "Voice API fundamentals",
//! "Receiving webhooks"). Does not know sockets or signatures.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::World;
use super::calls::CallKey;
use super::moment::Moment;
use super::timers::Timer;
use crate::config::{Config, Redirects, TimestampOrigin, Webhooks};

/// A webhook on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey(u64);

/// Where the webhooks of an application go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: Arc<str>,
    pub(crate) failover: Option<Arc<str>>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) envelope: Envelope,
}

/// The shape of a webhook body, by the application's `webhook_api_version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    V1,
    V2,
}

/// Something that happened, as its receivers will read it.
#[allow(clippy::struct_field_names, reason = "the names and kinds of the API's own fields")]
#[derive(Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) event_type: &'static str,
    pub(crate) occurred_at: Moment,
    /// JSON object.
    pub(crate) payload: String,
}

/// One attempt, ready to be sent by POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// For [`World::delivered`].
    pub key: DeliveryKey,
    /// Where to.
    pub url: Arc<str>,
    /// JSON text.
    pub body: Vec<u8>,
    /// How old the timestamp that is signed must be: zero, or the event's age (simulated time).
    pub timestamp_age: Duration,
    /// Whether the signature must not fit.
    pub forged: bool,
    /// How long the receiver has to answer (real time).
    pub patience: Duration,
    /// Whether 3xx answers are followed, at most three times.
    pub follow_redirects: bool,
}

/// How an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The HTTP status, or `None` when no answer came in time.
    pub status: Option<u16>,
}

impl Receipt {
    /// The receiver answered.
    #[must_use]
    pub const fn answered(status: u16) -> Self {
        Self { status: Some(status) }
    }

    /// No answer came in time.
    #[must_use]
    pub const fn silence() -> Self {
        Self { status: None }
    }
}

/// A webhook with its history.
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) event: Arc<Event>,
    target: Arc<Target>,
    /// Waits between attempts, when the dial set them.
    waits: Option<Arc<[u64]>>,
    forged: bool,
    pub(crate) attempts: Vec<Try>,
}

/// One attempt in a webhook's history.
pub(crate) struct Try {
    pub(crate) url: Arc<str>,
    pub(crate) started_at: Moment,
    pub(crate) finished_at: Option<Moment>,
    pub(crate) status: Option<u16>,
}

impl Delivery {
    pub(crate) fn new(id: String, event: Arc<Event>, target: Arc<Target>) -> Self {
        Self { id, event, target, waits: None, forged: false, attempts: Vec::new() }
    }

    pub(crate) fn waits(mut self, waits: Option<Arc<[u64]>>) -> Self {
        self.waits = waits;
        self
    }

    pub(crate) fn forged(mut self, forged: bool) -> Self {
        self.forged = forged;
        self
    }

    pub(crate) fn is_delivered(&self) -> bool {
        self.attempts.last().and_then(|attempt| attempt.status).is_some_and(|status| (200..300).contains(&status))
    }

    fn failures(&self) -> u32 {
        u32::try_from(self.attempts.iter().filter(|attempt| attempt.finished_at.is_some()).count()).unwrap_or(u32::MAX)
    }

    fn url(&self, settings: &Webhooks) -> &Arc<str> {
        match &self.target.failover {
            Some(failover) if self.failures() >= settings.failover_after => failover,
            Some(_) | None => &self.target.url,
        }
    }

    /// The wait before the next attempt, or `None` to give up.
    fn backoff(&self, settings: &Webhooks) -> Option<Duration> {
        let failures = self.failures();
        if let Some(waits) = &self.waits {
            let index = usize::try_from(failures.checked_sub(1)?).ok()?;
            return waits.get(index).map(|millis| Duration::from_millis(*millis));
        }
        if failures > settings.retries {
            return None;
        }
        let doubled = settings.backoff_ms.saturating_mul(1 << failures.saturating_sub(1).min(20));
        Some(Duration::from_millis(doubled.min(settings.max_backoff_ms)))
    }

    fn body(&self, attempt: usize, url: &str) -> Vec<u8> {
        let Event { id, event_type, occurred_at, payload } = &*self.event;
        let mut body = String::with_capacity(payload.len() + url.len() + 200);
        // Writing to a `String` cannot fail. Ids, types and moments need no escaping; URLs were checked for quotes.
        let _ = match self.target.envelope {
            Envelope::V2 => write!(
                body,
                r#"{{"data":{{"event_type":"{event_type}","id":"{id}","occurred_at":"{occurred_at}","payload":{payload},"record_type":"event"}},"meta":{{"attempt":{attempt},"delivered_to":{}}}}}"#,
                serde_json::Value::from(url)
            ),
            Envelope::V1 => write!(
                body,
                r#"{{"created_at":"{occurred_at}","event_type":"{}","id":"{id}","payload":{payload},"record_type":"event"}}"#,
                event_type.replace('.', "_")
            ),
        };
        body.into_bytes()
    }
}

/// What an answer means for a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Delivered,
    Again,
    GiveUp,
}

/// Telnyx, "Receiving webhooks": 408, 429, 5xx and silence are tried again, other 4xx never.
fn verdict(status: Option<u16>) -> Verdict {
    match status {
        Some(200..=299) => Verdict::Delivered,
        None | Some(408 | 429 | 500..=599) => Verdict::Again,
        Some(_) => Verdict::GiveUp,
    }
}

/// All webhooks on their way and the last ones that arrived or were given up.
pub(crate) struct Outbox {
    pending: HashMap<DeliveryKey, Delivery>,
    ready: VecDeque<DeliveryKey>,
    held: HashMap<CallKey, Vec<DeliveryKey>>,
    finished: VecDeque<Delivery>,
    max_pending: usize,
    max_finished: usize,
    next: u64,
}

impl Outbox {
    pub(crate) fn new(max_pending: usize, max_finished: usize) -> Self {
        Self {
            pending: HashMap::new(),
            ready: VecDeque::new(),
            held: HashMap::new(),
            finished: VecDeque::new(),
            max_pending,
            max_finished,
            next: 0,
        }
    }

    /// Goes on counting where another outbox stopped, so that a receipt for one of its webhooks fits none of these.
    pub(crate) fn number_after(&mut self, other: &Self) {
        self.next = other.next;
    }

    /// Takes a webhook in, to be made ready later. `None` when too many wait already: it is lost.
    pub(crate) fn accept(&mut self, delivery: Delivery) -> Option<DeliveryKey> {
        if self.pending.len() >= self.max_pending {
            return None;
        }
        self.next += 1;
        let key = DeliveryKey(self.next);
        self.pending.insert(key, delivery);
        Some(key)
    }

    /// Holds a webhook back until the call's next one becomes ready.
    pub(crate) fn hold(&mut self, call: CallKey, key: DeliveryKey) {
        self.held.entry(call).or_default().push(key);
    }

    /// Lets go, behind whatever became ready last, what was held back for this call.
    pub(crate) fn release_held(&mut self, call: CallKey) {
        for key in self.held.remove(&call).unwrap_or_default() {
            self.ready.push_back(key);
        }
    }

    /// Queues a webhook for its next attempt. One that is queued, under way or done already stays as it is.
    pub(crate) fn make_ready(&mut self, key: DeliveryKey) {
        self.ready.push_back(key);
    }

    pub(crate) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Newest first.
    pub(crate) fn finished(&self) -> impl Iterator<Item = &Delivery> {
        self.finished.iter().rev()
    }

    pub(crate) fn next_attempt(&mut self, now: Moment, config: &Config) -> Option<Attempt> {
        loop {
            let key = self.ready.pop_front()?;
            let Some(delivery) = self.pending.get_mut(&key) else { continue };
            if delivery.attempts.last().is_some_and(|attempt| attempt.finished_at.is_none()) {
                continue;
            }
            let url = Arc::clone(delivery.url(&config.webhooks));
            delivery.attempts.push(Try { url: Arc::clone(&url), started_at: now, finished_at: None, status: None });
            let timestamp_age = match config.switches.webhook_timestamp {
                TimestampOrigin::Attempt => Duration::ZERO,
                TimestampOrigin::Event => now.since(delivery.event.occurred_at),
            };
            return Some(Attempt {
                key,
                body: delivery.body(delivery.attempts.len(), &url),
                url,
                timestamp_age,
                forged: delivery.forged,
                patience: delivery.target.timeout.unwrap_or(Duration::from_millis(config.webhooks.patience_ms)),
                follow_redirects: config.switches.webhook_redirects == Redirects::Follow,
            });
        }
    }

    fn settle(&mut self, now: Moment, key: DeliveryKey, receipt: Receipt, settings: &Webhooks) -> Option<Settled> {
        let delivery = self.pending.get_mut(&key)?;
        let attempt = delivery.attempts.last_mut().filter(|attempt| attempt.finished_at.is_none())?;
        attempt.finished_at = Some(now);
        attempt.status = receipt.status;
        let outcome = verdict(receipt.status);
        if outcome == Verdict::Again
            && let Some(wait) = delivery.backoff(settings)
        {
            return Some(Settled::Again(wait));
        }
        if let Some(delivery) = self.pending.remove(&key) {
            if self.finished.len() >= self.max_finished {
                self.finished.pop_front();
            }
            self.finished.push_back(delivery);
        }
        Some(if outcome == Verdict::Delivered { Settled::Delivered } else { Settled::GivenUp })
    }
}

enum Settled {
    Delivered,
    Again(Duration),
    GivenUp,
}

impl World {
    pub(super) fn on_receipt(&mut self, key: DeliveryKey, receipt: Receipt) {
        let Some(settled) = self.outbox.settle(self.now, key, receipt, &self.config.webhooks) else { return };
        self.counters.webhooks.attempts += 1;
        match settled {
            Settled::Delivered => self.counters.webhooks.delivered += 1,
            Settled::GivenUp => self.counters.webhooks.failed += 1,
            Settled::Again(wait) => {
                self.counters.webhooks.retried += 1;
                self.timers.set(self.now + wait, Timer::Send(key));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(failover: bool) -> Delivery {
        let event = Event {
            id: "e".to_owned(),
            event_type: "call.hangup",
            occurred_at: Moment::from_micros(0),
            payload: "{}".to_owned(),
        };
        let target = Target {
            url: "http://first".into(),
            failover: failover.then(|| "http://second".into()),
            timeout: None,
            envelope: Envelope::V2,
        };
        Delivery::new("d".to_owned(), Arc::new(event), Arc::new(target))
    }

    /// Attempts until the webhook is settled for good, answering each from `answers` (the last one again and again).
    fn run(delivery: Delivery, answers: &[Option<u16>]) -> (Vec<String>, Vec<u64>, bool) {
        let config = Config::default();
        let mut outbox = Outbox::new(10, 10);
        let key = outbox.accept(delivery).unwrap();
        outbox.make_ready(key);
        let (mut urls, mut waits) = (Vec::new(), Vec::new());
        let mut answers = answers.iter().copied();
        let mut last = None;
        loop {
            let attempt = outbox.next_attempt(Moment::from_micros(0), &config).unwrap();
            urls.push(attempt.url.to_string());
            last = answers.next().or(last);
            let receipt = Receipt { status: last.unwrap() };
            match outbox.settle(Moment::from_micros(0), key, receipt, &config.webhooks).unwrap() {
                Settled::Delivered => return (urls, waits, true),
                Settled::GivenUp => return (urls, waits, false),
                Settled::Again(wait) => {
                    waits.push(u64::try_from(wait.as_millis()).unwrap());
                    outbox.make_ready(key);
                }
            }
        }
    }

    #[test]
    fn an_answer_decides_whether_a_webhook_is_sent_again() {
        for (status, expected) in [
            (Some(200), Verdict::Delivered),
            (Some(204), Verdict::Delivered),
            (Some(302), Verdict::GiveUp),
            (Some(400), Verdict::GiveUp),
            (Some(401), Verdict::GiveUp),
            (Some(404), Verdict::GiveUp),
            (Some(408), Verdict::Again),
            (Some(429), Verdict::Again),
            (Some(500), Verdict::Again),
            (Some(503), Verdict::Again),
            (None, Verdict::Again),
        ] {
            assert_eq!(verdict(status), expected, "{status:?}");
        }
    }

    #[test]
    fn the_failover_takes_over_after_two_failures_in_a_row() {
        let (urls, waits, delivered) = run(delivery(true), &[Some(503), None, Some(500), Some(200)]);
        assert_eq!(urls, ["http://first", "http://first", "http://second", "http://second"]);
        assert_eq!(waits, [1000, 2000, 4000]);
        assert!(delivered);
    }

    #[test]
    fn retries_are_counted_and_waits_are_capped() {
        let (urls, waits, delivered) = run(delivery(false), &[Some(503)]);
        assert_eq!(urls.len(), 6);
        assert_eq!(waits, [1000, 2000, 4000, 8000, 16_000]);
        assert!(!delivered);
    }

    #[test]
    fn a_policy_of_the_dial_replaces_the_backoff() {
        let policy: Arc<[u64]> = Arc::from([10, 70]);
        let (urls, waits, _) = run(delivery(false).waits(Some(policy)), &[Some(503)]);
        assert_eq!((urls.len(), waits), (3, vec![10, 70]));
    }

    #[test]
    fn a_full_outbox_loses_the_newest() {
        let mut outbox = Outbox::new(1, 10);
        assert!(outbox.accept(delivery(false)).is_some());
        assert!(outbox.accept(delivery(false)).is_none());
    }

    #[test]
    fn version_1_and_2_bodies_differ_in_shape() {
        let mut second = delivery(false);
        let body: serde_json::Value = serde_json::from_slice(&second.body(3, "http://first")).unwrap();
        assert_eq!(body["data"]["event_type"], "call.hangup");
        assert_eq!(body["meta"], serde_json::json!({"attempt": 3, "delivered_to": "http://first"}));
        second.target = Arc::new(Target { envelope: Envelope::V1, ..(*second.target).clone() });
        let body: serde_json::Value = serde_json::from_slice(&second.body(3, "http://first")).unwrap();
        assert_eq!(body["event_type"], "call_hangup");
        assert!(body.get("data").is_none());
    }
}
