//! What is sent to a sink next, and when. Pure.
//!
//! Promises that what was put in stays until it is taken by the sink, that one parcel which is always refused does not
//! hold up the others, and that a sink which takes nothing is asked ever more rarely, by one parcel at a time. Does not
//! know what is in a parcel, nor how it is sent.

use std::collections::BTreeMap;
use std::time::Duration;

/// Parcels under way at once.
pub(super) const MOST_UNDER_WAY: usize = 16;
/// With so many waiting the outbox is full.
pub(super) const FULL: usize = 1000;
/// With so few waiting it has room again.
pub(super) const ROOM_AGAIN: usize = 500;
/// Between a failure and the next try, doubled with each further one in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause of a sink that takes nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause of one parcel that is always refused.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Parcels of one sink.
#[derive(Debug)]
pub(super) struct Outbox<T> {
    waiting: BTreeMap<(Duration, u64), Parcel<T>>,
    under_way: usize,
    /// Failures in a row, whichever parcels they were. Parcels that were under way together fail as one.
    failures: u32,
    /// Counts those failures, so that each parcel knows whether it was sent before the last of them.
    round: u64,
    /// Nothing is sent before.
    pause: Duration,
    added: u64,
    full: bool,
}

/// Something under way. It goes back with [`Outbox::taken`] or [`Outbox::refused`].
#[derive(Debug)]
pub(super) struct Parcel<T> {
    /// What is sent.
    pub(super) what: T,
    /// Failed tries so far.
    tries: u32,
    /// The round in which it was sent last.
    round: u64,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            under_way: 0,
            failures: 0,
            round: 0,
            pause: Duration::ZERO,
            added: 0,
            full: false,
        }
    }
}

impl<T> Outbox<T> {
    /// Something more is to be sent.
    pub(super) fn add(&mut self, now: Duration, what: T) {
        self.put(now, Parcel { what, tries: 0, round: 0 });
    }

    /// What may be sent now, the oldest first. `None`: nothing until [`wake`](Self::wake).
    pub(super) fn next(&mut self, now: Duration) -> Option<Parcel<T>> {
        if self.under_way >= self.most() || now < self.pause {
            return None;
        }
        let first = self.waiting.first_entry().filter(|first| first.key().0 <= now)?;
        self.under_way += 1;
        Some(Parcel { round: self.round, ..first.remove() })
    }

    /// The sink has it.
    pub(super) fn taken(&mut self, parcel: Parcel<T>) -> T {
        self.under_way = self.under_way.saturating_sub(1);
        (self.failures, self.pause) = (0, Duration::ZERO);
        self.weigh();
        parcel.what
    }

    /// The sink does not have it, as far as is known. `jitter`, 0 to 1, spreads the next tries of many outboxes.
    pub(super) fn refused(&mut self, now: Duration, mut parcel: Parcel<T>, jitter: f64) {
        self.under_way = self.under_way.saturating_sub(1);
        if parcel.round == self.round {
            self.round += 1;
            self.failures = self.failures.saturating_add(1);
            self.pause = now + pause(self.failures, LONGEST_PAUSE, jitter);
        }
        parcel.tries = parcel.tries.saturating_add(1);
        let due = now + pause(parcel.tries, LONGEST_WAIT, jitter);
        self.put(due, parcel);
    }

    /// The sink has changed: everything may be tried at once.
    pub(super) fn begin_anew(&mut self, now: Duration) {
        self.failures = 0;
        self.pause = now;
        for (_, parcel) in std::mem::take(&mut self.waiting) {
            self.put(now, Parcel { tries: 0, ..parcel });
        }
    }

    /// When [`next`](Self::next) may have something though nothing comes back. `None`: only a parcel that comes back, or a
    /// new one, changes anything.
    #[must_use]
    pub(super) fn wake(&self) -> Option<Duration> {
        let due = self.waiting.first_key_value().map(|((due, _), _)| *due)?;
        (self.under_way < self.most()).then(|| due.max(self.pause))
    }

    /// Parcels that the sink does not have.
    #[must_use]
    pub(super) fn backlog(&self) -> usize {
        self.waiting.len() + self.under_way
    }

    /// Whether no more should be made for now.
    #[must_use]
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// After a failure, one parcel finds out whether the sink takes any.
    fn most(&self) -> usize {
        if self.failures > 0 { 1 } else { MOST_UNDER_WAY }
    }

    fn put(&mut self, due: Duration, parcel: Parcel<T>) {
        self.added += 1;
        self.waiting.insert((due, self.added), parcel);
        self.weigh();
    }

    fn weigh(&mut self) {
        let backlog = self.backlog();
        self.full = if self.full { backlog > ROOM_AGAIN } else { backlog >= FULL };
    }
}

