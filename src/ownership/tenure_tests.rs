//! What one process does, as a table of small stories; and what all of them together never do, as a law.

use proptest::prelude::*;

use super::*;

fn process(instance: &str, nonce: &str) -> Process {
    Process { instance: instance.to_owned(), nonce: nonce.to_owned() }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn held(version: u64, holder: &Process) -> Seen {
    Seen { version, holder: Some(holder.clone()), duration: secs(15) }
}

fn free(version: u64) -> Seen {
    Seen { version, holder: None, duration: secs(15) }
}

/// A tenure of `a/1` that was sent at 100 s and answered at 101 s.
fn holding() -> Tenure {
    let mut tenure = Tenure::new(process("a", "1"), Terms::default(), Up::ZERO);
    assert_eq!(tenure.next(secs(100), Duration::ZERO), Step::Create);
    tenure.sending();
    tenure.accepted(secs(101), secs(100), held(7, &process("a", "1")));
    tenure
}

#[test]
fn a_holder_acts_from_the_answer_until_a_margin_before_the_end_counted_from_when_it_sent() {
    assert_eq!(holding().acts_until(), Some(secs(113)));
}

#[test]
fn who_waits_with_a_clock_that_runs_15_percent_fast_takes_a_lease_only_when_its_holder_has_stopped() {
    const FAST: f64 = 1.15;
    let sent = secs(100);
    let mut waiting = Tenure::new(process("b", "1"), Terms::default(), Up::ZERO);
    // The news is as quick as can be.
    waiting.observe(sent.mul_f64(FAST), Some(held(7, &process("a", "1"))));
    let Step::Wait(takes) = waiting.next(sent.mul_f64(FAST), Duration::ZERO) else { panic!("it is held") };
    let (stops, taken) = (holding().acts_until().unwrap(), takes.div_f64(FAST));
    assert!(stops <= taken, "it stops at {stops:?} and is replaced at {taken:?}");
}

#[test]
fn a_holder_renews_every_four_seconds_from_when_it_sent() {
    let mut tenure = holding();
    assert_eq!(tenure.next(secs(101), Duration::ZERO), Step::Wait(secs(104)));
    assert_eq!(tenure.next(secs(104), Duration::ZERO), Step::Replace { version: 7 });
    tenure.sending();
    assert_eq!(tenure.next(secs(105), Duration::ZERO), Step::Listen);
    tenure.accepted(secs(106), secs(104), held(8, &process("a", "1")));
    assert_eq!(tenure.acts_until(), Some(secs(117)));
}

#[test]
fn a_renewal_that_fails_is_tried_again_and_prolongs_nothing() {
    let mut tenure = holding();
    tenure.sending();
    tenure.failed(secs(108));
    assert_eq!(tenure.acts_until(), Some(secs(113)));
    assert_eq!(tenure.next(secs(108), Duration::ZERO), Step::Wait(secs(109)));
    assert_eq!(tenure.next(secs(109), Duration::ZERO), Step::Replace { version: 7 });
}

#[test]
fn a_renewal_whose_answer_was_lost_is_made_again_under_the_version_that_the_watch_shows() {
    let mut tenure = holding();
    tenure.sending();
    tenure.failed(secs(108));
    tenure.observe(secs(108), Some(held(9, &process("a", "1"))));
    assert_eq!(tenure.acts_until(), Some(secs(113)), "when it was sent is not known any more");
    assert_eq!(tenure.next(secs(108), Duration::ZERO), Step::Replace { version: 9 });
}

#[test]
fn a_lease_of_another_is_left_alone_for_its_whole_duration_after_its_last_change_was_seen() {
    let mut tenure = Tenure::new(process("b", "1"), Terms::default(), Up::ZERO);
    tenure.observe(secs(50), Some(held(3, &process("a", "1"))));
    assert_eq!(tenure.next(secs(51), Duration::ZERO), Step::Wait(secs(65)));
    tenure.observe(secs(60), Some(held(4, &process("a", "1"))));
    assert_eq!(tenure.next(secs(65), Duration::ZERO), Step::Wait(secs(75)));
    assert_eq!(tenure.next(secs(75), Duration::ZERO), Step::Replace { version: 4 });
    assert!(tenure.is_contended());
}

#[test]
fn the_duration_of_a_lease_is_its_holders() {
    let mut tenure = Tenure::new(process("b", "1"), Terms::default(), Up::ZERO);
    tenure.observe(secs(50), Some(Seen { duration: secs(60), ..held(3, &process("a", "1")) }));
    assert_eq!(tenure.next(secs(66), Duration::ZERO), Step::Wait(secs(110)));
}

#[test]
fn a_lease_that_was_given_up_is_taken_at_once_or_left_to_who_has_less() {
    let mut tenure = Tenure::new(process("b", "1"), Terms::default(), Up::ZERO);
    tenure.observe(secs(50), Some(held(3, &process("a", "1"))));
    tenure.observe(secs(52), Some(free(4)));
    assert_eq!(tenure.next(secs(52), Duration::ZERO), Step::Replace { version: 4 });
    assert_eq!(tenure.next(secs(52), Duration::from_millis(300)), Step::Wait(Duration::from_millis(52_300)));
}

#[test]
fn news_that_comes_late_changes_nothing() {
    let mut tenure = holding();
    tenure.observe(secs(102), Some(held(5, &process("b", "1"))));
    assert_eq!(tenure.acts_until(), Some(secs(113)));
}

#[test]
fn who_sees_another_holder_stops_at_once() {
    let mut tenure = holding();
    tenure.observe(secs(102), Some(held(8, &process("b", "1"))));
    assert_eq!(tenure.acts_until(), None);
    assert_eq!(tenure.next(secs(102), Duration::ZERO), Step::Wait(secs(117)));
}

#[test]
fn who_sees_the_lease_vanish_stops_at_once() {
    let mut tenure = holding();
    tenure.observe(secs(102), None);
    assert_eq!(tenure.acts_until(), None);
}

#[test]
fn an_answer_that_comes_after_somebody_took_the_lease_gives_nothing() {
    let mut tenure = holding();
    tenure.sending();
    tenure.observe(secs(120), Some(held(9, &process("b", "1"))));
    tenure.accepted(secs(121), secs(104), held(8, &process("a", "1")));
    assert_eq!(tenure.acts_until(), None);
}

#[test]
fn a_process_that_starts_again_takes_over_at_once_and_the_one_before_steps_down_for_good() {
    let (old, new) = (process("a", "1"), process("a", "2"));
    let mut again = Tenure::new(new.clone(), Terms::default(), Up::ZERO);
    again.observe(secs(10), Some(held(7, &old)));
    assert_eq!(again.next(secs(10), Duration::ZERO), Step::Replace { version: 7 });
    assert!(!again.is_contended());

    let mut before = holding();
    before.observe(secs(103), Some(held(8, &new)));
    assert_eq!(before.acts_until(), None);
    assert_eq!(before.next(secs(103), Duration::ZERO), Step::Wait(secs(118)), "as if it were another's");
}

#[test]
fn who_gives_up_stops_before_the_write_that_says_so() {
    let mut tenure = holding();
    assert_eq!(tenure.give_up(), Some(7));
    assert_eq!(tenure.acts_until(), None);
    assert_eq!(tenure.next(secs(200), Duration::ZERO), Step::Listen);
}

/// A process in the world of the law: its clock runs faster or slower than the world's and began at another time.
struct Player {
    tenure: Tenure,
    rate: f64,
    offset: Duration,
    /// How much of the lease's history it has been shown.
    shown: usize,
    sent: Option<Sent>,
    /// Writes that it waits for no more and that may still arrive.
    late: Vec<Option<u64>>,
}

/// The lease had another version.
#[derive(Clone, Copy)]
struct Conflict;

/// A write on its way.
struct Sent {
    at: Up,
    base: Option<u64>,
    /// What the API server said, once it has: the version that was made, or that there was another.
    answer: Option<Result<u64, Conflict>>,
}

struct World {
    now: Duration,
    /// What the API server has had, in order; the version is the place from 1.
    history: Vec<Option<Process>>,
    players: Vec<Player>,
}

impl World {
    fn new(rates: &[f64]) -> Self {
        let player = |(index, rate): (usize, &f64)| Player {
            tenure: Tenure::new(process(&format!("p{index}"), "n"), Terms::default(), Up::ZERO),
            rate: *rate,
            offset: secs(1_000 * index as u64),
            shown: 0,
            sent: None,
            late: vec![],
        };
        Self { now: Duration::ZERO, history: vec![], players: rates.iter().enumerate().map(player).collect() }
    }

    fn clock(&self, player: usize) -> Up {
        self.players[player].offset + self.now.mul_f64(self.players[player].rate)
    }

    fn play(&mut self, (who, what, pause_ms): (usize, u8, u64)) {
        self.now += Duration::from_millis(pause_ms);
        let who = who % self.players.len();
        let now = self.clock(who);
        let World { history, players, .. } = self;
        let player = &mut players[who];
        let seen =
            |version: usize| Seen { version: version as u64, holder: history[version - 1].clone(), duration: secs(15) };
        match what {
            // The watch shows the next change, or all.
            0 | 1 if player.shown < history.len() => {
                player.shown = if what == 0 { player.shown + 1 } else { history.len() };
                player.tenure.observe(now, Some(seen(player.shown)));
            }
            // It writes, if it wants to.
            2..=4 if player.sent.is_none() => {
                let base = match player.tenure.next(now, Duration::ZERO) {
                    Step::Create => None,
                    Step::Replace { version } => Some(version),
                    Step::Wait(_) | Step::Listen => return,
                };
                player.tenure.sending();
                player.sent = Some(Sent { at: now, base, answer: None });
            }
            // A write arrives, perhaps long after it was given up.
            6 if !player.late.is_empty() => {
                let base = player.late.remove(0);
                if base == (!history.is_empty()).then_some(history.len() as u64) {
                    history.push(Some(player.tenure.me.clone()));
                }
            }
            5 | 6 => {
                if let Some(sent) = player.sent.as_mut().filter(|sent| sent.answer.is_none()) {
                    let there = (!history.is_empty()).then_some(history.len() as u64);
                    sent.answer = Some(if there == sent.base {
                        history.push(Some(player.tenure.me.clone()));
                        Ok(history.len() as u64)
                    } else {
                        Err(Conflict)
                    });
                }
            }
            // Its answer arrives; or does not, and it gives up waiting, whether or not the write has arrived or ever will.
            7 | 8 => match player.sent.as_ref().and_then(|sent| sent.answer.map(|answer| (sent.at, answer))) {
                Some((at, Ok(version))) => {
                    player.sent = None;
                    player.tenure.accepted(
                        now,
                        at,
                        Seen {
                            version,
                            holder: history[usize::try_from(version).unwrap() - 1].clone(),
                            duration: secs(15),
                        },
                    );
                }
                Some((_, Err(Conflict))) => {
                    player.sent = None;
                    player.tenure.failed(now);
                }
                None => {}
            },
            9 => {
                if let Some(sent) = player.sent.take() {
                    player.tenure.failed(now);
                    player.late.extend(sent.answer.is_none().then_some(sent.base));
                }
            }
            // Nothing: it stands still.
            _ => {}
        }
    }

    fn acting(&self) -> Vec<usize> {
        let acts =
            |index: &usize| self.players[*index].tenure.acts_until().is_some_and(|until| self.clock(*index) < until);
        (0..self.players.len()).filter(acts).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Clocks that began at any time, of which one runs up to 15 % faster than another; requests, answers and news that take any time, get lost or come
    /// when they are not waited for; processes that stand still for any time at any point.
    #[test]
    fn at_most_one_acts_at_any_moment(
        rates in proptest::collection::vec(prop_oneof![Just(1.0), Just(1.15), 1.0..=1.15_f64], 2..5),
        plays in proptest::collection::vec((0_usize..4, 0_u8..11, prop_oneof![0_u64..300, 0_u64..6_000, 0_u64..40_000]), 1..300),
    ) {
        let mut world = World::new(&rates);
        for play in plays {
            world.play(play);
            let acting = world.acting();
            prop_assert!(acting.len() <= 1, "{acting:?} act together at {:?}", world.now);
        }
    }

    /// The law above would hold if nobody ever acted: when everything works for a minute, somebody does.
    #[test]
    fn when_all_goes_well_somebody_acts(
        plays in proptest::collection::vec((0_usize..4, 0_u8..11, 0_u64..6_000), 1..100),
    ) {
        let mut world = World::new(&[1.0, 0.98, 1.02]);
        for play in plays {
            world.play(play);
        }
        for _ in 0..120 {
            for who in 0..3 {
                for what in [5, 7, 9, 1, 2, 5, 7] {
                    world.play((who, what, 0));
                }
            }
            world.play((0, 10, 500));
        }
        prop_assert_eq!(world.acting().len(), 1);
    }
}
