//! The one place where an outcome becomes conditions, an event and a requeue.

use crate::condition::{ConditionStatus as Is, ConditionType as About};
use crate::{Condition, Outcome, Reason, Referent, RetryClass, Settled, merge_conditions};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// The object that is reported on.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// `metadata.generation` that the pass looked at.
    pub generation: i64,
    /// Is it being deleted?
    pub deleting: bool,
    /// The conditions in its status.
    pub previous: &'a [Condition],
    /// Wall-clock time of the pass.
    pub now: Timestamp,
    /// What being ready means for this kind.
    pub words: Words,
}

/// What being ready means for a kind, as whole sentences without a full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Message of a true `Ready`.
    pub ready: &'static str,
    /// Message of a true `Synced`. `None`: the kind has nothing to compare, and no such condition.
    pub synced: Option<&'static str>,
    /// What becomes of a true `Ready` when something must be waited for.
    pub while_waiting: WhileWaiting,
}

/// What becomes of a true `Ready` of this generation when something must be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhileWaiting {
    /// It stays: what was made exists, whoever else is missing.
    StaysReady,
    /// It is lost: what is waited for is what being ready consists of.
    NotReady,
}

impl Words {
    /// For kinds that stand for a remote object.
    pub const REMOTE_OBJECT: Self = Self {
        ready: "the remote object exists and is as the spec asks",
        synced: Some("every field that the spec sets has its value at the API"),
        while_waiting: WhileWaiting::StaysReady,
    };
}

/// What to write, say and schedule after a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The new conditions. Equal to the previous ones when nothing changed, and then nothing is to be written.
    pub conditions: Vec<Condition>,
    /// The event to publish. Only ever on a change.
    pub transition: Option<Transition>,
    /// When to look again.
    pub requeue: Requeue,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// How it is shown.
    pub kind: EventKind,
    /// Its reason.
    pub reason: Reason,
    /// Its note. Holds no phone number.
    pub note: String,
}

/// How an event is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// All is well.
    Normal,
    /// Someone may want to look.
    Warning,
}

/// When to look at an object again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeue {
    /// A watch or the drift reader wakes it.
    WhenWoken,
    /// After its backoff, and no sooner than this.
    Backoff {
        /// What the API asked for.
        at_least: Duration,
    },
    /// After this, every time.
    Paced {
        /// How long.
        after: Duration,
    },
    /// Slowly: see [`crate::slow_retry`].
    Slow,
}

/// What a pass did to the remote side, for its event. One of the event reasons, with what it was done to.
pub type Deed = (Reason, String);

/// Maps how a pass ended to what is written, said and scheduled.
///
/// An object that was Ready for this very generation stays so through a transient error or a wait: it has not stopped
/// existing because the API is slow to answer, and `Synced` tells that it could not be checked.
#[must_use]
pub fn report(subject: &Subject<'_>, outcome: &Outcome, deed: Option<&Deed>) -> Report {
    let draft = Draft { subject };
    let fresh = match outcome {
        Outcome::Done(Settled::InSync) => vec![
            draft.with(About::Ready, Is::True, Reason::Available, subject.words.ready),
            draft.with(About::Synced, Is::True, Reason::UpToDate, subject.words.synced.unwrap_or_default()),
        ],
        Outcome::Done(Settled::Drifted { message }) => vec![
            draft.with(About::Ready, Is::True, Reason::Available, "the remote object exists"),
            draft.with(About::Synced, Is::False, Reason::DriftReported, message),
        ],
        Outcome::Done(Settled::Suspended) => {
            let message = "spec.suspend is set: nothing is created or changed";
            vec![
                draft.ready_kept().unwrap_or_else(|| draft.with(About::Ready, Is::False, Reason::Suspended, message)),
                draft.with(About::Synced, Is::Unknown, Reason::Suspended, message),
            ]
        }
        Outcome::Waiting { on } => {
            let kept = draft.ready_kept().filter(|_| subject.words.while_waiting == WhileWaiting::StaysReady);
            draft.under_way(kept, Is::False, waiting_reason(on), &waiting_message(on))
        }
        Outcome::Retry { class, message, .. } => {
            // What still holds calls is known not to be gone; after any other trouble nothing is known.
            let ready = if *class == RetryClass::Draining { Is::False } else { Is::Unknown };
            draft.under_way(draft.ready_kept(), ready, class.reason(), message)
        }
        Outcome::Terminal { reason, message } => vec![
            draft.with(About::Ready, Is::False, *reason, message),
            draft.with(About::Synced, Is::False, *reason, message),
            draft.with(About::Stalled, Is::True, *reason, message),
        ],
    };
    let compares = |condition: &Condition| subject.words.synced.is_some() || condition.kind != About::Synced.as_str();
    let fresh = fresh.into_iter().filter(compares).collect();
    let conditions = merge_conditions(subject.previous, fresh);
    let transition = transition(subject.previous, &conditions, outcome, deed);
    Report { conditions, transition, requeue: requeue(outcome) }
}