fn pause(failures: u32, longest: Duration, jitter: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(longest);
    doubled.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Duration = Duration::ZERO;

    fn outbox(parcels: u32) -> Outbox<u32> {
        let mut outbox = Outbox::default();
        (0..parcels).for_each(|parcel| outbox.add(START, parcel));
        outbox
    }

    #[test]
    fn so_many_at_once_and_no_more() {
        let mut outbox = outbox(40);
        let sent: Vec<_> = std::iter::from_fn(|| outbox.next(START)).collect();
        assert_eq!(sent.iter().map(|parcel| parcel.what).collect::<Vec<_>>(), (0..16).collect::<Vec<_>>());
        assert_eq!((outbox.wake(), outbox.backlog()), (None, 40));
    }

    #[test]
    fn a_sink_that_is_down_is_asked_by_one_parcel_ever_more_rarely_and_by_all_once_it_is_back() {
        let mut outbox = outbox(20);
        let mut asked = Vec::new();
        let mut now = START;
        while asked.len() < 9 {
            let parcel = outbox.next(now).unwrap();
            assert!(asked.is_empty() || outbox.next(now).is_none(), "one at a time");
            asked.push(now.as_millis());
            outbox.refused(now, parcel, 1.0);
            now = outbox.wake().unwrap();
        }
        assert_eq!(asked, [0, 500, 1500, 3500, 7500, 15_500, 31_500, 61_500, 91_500]);
        let parcel = outbox.next(now).unwrap();
        outbox.taken(parcel);
        let sent = std::iter::from_fn(|| outbox.next(now)).count();
        assert!(sent >= 10, "{sent}");
    }

    #[test]
    fn parcels_that_fail_together_are_one_failure() {
        let mut outbox = outbox(40);
        let sent: Vec<_> = std::iter::from_fn(|| outbox.next(START)).collect();
        assert_eq!(sent.len(), MOST_UNDER_WAY);
        for parcel in sent {
            outbox.refused(START, parcel, 1.0);
        }
        assert_eq!(outbox.wake(), Some(FIRST_PAUSE));
        let one = outbox.next(FIRST_PAUSE).unwrap();
        assert!(outbox.next(FIRST_PAUSE).is_none(), "one finds out whether the sink is back");
        outbox.taken(one);
        assert_eq!(std::iter::from_fn(|| outbox.next(FIRST_PAUSE)).count(), MOST_UNDER_WAY);
    }

    #[test]
    fn one_parcel_that_is_always_refused_does_not_hold_up_the_rest() {
        let mut outbox = outbox(3);
        let (mut now, mut taken) = (START, Vec::new());
        while taken.len() < 2 {
            let Some(parcel) = outbox.next(now) else {
                now = outbox.wake().unwrap();
                continue;
            };
            match parcel.what {
                0 => outbox.refused(now, parcel, 0.5),
                _ => taken.push(outbox.taken(parcel)),
            }
        }
        assert_eq!((taken, outbox.backlog()), (vec![1, 2], 1));
        assert!(now <= Duration::from_secs(1), "{now:?}");
    }

    #[test]
    fn a_full_outbox_stays_full_until_half_of_it_is_gone() {
        let mut outbox = outbox(999);
        assert!(!outbox.is_full());
        outbox.add(START, 999);
        assert!(outbox.is_full());
        for left in (500..1000).rev() {
            let parcel = outbox.next(START).unwrap();
            outbox.taken(parcel);
            assert_eq!((outbox.backlog(), outbox.is_full()), (left, left > ROOM_AGAIN));
        }
    }

    #[test]
    fn another_sink_is_tried_at_once() {
        let mut outbox = outbox(2);
        let parcel = outbox.next(START).unwrap();
        outbox.refused(START, parcel, 1.0);
        assert!(outbox.next(START).is_none());
        outbox.begin_anew(START);
        assert_eq!(std::iter::from_fn(|| outbox.next(START)).count(), 2);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_sent_after_it_was_taken(
            answers in prop::collection::vec(any::<bool>(), 1..200), parcels in 1..40u32,
        ) {
            let mut outbox = outbox(parcels);
            let (mut now, mut taken) = (START, std::collections::BTreeSet::new());
            // Then the sink takes everything.
            let mut answers = answers.into_iter().chain(std::iter::repeat(true));
            while outbox.backlog() > 0 {
                let Some(parcel) = outbox.next(now) else {
                    now = outbox.wake().unwrap();
                    continue;
                };
                prop_assert!(!taken.contains(&parcel.what));
                if answers.next() == Some(true) {
                    taken.insert(outbox.taken(parcel));
                } else {
                    outbox.refused(now, parcel, 0.5);
                }
            }
            prop_assert_eq!(taken.len(), usize::try_from(parcels).unwrap());
        }
    }
}
