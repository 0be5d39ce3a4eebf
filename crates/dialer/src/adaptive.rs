//! How many phones ring for one free agent, and when too many callees were left without one.
//!
//! Promises one line per free agent until enough is known, never more than three, and fewer the nearer the share of
//! abandoned calls comes to what is aimed at. Does not know campaigns, calls or clocks.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::spec::Adaptive;
use crate::tally::LiveAnswers;

/// Who answers has to be connected within this long of the end of the greeting (47 CFR 64.1200(a)(7)(i)).
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// What agents are doing is not believed for longer.
pub(crate) const BELIEVED_FOR: Duration = Duration::from_mins(1);

/// Fewer live answers than these say nothing of how many lines an agent needs.
const LEARN_FROM: u32 = 200;

/// Of fewer live answers than these, as many calls may be abandoned as of these: one in the first ten is no rate.
const JUDGE_FROM: u32 = 100;

/// Lines per free agent at most.
const MOST_LINES: f64 = 3.0;

/// How often the factor is looked at (`VICIdial` adjusts every 15 s: `docs/PREDICTIVE.txt`).
const STEP: Duration = Duration::from_secs(15);

/// Results that the share of live answers is reckoned from.
const RESULTS: usize = 200;

/// Calls that a person answered, and those of them that nobody took in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abandonment {
    /// Calls that a person answered: the denominator.
    pub answered: u32,
    /// Those of them that were not connected to an agent within two seconds: the numerator.
    pub abandoned: u32,
}

impl Abandonment {
    /// The share of abandoned calls, 0 to 1.
    fn share(self) -> f64 {
        f64::from(self.abandoned) / f64::from(self.answered.max(JUDGE_FROM))
    }

    /// Whether one more would be one too many, with `hard_stop` thousandths allowed.
    pub(crate) fn reaches(self, hard_stop: u16) -> bool {
        u64::from(self.abandoned) * 1000 >= u64::from(self.answered.max(JUDGE_FROM)) * u64::from(hard_stop)
    }
}

/// Live answers by the hour in which they came, over all targets of a campaign.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveCounts {
    hours: BTreeMap<u32, Abandonment>,
}

const HOUR_SECS: u32 = 3600;

impl LiveCounts {
    /// A target's answers count.
    pub(crate) fn add(&mut self, answers: LiveAnswers) {
        for (at, abandoned) in answers.iter() {
            let hour = self.hours.entry(at / HOUR_SECS).or_default();
            hour.answered += 1;
            hour.abandoned += u32::from(abandoned);
        }
    }

    /// A target's answers count no longer.
    pub(crate) fn remove(&mut self, answers: LiveAnswers) {
        for (at, abandoned) in answers.iter() {
            let Some(hour) = self.hours.get_mut(&(at / HOUR_SECS)) else { continue };
            hour.answered = hour.answered.saturating_sub(1);
            hour.abandoned = hour.abandoned.saturating_sub(u32::from(abandoned));
            if hour.answered == 0 {
                self.hours.remove(&(at / HOUR_SECS));
            }
        }
    }

    /// Those of the last `window`, to the hour.
    pub(crate) fn within(&self, window: Duration, now: Timestamp) -> Abandonment {
        let since = u64::try_from(now.as_second()).unwrap_or(0).saturating_sub(window.as_secs()) / u64::from(HOUR_SECS);
        let since = u32::try_from(since).unwrap_or(u32::MAX);
        self.hours.range(since..).fold(Abandonment::default(), |sum, (_, hour)| Abandonment {
            answered: sum.answered + hour.answered,
            abandoned: sum.abandoned + hour.abandoned,
        })
    }
}

/// What is known of a campaign's agents, and of how well their lines are reckoned.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    told: Option<Told>,
    /// Calls under way whose callees have waited too long already.
    pub(crate) late: u32,
    /// Whether a person answered, of the latest calls.
    results: VecDeque<bool>,
    /// Live answers per free agent that are aimed at.
    factor: f64,
    stepped_at: Duration,
}

