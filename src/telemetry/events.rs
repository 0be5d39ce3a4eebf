//! Kubernetes events: one per transition, published beside the loop so that none of them holds up a reconcile.
//!
//! The queue is bounded. What does not fit, or cannot be written, is counted and dropped: status is the truth, events are
//! a convenience.

use super::Metrics;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Api, PostParams};
use kube::{Client, Resource};
use reconcile_plan::{EventKind, Transition};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const WAITING: usize = 4096;
/// Events are the least urgent writes: this spacing keeps those of a thousand new objects below a tenth of the writes that
/// make the objects.
const SPACING: Duration = Duration::from_millis(50);
/// `events.k8s.io/v1` allows 1024 bytes.
const NOTE_LIMIT: usize = 1000;
const REPORTER: &str = "telnyx-operator";

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// How it is shown.
    pub kind: EventKind,
    /// Its reason, out of a documented set.
    pub reason: String,
    /// Its note. Holds no phone number and no name of a person.
    pub note: String,
}

/// Hands events to the publisher.
#[derive(Clone, Debug)]
pub struct Events {
    queue: mpsc::Sender<(ObjectReference, Told)>,
    metrics: Arc<Metrics>,
}

/// Publishes events until told to stop.
pub struct Publisher {
    queue: mpsc::Receiver<(ObjectReference, Told)>,
    client: Client,
    metrics: Arc<Metrics>,
    instance: String,
}

impl Events {
    /// A queue and the publisher that empties it. `instance` names this process among replicas.
    #[must_use]
    pub fn new(client: Client, metrics: Arc<Metrics>, instance: String) -> (Self, Publisher) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let publisher = Publisher { queue: receiver, client, metrics: Arc::clone(&metrics), instance };
        (Self { queue: sender, metrics }, publisher)
    }

    /// Publishes `transition` about `object`, soon. Never waits.
    pub fn publish<K: Resource<DynamicType = ()>>(&self, object: &K, transition: Transition) {
        let Transition { kind, reason, note } = transition;
        self.tell(object, Told { kind, reason: reason.as_str().to_owned(), note });
    }

    /// Publishes an event about `object`, soon. Never waits.
    pub fn tell<K: Resource<DynamicType = ()>>(&self, object: &K, told: Told) {
        if self.queue.try_send((object.object_ref(&()), told)).is_err() {
            self.metrics.event_dropped();
        }
    }
}

impl Publisher {
    /// Runs until `stop`, then publishes what is waiting already.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let next = tokio::select! {
                next = self.queue.recv() => next,
                () = stop.cancelled() => self.queue.try_recv().ok(),
            };
            let Some((about, told)) = next else { return };
            self.write(about, told).await;
            if !stop.is_cancelled() {
                tokio::time::sleep(SPACING).await;
            }
        }
    }

    async fn write(&self, about: ObjectReference, told: Told) {
        let namespace = about.namespace.clone().unwrap_or_default();
        let events: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        let event = self.event(about, told, Timestamp::now());
        if let Err(error) = events.create(&PostParams::default(), &event).await {
            // A namespace on its way out takes no events.
            tracing::debug!(error = %error, "an event was not published");
            self.metrics.event_dropped();
        }
    }

    fn event(&self, about: ObjectReference, told: Told, now: Timestamp) -> Event {
        let prefix = about.name.as_deref().unwrap_or("object").chars().take(200).collect::<String>();
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{prefix}.{}", uuid::Uuid::new_v4().simple())),
                namespace: about.namespace.clone(),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now)),
            type_: Some(match told.kind {
                EventKind::Normal => "Normal".to_owned(),
                EventKind::Warning => "Warning".to_owned(),
            }),
            reason: Some(told.reason),
            action: Some("Reconcile".to_owned()),
            note: Some(cut(told.note)),
            regarding: Some(about),
            reporting_controller: Some(REPORTER.to_owned()),
            reporting_instance: Some(self.instance.clone()),
            ..Event::default()
        }
    }
}

/// At most [`NOTE_LIMIT`] bytes, cut between characters.
fn cut(mut note: String) -> String {
    if note.len() > NOTE_LIMIT {
        let end = (0..=NOTE_LIMIT).rev().find(|end| note.is_char_boundary(*end)).unwrap_or(0);
        note.truncate(end);
        note.push('…');
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_note_is_cut_between_characters() {
        let note = cut("ä".repeat(2_000));
        assert!(note.len() <= 1024 && note.ends_with('…') && note.starts_with("ää"));
        assert_eq!(cut("short".to_owned()), "short");
    }
}
