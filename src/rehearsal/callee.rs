//! Who answers, and after how long: drawn for each dial.

use std::time::Duration;

use dialer::DialKey;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// Of those that ring on unanswered or are busy, so many are busy: the share that the simulator of the API has too.
const BUSY_SHARE: f64 = 0.1;

/// What is assumed of the people on the list. Shares are 0 to 1, of all dials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assumptions {
    /// A person answers.
    pub people: f64,
    /// A machine answers.
    pub machines: f64,
    /// There is no such number.
    pub invalid: f64,
    /// How long the announcement takes, or the flow.
    pub talk: Duration,
    /// What a minute of an answered call costs, in whatever currency. `None`: nothing is said of costs.
    pub cost_per_minute: Option<f64>,
    /// Decides everything that is drawn.
    pub seed: u64,
}

impl Default for Assumptions {
    /// One in four answers, as many have a machine: guesses, to be replaced by what one knows of one's list.
    fn default() -> Self {
        let talk = Duration::from_secs(40);
        Self { people: 0.25, machines: 0.25, invalid: 0.02, talk, cost_per_minute: None, seed: 1 }
    }
}

/// Shares that no list can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAssumable {
    /// Not a share.
    #[error("a share must be 0 to 1")]
    Share,
    /// Together more than all.
    #[error("the shares of people, machines and invalid numbers must add up to 1 at most")]
    Sum,
    /// Not a price.
    #[error("a cost must not be negative")]
    Cost,
}

impl Assumptions {
    /// The same, if a list can be so.
    pub fn check(self) -> Result<Self, NotAssumable> {
        let shares = [self.people, self.machines, self.invalid];
        if !shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err(NotAssumable::Share);
        }
        if shares.iter().sum::<f64>() > 1.0 + 1e-9 {
            return Err(NotAssumable::Sum);
        }
        if self.cost_per_minute.is_some_and(|cost| !cost.is_finite() || cost < 0.0) {
            return Err(NotAssumable::Cost);
        }
        Ok(self)
    }

    /// Who is at the other end of this dial. `patience`: how long the phone may ring.
    pub(super) fn draw(&self, key: &DialKey, patience: Duration) -> Callee {
        let mut rng = self.stream(key);
        let (lot, second): (f64, f64) = (rng.random(), rng.random());
        let between = |rng: &mut ChaCha8Rng, from: u64, to: u64| Duration::from_millis(rng.random_range(from..=to));
        let longest = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX).saturating_sub(500).max(3000);
        let (people, machines) = (self.people, self.people + self.machines);
        if lot < people {
            let (after, verdict) = (between(&mut rng, 3000, longest.min(20_000)), between(&mut rng, 1500, 4000));
            return Callee::Person { after: after.min(patience), verdict };
        }
        if lot < machines {
            // Most mail boxes answer after four or five rings of six seconds.
            let (after, verdict) = (between(&mut rng, 3000, longest.min(25_000)), between(&mut rng, 2000, 4000));
            return Callee::Machine { after: after.min(patience), verdict, greeting: between(&mut rng, 3000, 12_000) };
        }
        if lot < machines + self.invalid {
            return Callee::NoSuchNumber { after: Duration::from_millis(800) };
        }
        if second < BUSY_SHARE {
            return Callee::Busy { after: between(&mut rng, 1000, 3000) };
        }
        Callee::Nobody
    }

    fn stream(&self, key: &DialKey) -> ChaCha8Rng {
        let digest = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(key.to_string()).finalize();
        ChaCha8Rng::from_seed(digest.into())
    }
}

/// Who is at the other end of a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    /// A person who listens to the end.
    Person {
        /// Rings so long.
        after: Duration,
        /// The detector knows so long after the answer.
        verdict: Duration,
    },
    /// A machine.
    Machine {
        /// Rings so long.
        after: Duration,
        /// The detector knows so long after the answer.
        verdict: Duration,
        /// Its greeting ends so long after the verdict.
        greeting: Duration,
    },
    /// It rings until we give up.
    Nobody,
    /// The line is busy.
    Busy {
        /// Known so long after the dial.
        after: Duration,
    },
    /// There is no such number.
    NoSuchNumber {
        /// Known so long after the dial.
        after: Duration,
    },
}

#[cfg(test)]
mod tests {
    use dialer::{AttemptKey, OwnerId, TargetId};

    use super::*;

    fn key(target: u32) -> DialKey {
        let (owner, target) = (OwnerId::parse("o").unwrap(), TargetId::parse(&format!("t{target}")).unwrap());
        DialKey { attempt: AttemptKey { owner, target, n: 1 }, refusals: 0 }
    }

    #[test]
    fn a_list_is_as_it_was_assumed_to_be() {
        let assumed = Assumptions { people: 0.3, machines: 0.4, invalid: 0.1, ..Assumptions::default() };
        let all: Vec<Callee> = (0..10_000).map(|target| assumed.draw(&key(target), Duration::from_secs(30))).collect();
        let share = |is: fn(&Callee) -> bool| all.iter().filter(|callee| is(callee)).count();
        let people = share(|callee| matches!(callee, Callee::Person { .. }));
        let machines = share(|callee| matches!(callee, Callee::Machine { .. }));
        let invalid = share(|callee| matches!(callee, Callee::NoSuchNumber { .. }));
        assert!(people.abs_diff(3000) < 150 && machines.abs_diff(4000) < 150 && invalid.abs_diff(1000) < 100);
        assert_eq!(assumed.draw(&key(7), Duration::from_secs(30)), assumed.draw(&key(7), Duration::from_secs(30)));
    }

    #[test]
    fn what_no_list_can_be_is_refused() {
        let check = |people, machines, cost| {
            let cost_per_minute = Some(cost);
            Assumptions { people, machines, cost_per_minute, ..Assumptions::default() }.check().map(drop)
        };
        assert_eq!(check(0.5, 0.48, 0.0), Ok(()));
        assert_eq!(check(0.6, 0.5, 0.0), Err(NotAssumable::Sum));
        assert_eq!(check(-0.1, 0.5, 0.0), Err(NotAssumable::Share));
        assert_eq!(check(f64::NAN, 0.5, 0.0), Err(NotAssumable::Share));
        assert_eq!(check(0.1, 0.1, -1.0), Err(NotAssumable::Cost));
    }
}
