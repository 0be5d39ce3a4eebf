//! How a pass over one object ended.

use crate::Reason;
use std::collections::BTreeSet;
use std::time::Duration;

/// How a pass over one object ended. Several steps of a pass may each end in their own way; [`Outcome::merge`] keeps the
/// gravest and every complaint of that gravity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left to do until something changes.
    Done(Settled),
    /// Something else must change first, and a watch will tell us when it has. Never retried by time.
    Waiting {
        /// What is waited for.
        on: BTreeSet<Referent>,
    },
    /// Try again by ourselves.
    Retry {
        /// What kind of trouble it was.
        class: RetryClass,
        /// No sooner than this; `None` leaves it to the object's backoff.
        after: Option<Duration>,
        /// What happened, and the remedy if there is one. Stable from pass to pass: no request ids, no counters.
        message: String,
    },
    /// A person must act. Looked at again slowly, and at once when spec, Secret or referent change.
    Terminal {
        /// Why.
        reason: Reason,
        /// What to do about it.
        message: String,
    },
}

/// What being done looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// As the spec asks.
    InSync,
    /// It differs and is to be left so.
    Drifted {
        /// Which fields, in words.
        message: String,
    },
    /// Suspended by the user.
    Suspended,
}

/// Something that must change before the object can go on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Referent {
    /// Why it is waited for.
    pub reason: Reason,
    /// Its kind.
    pub kind: &'static str,
    /// Its name; with `namespace/` in front when it lies in another.
    pub name: String,
    /// What is missing, in words that complete "waiting for {kind} {name}: …".
    pub need: String,
}

/// What kind of trouble a retry hopes to outlive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RetryClass {
    /// Removal was asked for and is not yet visible.
    Deleting,
    /// The remote object is in use.
    InUse,
    /// The remote object is to be deleted and empties by itself. Asked again at an even pace, not ever more rarely: how
    /// long people wait has nothing to do with how often it was asked.
    Draining,
    /// 429.
    RateLimited,
    /// 5xx, timeout, refused or broken connection.
    ApiUnavailable,
    /// A create left and its answer was lost.
    FateUnknown,
    /// Nothing was sent, because this process may not act for the account now. Whoever reports says nothing of it.
    Withheld,
    /// The Kubernetes API failed or refused.
    Kubernetes,
    /// A panic, or an answer that cannot be.
    Internal,
}

impl RetryClass {
    /// The reason that conditions carry.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::Deleting => Reason::Deleting,
            Self::InUse => Reason::InUse,
            Self::Draining => Reason::Draining,
            Self::RateLimited => Reason::RateLimited,
            Self::ApiUnavailable | Self::Withheld => Reason::ApiUnavailable,
            Self::FateUnknown => Reason::FateUnknown,
            Self::Kubernetes => Reason::KubernetesUnavailable,
            Self::Internal => Reason::InternalError,
        }
    }
}

impl Outcome {
    /// All is as the spec asks.
    #[must_use]
    pub fn in_sync() -> Self {
        Self::Done(Settled::InSync)
    }

    /// Waits for one thing.
    #[must_use]
    pub fn waiting(on: Referent) -> Self {
        Self::Waiting { on: BTreeSet::from([on]) }
    }

    /// Joins how two steps of one pass ended: the graver wins, two of the same gravity keep both messages.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Terminal { reason, message }, Self::Terminal { message: second, .. }) => {
                Self::Terminal { reason, message: both(message, &second) }
            }
            (
                Self::Retry { class, after, message },
                Self::Retry { class: other_class, after: other_after, message: second },
            ) => Self::Retry {
                class: class.max(other_class),
                after: after.max(other_after),
                message: both(message, &second),
            },
            (Self::Waiting { mut on }, Self::Waiting { on: more }) => {
                on.extend(more);
                Self::Waiting { on }
            }
            (left, right) => {
                if right.gravity() > left.gravity() {
                    right
                } else {
                    left
                }
            }
        }
    }

    /// A label for metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Waiting { .. } => "waiting",
            Self::Retry { .. } => "retry",
            Self::Terminal { .. } => "terminal",
        }
    }

    fn gravity(&self) -> u8 {
        match self {
            Self::Done(Settled::InSync) => 0,
            Self::Done(_) => 1,
            Self::Waiting { .. } => 2,
            Self::Retry { .. } => 3,
            Self::Terminal { .. } => 4,
        }
    }
}

fn both(mut first: String, second: &str) -> String {
    if first != second && !second.is_empty() {
        first.push_str("; ");
        first.push_str(second);
    }
    first
}
