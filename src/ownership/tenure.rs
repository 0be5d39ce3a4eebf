//! Who holds a lease, and until when this process may act on one: pure.
//!
//! Promises that of all processes with names of their own at most one acts on a lease at any moment, whatever their clocks say,
//! however long a request, an answer or a process stands still, and in whatever order news of the lease arrives. Two facts carry
//! that. A lease is only ever changed under the version that was seen (compare-and-swap), so that nobody takes what somebody else
//! has just renewed. And nobody takes a held lease before its whole duration has passed *here* since its last change was seen
//! *here*, while its holder stops a margin before the duration has passed *there* since it sent its last renewal: no clock is ever
//! compared with another, and `renewTime` is for people. What is assumed: that clocks which only measure how much time has passed
//! run within 15 % of each other ([`Terms::margin`]).
//!
//! Two processes of one name exclude each other only by the number that each draws when it starts: the later takes over at once, as
//! a restarted container must, and the earlier steps down when it sees that. Names are unique where they are names of Pods.
//!
//! Knows no clock: a moment is the time since some fixed one in the life of the process. Knows no Kubernetes either.

use std::time::Duration;

/// A moment: how long after a fixed one. Never goes back.
pub type Up = Duration;

/// What holders agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long a lease lasts from its last renewal.
    pub duration: Duration,
    /// How often its holder renews it.
    pub renew_every: Duration,
    /// How long before its end the holder stops to act. With 2 s of 15 s, of two machines the clock of one may run
    /// 15 % faster than the other's (15 s in the time in which the other shows 13 s).
    pub margin: Duration,
    /// After a write that failed, until the next.
    pub retry: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(15),
            renew_every: Duration::from_secs(4),
            margin: Duration::from_secs(2),
            retry: Duration::from_secs(1),
        }
    }
}

/// A process that may hold leases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its name, which it keeps when it starts again.
    pub instance: String,
    /// Drawn when it starts.
    pub nonce: String,
}

/// A lease as the API server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Grows with each change.
    pub version: u64,
    /// `None`: it is free.
    pub holder: Option<Process>,
    /// How long it lasts from its last change.
    pub duration: Duration,
}

/// What to do about a lease now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make it, held by this process.
    Create,
    /// Write this process into it, if it still has this version: to take it, or to renew it.
    Replace {
        /// The version that was seen last.
        version: u64,
    },
    /// Nothing before then, unless something is seen.
    Wait(Up),
    /// Nothing until an answer comes or something is seen.
    Listen,
}

/// One lease, as one process sees it.
#[derive(Clone, Debug)]
pub struct Tenure {
    me: Process,
    terms: Terms,
    seen: Option<Seen>,
    /// When `seen` was seen, or was seen to be gone; at first, when this process began to want the lease.
    changed: Up,
    /// When the last renewal that the API server has accepted was sent.
    renewed: Option<Up>,
    /// A write is under way.
    writing: bool,
    not_before: Up,
    /// Another process of this name has taken it from this one, and is the later.
    superseded: bool,
    contended: bool,
}

impl Tenure {
    /// The lease is wanted from `now` on, and was not seen yet.
    #[must_use]
    pub fn new(me: Process, terms: Terms, now: Up) -> Self {
        Self {
            me,
            terms,
            seen: None,
            changed: now,
            renewed: None,
            writing: false,
            not_before: Up::ZERO,
            superseded: false,
            contended: false,
        }
    }

    /// The lease has been seen; `None`: it is not there any more. News that is older than what is known changes nothing.
    pub fn observe(&mut self, now: Up, seen: Option<Seen>) {
        let known = self.seen.as_ref().map_or(0, |seen| seen.version);
        let Some(seen) = seen else {
            self.seen = None;
            self.renewed = None;
            self.changed = now;
            return;
        };
        if seen.version <= known {
            return;
        }
        if let Some(holder) = seen.holder.as_ref().filter(|holder| **holder != self.me) {
            self.contended |= holder.instance != self.me.instance;
            self.superseded |= self.renewed.is_some() && holder.instance == self.me.instance;
        }
        if seen.holder.as_ref() != Some(&self.me) {
            self.renewed = None;
        }
        self.seen = Some(seen);
        self.changed = now;
        // Whatever failed was about what is past.
        self.not_before = now;
    }

    /// What to do now. `patience` is how much longer than need be a lease that is somebody else's to take is left to others.
    #[must_use]
    pub fn next(&self, now: Up, patience: Duration) -> Step {
        if self.writing {
            return Step::Listen;
        }
        let Some(seen) = &self.seen else {
            let from = self.not_before.max(self.changed + patience);
            return if now < from { Step::Wait(from) } else { Step::Create };
        };
        let from = match &seen.holder {
            None => self.changed + patience,
            Some(holder) if *holder == self.me => self.renewed.map_or(now, |sent| sent + self.terms.renew_every),
            Some(holder) if holder.instance == self.me.instance && !self.superseded => now,
            Some(_) => self.changed + seen.duration + patience,
        };
        let from = from.max(self.not_before);
        if now < from { Step::Wait(from) } else { Step::Replace { version: seen.version } }
    }

    /// The write that [`next`](Self::next) has asked for is on its way.
    pub fn sending(&mut self) {
        self.writing = true;
    }

    /// The API server has accepted the write that was sent at `sent`, and answers what it has now.
    pub fn accepted(&mut self, now: Up, sent: Up, answer: Seen) {
        self.writing = false;
        let version = answer.version;
        self.observe(now, Some(answer));
        // Somebody may have been seen to take it meanwhile.
        let is_last = self.seen.as_ref().is_some_and(|seen| seen.version == version);
        if is_last && self.is_recorded() {
            self.renewed = Some(sent);
        }
    }

    /// The write was refused, or its fate is unknown.
    pub fn failed(&mut self, now: Up) {
        self.writing = false;
        self.not_before = now + self.terms.retry;
    }

    /// The lease is given up: this process does not act from now on, whatever becomes of the write that says so. Returns the
    /// version under which to write that; `None`: there is nothing to give up.
    pub fn give_up(&mut self) -> Option<u64> {
        self.renewed = None;
        self.writing = true;
        self.seen.as_ref().filter(|_| self.is_recorded()).map(|seen| seen.version)
    }

    /// Whether a write is under way.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.writing
    }

    /// Until when this process may act. `None`: it may not.
    #[must_use]
    pub fn acts_until(&self) -> Option<Up> {
        self.renewed.map(|sent| sent + self.terms.duration.saturating_sub(self.terms.margin))
    }

    /// Whether another instance was ever seen to hold it: what that one has written may still be on its way here.
    #[must_use]
    pub fn is_contended(&self) -> bool {
        self.contended
    }

    /// Whether it is written that this process holds it.
    fn is_recorded(&self) -> bool {
        self.seen.as_ref().and_then(|seen| seen.holder.as_ref()) == Some(&self.me)
    }
}

#[cfg(test)]
#[path = "tenure_tests.rs"]
mod tests;