/// How soon what drains is looked at again where nobody said so.
const DRAINING: Duration = Duration::from_secs(5);

fn requeue(outcome: &Outcome) -> Requeue {
    match outcome {
        Outcome::Done(_) | Outcome::Waiting { .. } => Requeue::WhenWoken,
        Outcome::Retry { class: RetryClass::Draining, after, .. } => {
            Requeue::Paced { after: after.unwrap_or(DRAINING) }
        }
        Outcome::Retry { after, .. } => Requeue::Backoff { at_least: after.unwrap_or_default() },
        Outcome::Terminal { .. } => Requeue::Slow,
    }
}

struct Draft<'a> {
    subject: &'a Subject<'a>,
}

impl Draft<'_> {
    fn with(&self, kind: About, status: Is, reason: Reason, message: &str) -> Condition {
        Condition::new(kind, status, reason, message, self.subject.generation, self.subject.now)
    }

    /// The present Ready condition, when it is true for this generation and the object is to stay.
    fn ready_kept(&self) -> Option<Condition> {
        let ready = self.subject.previous.iter().find(|condition| condition.kind == About::Ready.as_str())?;
        let holds = ready.status == Is::True
            && ready.observed_generation == Some(self.subject.generation)
            && !self.subject.deleting;
        holds.then(|| ready.clone())
    }

    fn under_way(&self, kept: Option<Condition>, ready: Is, reason: Reason, message: &str) -> Vec<Condition> {
        vec![
            kept.unwrap_or_else(|| self.with(About::Ready, ready, reason, message)),
            self.with(About::Synced, Is::Unknown, reason, message),
            self.with(About::Reconciling, Is::True, reason, message),
        ]
    }
}

/// The reason of the first referent in order; the message names them all.
fn waiting_reason(on: &BTreeSet<Referent>) -> Reason {
    on.first().map_or(Reason::ReferenceNotReady, |referent| referent.reason)
}

fn waiting_message(on: &BTreeSet<Referent>) -> String {
    let each: Vec<String> = on.iter().map(|one| format!("{} {}: {}", one.kind, one.name, one.need)).collect();
    format!("waiting for {}", each.join("; "))
}

/// What was done is worth an event; so is a new reason at the head of the conditions.
fn transition(before: &[Condition], after: &[Condition], outcome: &Outcome, deed: Option<&Deed>) -> Option<Transition> {
    if let Some((reason, note)) = deed {
        return Some(Transition { kind: EventKind::Normal, reason: *reason, note: note.clone() });
    }
    let (old, new) = (headline(before), headline(after)?);
    if old.is_some_and(|old| old.reason == new.reason && old.status == new.status) {
        return None;
    }
    let kind = match outcome {
        Outcome::Done(Settled::Drifted { .. }) | Outcome::Retry { .. } | Outcome::Terminal { .. } => EventKind::Warning,
        Outcome::Done(Settled::InSync | Settled::Suspended) | Outcome::Waiting { .. } => EventKind::Normal,
    };
    let reason = Reason::ALL.iter().copied().find(|reason| reason.as_str() == new.reason)?;
    Some(Transition { kind, reason, note: new.message.clone() })
}

/// The condition that says most: Stalled, else Synced, else Ready.
fn headline(conditions: &[Condition]) -> Option<&Condition> {
    [About::Stalled, About::Synced, About::Ready]
        .iter()
        .find_map(|kind| conditions.iter().find(|condition| condition.kind == kind.as_str()))
}