/// What was told last of agents and queue.
#[derive(Clone, Copy, Debug)]
struct Told {
    free: u32,
    waiting: u32,
    at: Duration,
    /// People who have answered since: each takes an agent that was counted as free.
    answered_since: u32,
}

impl Default for Pool {
    fn default() -> Self {
        Self { told: None, late: 0, results: VecDeque::new(), factor: 1.0, stepped_at: Duration::ZERO }
    }
}

impl Pool {
    /// `free` agents could take a call, and `waiting` callers wait for one.
    pub(crate) fn tell(&mut self, free: u32, waiting: u32, now: Duration) {
        self.told = Some(Told { free, waiting, at: now, answered_since: 0 });
    }

    /// A person has answered.
    pub(crate) fn answered(&mut self) {
        if let Some(told) = &mut self.told {
            told.answered_since = told.answered_since.saturating_add(1);
        }
    }

    /// A call has ended.
    pub(crate) fn ended(&mut self, live: bool) {
        self.results.push_back(live);
        if self.results.len() > RESULTS {
            self.results.pop_front();
        }
    }

    fn believed(&self, now: Duration) -> Option<Told> {
        self.told.filter(|told| now < told.at + BELIEVED_FOR)
    }

    /// Agents who could take a call, less callers who wait already; nobody while nothing is known. `live`: the campaign's
    /// own calls that were answered and have not ended.
    pub(crate) fn free(&self, agents: crate::spec::Agents, live: u32, now: Duration) -> u32 {
        use crate::spec::Agents;
        match agents {
            Agents::Count(count) => count.saturating_sub(live),
            // Our own callers who wait in the queue are counted twice: rather one line too few.
            Agents::CountBesideQueue(count) => {
                self.believed(now).map_or(0, |told| count.saturating_sub(live.saturating_add(told.waiting)))
            }
            Agents::Told => self
                .believed(now)
                .map_or(0, |told| told.free.saturating_sub(told.waiting.saturating_add(told.answered_since))),
        }
    }

    /// Looks at the factor, every 15 s: up by a twentieth while few calls are abandoned, down by a fifth above the target.
    pub(crate) fn step(&mut self, spec: &Adaptive, so_far: Abandonment, now: Duration) {
        if now < self.stepped_at + STEP {
            return;
        }
        self.stepped_at = now;
        let target = f64::from(spec.target) / 1000.0;
        if so_far.share() > target {
            self.factor = (self.factor * 0.8).max(0.2);
        } else if so_far.share() < 0.7 * target {
            self.factor = (self.factor * 1.05).min(1.5);
        }
    }

