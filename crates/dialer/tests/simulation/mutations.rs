//! Each promise, broken on purpose: its check has to notice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::judge::{Check, Judge};
use crate::run;

/// Worlds that are tried until one shows the breach: what a promise is about does not happen in every one.
const MOST_SEEDS: u64 = 1000;

/// Whether a world in which the promise is broken fails, and by that check.
fn is_noticed(check: Check, seed: u64) -> bool {
    let world = AssertUnwindSafe(|| run(seed, Judge { broken: Some(check) }, false));
    let Err(failure) = catch_unwind(world) else { return false };
    let said = failure.downcast_ref::<String>().map(String::as_str).unwrap_or_default();
    assert!(said.starts_with(&format!("{check:?}: ")), "{check:?} was broken, and it says {said:?}");
    true
}

#[test]
fn every_promise_that_is_broken_is_noticed() {
    let unnoticed: Vec<Check> =
        Check::ALL.into_iter().filter(|check| !(0..MOST_SEEDS).any(|seed| is_noticed(*check, seed))).collect();
    assert!(unnoticed.is_empty(), "not noticed in {MOST_SEEDS} worlds: {unnoticed:?}");
}

#[test]
fn every_check_is_told_of_in_the_guarantees() {
    let guarantees = include_str!("../../../../docs/guarantees.md");
    let untold: Vec<Check> =
        Check::ALL.into_iter().filter(|check| !guarantees.contains(&format!("`{check:?}`"))).collect();
    assert!(untold.is_empty(), "docs/guarantees.md does not mention {untold:?}");
}
