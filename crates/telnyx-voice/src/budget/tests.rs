//! The waiting and waking of the budget. Time is tokio's paused clock: it passes when everybody sleeps.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use futures::poll;
use tokio::time::{Instant, sleep, timeout};

use super::*;

const EDIT: Ask = Ask::Request(Lane::Edit);

fn budget(concurrency: u32, dials_per_second: u32) -> Budget {
    let config = BudgetConfig { concurrency, live_concurrency: 1, dials_per_second };
    Budget::with_jitter(config, Arc::new(|| 0.0))
}

fn idle(budget: &Budget) -> bool {
    let state = budget.state();
    let lanes = [&state.live_call, &state.edit, &state.resync];
    lanes.iter().all(|lane| lane.waiting == 0 && lane.in_flight == 0) && budget.shared.lock().waiters.is_empty()
}

/// A wakeup that is lost fails the test instead of holding it up.
async fn soon<T>(waiting: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(1), waiting).await.expect("it waits for ever")
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_free_while_there_is_room() {
    let budget = budget(2, 30);
    let first = budget.turn(EDIT).await;
    let second = budget.turn(EDIT).await;
    assert!(poll!(Box::pin(budget.turn(EDIT))).is_pending());
    drop((first, second));
    assert!(idle(&budget));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_leaves_gives_its_place_to_the_next() {
    let budget = budget(1, 30);
    let permit = budget.turn(EDIT).await;
    let mut first = Box::pin(budget.turn(EDIT));
    let mut second = Box::pin(budget.turn(EDIT));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    drop(first);
    drop(permit);
    drop(soon(second).await);
    assert!(idle(&budget));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_leaves_with_a_turn_it_never_took_gives_it_to_the_next() {
    let budget = budget(1, 30);
    let permit = budget.turn(EDIT).await;
    let mut first = Box::pin(budget.turn(EDIT));
    let mut second = Box::pin(budget.turn(EDIT));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    drop(permit);
    // The turn is the first one's now; it goes before it looks.
    assert_eq!(budget.state().edit.in_flight, 1);
    drop(first);
    drop(soon(second).await);
    assert!(idle(&budget));
}

#[tokio::test(start_paused = true)]
async fn who_watches_the_clock_may_leave() {
    let budget = budget(4, 30);
    budget.turn(EDIT).await.requests_refused(Some(Duration::from_secs(10)));
    let began = Instant::now();
    let mut watch = Box::pin(budget.turn(EDIT));
    let mut other = Box::pin(budget.turn(EDIT));
    assert!(poll!(&mut watch).is_pending());
    assert!(poll!(&mut other).is_pending());
    drop(watch);
    drop(soon(other).await);
    let waited = began.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_secs(11)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_longer_pause_while_waiting_is_kept() {
    let budget = budget(4, 30);
    let permit = budget.turn(EDIT).await;
    permit.requests_refused(Some(Duration::from_secs(1)));
    let began = Instant::now();
    let waiter = tokio::spawn({
        let budget = budget.clone();
        async move { drop(budget.turn(EDIT).await) }
    });
    sleep(Duration::from_millis(500)).await;
    permit.requests_refused(Some(Duration::from_secs(5)));
    soon(waiter).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(5_500));
}

#[tokio::test(start_paused = true)]
async fn dials_keep_the_limit_while_edits_go_on() {
    let budget = budget(8, 2);
    let began = Instant::now();
    let dials = join_all((0..20).map(|_| async {
        let permit = budget.turn(Ask::Dial(1)).await;
        drop(permit);
        began.elapsed()
    }));
    let edits = join_all((0..20).map(|_| async { drop(budget.turn(EDIT).await) }));
    let both = futures::future::join(dials, async {
        edits.await;
        assert!(began.elapsed() < Duration::from_millis(10), "edits waited for dials");
    });
    let (gone, ()) = soon(both).await;
    let last = gone.iter().max().unwrap();
    assert!((Duration::from_secs(9)..Duration::from_millis(10_500)).contains(last), "{last:?}");
    for (index, end) in gone.iter().enumerate() {
        assert!(gone[..=index].iter().filter(|at| **at + WINDOW > *end).count() <= 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_higher_dial_limit_is_felt_at_once() {
    let budget = budget(8, 1);
    drop(budget.turn(Ask::Dial(1)).await);
    let began = Instant::now();
    let mut waiting = Box::pin(budget.turn(Ask::Dial(1)));
    assert!(poll!(&mut waiting).is_pending());
    budget.set_dials_per_second(100);
    drop(soon(waiting).await);
    assert!(began.elapsed() < Duration::from_millis(50), "{:?}", began.elapsed());
}

/// Hundreds come, hold their turn for a while, and many lose patience: nobody is forgotten, no turn is lost.
#[tokio::test(start_paused = true)]
async fn no_wakeup_is_lost_among_many_that_come_and_go() {
    let budget = budget(3, 200);
    let served = AtomicU32::new(0);
    let came_and_went = join_all((0..600_u64).map(|number| {
        let (budget, served) = (&budget, &served);
        let lanes = [EDIT, Ask::Request(Lane::LiveCall), Ask::Request(Lane::Resync), Ask::Dial(1)];
        let ask = lanes[usize::try_from(number % 4).unwrap()];
        async move {
            sleep(Duration::from_millis(number * 7 % 50)).await;
            let turn = async {
                let permit = budget.turn(ask).await;
                sleep(Duration::from_millis(number % 5)).await;
                if number % 97 == 0 {
                    permit.requests_refused(Some(Duration::from_millis(100)));
                }
                served.fetch_add(1, Ordering::Relaxed);
            };
            if number % 3 == 0 {
                timeout(Duration::from_millis(number % 40), turn).await.ok();
            } else {
                turn.await;
            }
        }
    }));
    soon(came_and_went).await;
    assert!(served.load(Ordering::Relaxed) >= 400);
    assert!(idle(&budget), "{budget:?}");
}

/// The same with threads that really run beside each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wakeup_is_lost_between_threads() {
    let budget = budget(2, 1_000_000);
    let tasks = (0..2_000_u32).map(|number| {
        let budget = budget.clone();
        tokio::spawn(async move {
            let mut turn = Box::pin(budget.turn(if number % 2 == 0 { EDIT } else { Ask::Dial(1) }));
            // Every third one looks once and leaves, with or without a turn.
            if number % 3 == 0 && poll!(&mut turn).is_pending() {
                return;
            }
            if number % 3 != 0 {
                let permit = turn.await;
                tokio::task::yield_now().await;
                drop(permit);
            }
        })
    });
    let all = soon(join_all(tasks)).await;
    assert!(all.iter().all(Result::is_ok));
    assert!(idle(&budget), "{budget:?}");
}