    /// Phones that may ring at once for `free` agents.
    pub(crate) fn lines(&self, spec: &Adaptive, free: u32, so_far: Abandonment) -> u32 {
        let lines = (f64::from(free) * self.lines_per_agent(spec, so_far)).floor();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number that is not negative"
        )]
        let lines = lines as u32;
        lines.max(free)
    }

    /// Exactly one until 200 people have answered, and again once the target is reached.
    fn lines_per_agent(&self, spec: &Adaptive, so_far: Abandonment) -> f64 {
        if so_far.answered < LEARN_FROM {
            return 1.0;
        }
        let target = f64::from(spec.target) / 1000.0;
        // Full up to seven tenths of the target, nothing from the target on.
        let room = ((target - so_far.share()) / (0.3 * target).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        let wanted = self.factor / self.live_share();
        (1.0 + (wanted - 1.0) * room).clamp(1.0, MOST_LINES)
    }

    /// The greatest share of live answers that the results do not speak against: the upper bound of Wilson's interval at
    /// 95 % (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927). Taken high, so that too few phones ring rather than too many.
    fn live_share(&self) -> f64 {
        const Z: f64 = 1.645;
        let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        let all = count(self.results.len()).max(1.0);
        let share = count(self.results.iter().filter(|live| **live).count()) / all;
        let spread = Z * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
        ((share + Z * Z / (2.0 * all) + spread) / (1.0 + Z * Z / all)).clamp(0.05, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::Agents;

    const SPEC: Adaptive =
        Adaptive { agents: Agents::Count(10), target: 20, hard_stop: 30, window: Duration::from_hours(24 * 30) };

    fn after(results: &[(bool, usize)]) -> Pool {
        let mut pool = Pool::default();
        for live in results.iter().flat_map(|(live, times)| std::iter::repeat_n(*live, *times)) {
            pool.ended(live);
        }
        pool
    }

    #[test]
    fn one_line_per_agent_until_two_hundred_have_answered() {
        let pool = after(&[(true, 20), (false, 180)]);
        assert_eq!(pool.lines(&SPEC, 10, Abandonment { answered: 199, abandoned: 0 }), 10);
        assert!(pool.lines(&SPEC, 10, Abandonment { answered: 200, abandoned: 0 }) > 20);
    }

    #[test]
    fn lines_become_fewer_towards_the_target_and_are_single_from_there_on() {
        let pool = after(&[(true, 80), (false, 120)]);
        let lines = |abandoned| pool.lines(&SPEC, 100, Abandonment { answered: 1000, abandoned });
        assert!(lines(0) == lines(14) && lines(14) > lines(17) && lines(17) > lines(20), "{}", lines(17));
        assert_eq!((lines(20), lines(500)), (100, 100));
    }

    #[test]
    fn the_factor_rises_slowly_and_falls_fast() {
        let mut pool = Pool::default();
        pool.step(&SPEC, Abandonment { answered: 1000, abandoned: 0 }, STEP);
        assert!((pool.factor - 1.05).abs() < 1e-9);
        pool.step(&SPEC, Abandonment { answered: 1000, abandoned: 0 }, STEP + STEP / 2);
        assert!((pool.factor - 1.05).abs() < 1e-9, "once in 15 s");
        pool.step(&SPEC, Abandonment { answered: 1000, abandoned: 25 }, STEP * 2);
        assert!((pool.factor - 0.84).abs() < 1e-9);
    }

    #[test]
    fn what_is_told_counts_for_a_minute_and_each_answer_takes_an_agent() {
        let mut pool = Pool::default();
        assert_eq!(pool.free(Agents::Told, 0, STEP), 0, "nothing is known");
        pool.tell(5, 1, STEP);
        pool.answered();
        assert_eq!(pool.free(Agents::Told, 0, STEP), 3);
        assert_eq!(pool.free(Agents::CountBesideQueue(8), 4, STEP), 3);
        assert_eq!(pool.free(Agents::Told, 0, STEP + BELIEVED_FOR), 0);
        assert_eq!(pool.free(Agents::Count(8), 4, STEP + BELIEVED_FOR), 4);
    }

    #[test]
    fn the_hard_stop_allows_its_share_and_of_few_answers_that_of_a_hundred() {
        let reaches = |answered, abandoned| Abandonment { answered, abandoned }.reaches(30);
        assert!(!reaches(10, 2) && reaches(10, 3) && reaches(100, 3));
        assert!(!reaches(1000, 29) && reaches(1000, 30));
    }

    #[test]
    fn only_answers_of_the_window_count() {
        let mut counts = LiveCounts::default();
        let mut answers = LiveAnswers::default();
        let at = |hours: i64| Timestamp::from_second(1_790_000_000 + hours * 3600).unwrap();
        answers.add(at(0), true);
        answers.add(at(10), false);
        counts.add(answers);
        let within = |counts: &LiveCounts, hours| counts.within(Duration::from_hours(hours), at(12));
        assert_eq!(within(&counts, 24), Abandonment { answered: 2, abandoned: 1 });
        assert_eq!(within(&counts, 5), Abandonment { answered: 1, abandoned: 0 });
        counts.remove(answers);
        assert_eq!(within(&counts, 24), Abandonment::default());
    }

    proptest! {
        #[test]
        fn lines_are_never_fewer_than_one_nor_more_than_three_per_agent(
            live in 0..300usize, other in 0..300usize, free in 0..500u32, answered in 0..5000u32, abandoned in 0..200u32,
        ) {
            let pool = after(&[(true, live), (false, other)]);
            let lines = pool.lines(&SPEC, free, Abandonment { answered, abandoned });
            prop_assert!(free <= lines && lines <= 3 * free);
        }
    }
}
