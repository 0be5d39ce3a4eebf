//! The deterministic simulation: a seed draws campaigns and the faults of its world, the dialer runs in virtual time,
//! first with faults (nothing unsafe may happen), then without (everything must end).
//!
//! `SEED=n` replays one world, `SEEDS=n` changes how many are run; `make soak` runs for a night.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    clippy::needless_pass_by_value,
    missing_docs,
    unreachable_pub,
    reason = "a test world: every one of these is a failed test"
)]

mod arrivals;
mod checks;
mod deliveries;
mod faults;
mod judge;
mod lives;
mod mutations;
mod scenario;
mod store;
mod voice;
mod weather;
mod world;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use judge::Judge;
use world::World;

const HOUR: Duration = Duration::from_hours(1);
/// Seeds that a soak runs between two looks at the clock.
const ROUND: u64 = 500;

/// Runs one world to its end and returns its trace, if it was asked for.
fn run(seed: u64, judge: Judge, trace: bool) -> Option<String> {
    let mut world = World::new(seed, judge, trace);
    world.run_with_faults(2 * HOUR);
    world.heal();
    world.run_until_idle(24 * 20 * HOUR);
    world.check_end();
    world.trace.take()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The seeds whose worlds fail, run on every core.
fn failed(seeds: Range<u64>) -> Vec<u64> {
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || failed.lock().unwrap().len() >= 8 {
                        return;
                    }
                    if std::panic::catch_unwind(|| run(seed, Judge::default(), false)).is_err() {
                        failed.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_unstable();
    failed
}

/// Shows the first world that fails, and ends the test with it.
fn show(failed: &[u64]) {
    if let Some(seed) = failed.first() {
        eprintln!("replay with SEED=n, n one of {failed:?}; seed {seed}:");
        run(*seed, Judge::default(), true);
        panic!("seed {seed} failed once and not again: it does not replay");
    }
}

#[test]
fn nothing_rings_twice_and_everything_ends() {
    if let Some(seed) = number("SEED") {
        println!("{}", run(seed, Judge::default(), true).unwrap());
        return;
    }
    show(&failed(0..number("SEEDS").unwrap_or(2000)));
}

/// The machine's clock, for whoever asks for minutes. No world reads it.
#[expect(clippy::disallowed_methods, reason = "bounds how many worlds are run, not what happens in them")]
fn now() -> Instant {
    Instant::now()
}

/// For a night: other worlds than the ones that every change is tested with.
#[test]
#[ignore = "runs as long as it is told to: make soak"]
fn soak() {
    let (first, seeds) = (number("FROM").unwrap_or(1_000_000), number("SEEDS").unwrap_or(u64::MAX / 2));
    let until = number("MINUTES").map(|minutes| now() + Duration::from_mins(minutes));
    assert!(until.is_some() || number("SEEDS").is_some(), "set SEEDS, MINUTES or both");
    let mut done = 0;
    while done < seeds && until.is_none_or(|until| now() < until) {
        let round = ROUND.min(seeds - done);
        show(&failed(first + done..first + done + round));
        done += round;
        eprintln!("{done} worlds from seed {first} on: every promise held");
    }
}

#[test]
fn a_seed_replays_to_the_same_trace() {
    for seed in 0..20 {
        let traced = || run(seed, Judge::default(), true);
        assert!(traced() == traced(), "seed {seed} does not replay");
    }
}
