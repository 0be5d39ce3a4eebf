//! A lease that this process wants to hold, and how it stands to it. Pure.
//!
//! Promises that a lease which could not be renewed in time is not acted for until it is, and that it is lost once another has
//! written it. As long as nobody has, nobody else has acted, and all that this process knows is still so.

use std::time::Duration;

use dialer::Handover;

use super::leases::Place;
use super::tenure::{Tenure, Terms, Up};

/// Between taking a lease that another replica has had and acting: what that one wrote last has reached the caches here by then.
/// What must not be done twice is read from the API server itself, so that a cache that lags further costs work, not calls.
const SETTLE: Duration = Duration::from_millis(500);

/// A lease that this process wants to hold.
#[derive(Debug)]
pub(super) struct Post {
    /// The account's; empty for a namespace.
    pub(super) uid: String,
    pub(super) place: Place,
    pub(super) tenure: Tenure,
    stand: Stand,
    /// When to tell that it is held.
    pub(super) announce: Option<Up>,
    /// What the last holder has left in the lease that is being written.
    pub(super) left: Option<Handover>,
    /// No lease can be made, because its namespace is being deleted; asked again then.
    pub(super) impossible: Option<Up>,
}

/// How this process stands to a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// It does not hold it.
    Wanting,
    /// It does, and acts.
    Holding,
    /// It could not renew it in time, and does not act since then. Nobody else has taken it so far.
    Lapsed(Up),
}

/// What has become of a lease by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing new.
    AsBefore,
    /// From now on this process does not act, until it has renewed it.
    Lapsed,
    /// It is held no more. `acted`: until now.
    Lost { why: &'static str, acted: bool },
}

/// What the answer to a write gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// It came too late, or somebody else has written since.
    Nothing,
    /// It goes on until then.
    Longer(Up),
    /// This process acts from one moment until the other.
    Hold(Up, Up),
}

impl Post {
    /// One that is not held yet.
    pub(super) fn new(uid: String, place: Place, tenure: Tenure) -> Self {
        Self { uid, place, tenure, stand: Stand::Wanting, announce: None, left: None, impossible: None }
    }

    /// Whether this process acts.
    pub(super) fn is_acting(&self) -> bool {
        self.stand == Stand::Holding
    }

    /// Whether the lease is written as this process's, as far as it knows.
    pub(super) fn is_held(&self) -> bool {
        self.stand != Stand::Wanting
    }

    /// When it lapses if nothing happens.
    pub(super) fn lapses_at(&self) -> Option<Up> {
        self.tenure.acts_until().filter(|_| self.is_acting())
    }

    /// It is not held any more. Returns whether this process acted until now.
    pub(super) fn step_down(&mut self) -> bool {
        std::mem::replace(&mut self.stand, Stand::Wanting) == Stand::Holding
    }

    /// Is it still held? `others_are`: some other lease is. All lapse together where the API server is out of reach; they have a
    /// duration's time to come back together.
    pub(super) fn look(&mut self, now: Up, terms: Terms, others_are: bool) -> Look {
        let why = match (self.stand, self.tenure.acts_until()) {
            (Stand::Wanting, _) => return Look::AsBefore,
            (Stand::Holding, Some(until)) if now < until => return Look::AsBefore,
            (Stand::Holding, Some(_)) => {
                self.stand = Stand::Lapsed(now);
                return Look::Lapsed;
            }
            (Stand::Lapsed(since), Some(_)) if !others_are || now < since + terms.duration => return Look::AsBefore,
            (Stand::Lapsed(_), Some(_)) => "it could not be renewed, though others could",
            (Stand::Holding | Stand::Lapsed(_), None) => "somebody else has written it",
        };
        Look::Lost { why, acted: self.step_down() }
    }

    /// A write was answered, and the tenure knows it.
    pub(super) fn answered(&mut self, now: Up) -> Given {
        let Some(until) = self.tenure.acts_until().filter(|until| now < *until) else { return Given::Nothing };
        let from = match self.stand {
            Stand::Holding => return Given::Longer(until),
            Stand::Wanting if self.tenure.is_contended() => now + SETTLE,
            Stand::Wanting | Stand::Lapsed(_) => now,
        };
        self.stand = Stand::Holding;
        self.announce = Some(from);
        Given::Hold(from, until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ownership::tenure::{Process, Seen};

    fn secs(secs: u64) -> Up {
        Duration::from_secs(secs)
    }

    fn process(instance: &str) -> Process {
        Process { instance: instance.to_owned(), nonce: instance.to_owned() }
    }

    fn written_by(instance: &str, version: u64) -> Seen {
        Seen { version, holder: Some(process(instance)), duration: secs(15) }
    }

    /// Renewed at zero: acts until 13 s.
    fn held() -> Post {
        let tenure = Tenure::new(process("a"), Terms::default(), Up::ZERO);
        let mut post = Post::new(String::new(), ("team".to_owned(), "lease".to_owned()), tenure);
        post.tenure.accepted(Up::ZERO, Up::ZERO, written_by("a", 1));
        assert_eq!(post.answered(Up::ZERO), Given::Hold(Up::ZERO, secs(13)));
        post
    }

    fn look(post: &mut Post, at: u64, others_are: bool) -> Look {
        post.look(secs(at), Terms::default(), others_are)
    }

    #[test]
    fn what_could_not_be_renewed_in_time_lapses_and_is_acted_for_again_once_it_is_renewed() {
        let mut post = held();
        assert_eq!(look(&mut post, 12, false), Look::AsBefore);
        assert_eq!(look(&mut post, 13, false), Look::Lapsed);
        assert!(post.is_held() && !post.is_acting() && post.lapses_at().is_none());
        assert_eq!(look(&mut post, 1_000, false), Look::AsBefore, "however long that takes");
        post.tenure.accepted(secs(1_002), secs(1_001), written_by("a", 2));
        assert_eq!(post.answered(secs(1_002)), Given::Hold(secs(1_002), secs(1_014)));
        assert!(post.is_acting());
    }

    #[test]
    fn an_answer_that_comes_too_late_gives_nothing() {
        let mut post = held();
        assert_eq!(look(&mut post, 13, false), Look::Lapsed);
        post.tenure.accepted(secs(30), secs(14), written_by("a", 2));
        assert_eq!(post.answered(secs(30)), Given::Nothing);
        assert!(!post.is_acting());
    }

    #[test]
    fn what_somebody_else_has_written_is_lost_whether_it_had_lapsed_or_not() {
        for lapsed in [false, true] {
            let mut post = held();
            if lapsed {
                assert_eq!(look(&mut post, 13, false), Look::Lapsed);
            }
            post.tenure.observe(secs(14), Some(written_by("b", 2)));
            let lost = Look::Lost { why: "somebody else has written it", acted: !lapsed };
            assert_eq!(look(&mut post, 14, false), lost);
            assert!(!post.is_held());
        }
    }

    #[test]
    fn what_cannot_be_renewed_though_others_can_is_lost_in_the_end() {
        let mut post = held();
        assert_eq!(look(&mut post, 13, true), Look::Lapsed);
        assert_eq!(look(&mut post, 27, true), Look::AsBefore);
        assert!(matches!(look(&mut post, 28, true), Look::Lost { acted: false, .. }));
    }
}
