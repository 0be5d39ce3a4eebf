//! Who goes next: the pure core of the budget. Knows no clock and no runtime.
//!
//! One input ([`enter`](Core::enter), [`leave`](Core::leave), [`finish`](Core::finish), …), then drain: call
//! [`poll`](Core::poll) until `None`; then wait for the next input or for [`wake`](Core::wake).

use std::time::Duration;

use super::queues::{Ask, Queues, Ticket, Waiting};
use super::quota::{Allowance, DEFAULT_RESET, Quota};
use super::tally::Tallies;
use super::window::DialWindow;
use super::{BudgetConfig, BudgetState, Lane};
use crate::error::RateLimit;

/// How many edits and dials may go past a waiting resync request before one goes: no lane starves.
const PATIENCE: u32 = 16;

#[derive(Debug)]
pub(super) struct Core {
    config: BudgetConfig,
    quota: Quota,
    dials: DialWindow,
    dials_paused_until: Duration,
    queues: Queues,
    tallies: Tallies,
    /// Grants to others since a resync request began to wait.
    passed_over: u32,
}

/// Whose turn it is, or when to look again.
enum Turn {
    Go(Ask),
    /// Nothing before then.
    At(Duration),
    /// Nothing before something finishes or enters.
    Idle,
}

impl Core {
    pub(super) fn new(config: BudgetConfig) -> Self {
        Self {
            config,
            quota: Quota::default(),
            dials: DialWindow::new(config.dials_per_second),
            dials_paused_until: Duration::ZERO,
            queues: Queues::default(),
            tallies: Tallies::default(),
            passed_over: 0,
        }
    }

    /// Takes a place at the end of its queue.
    pub(super) fn enter(&mut self, now: Duration, ask: Ask) -> Ticket {
        self.queues.enter(now, ask)
    }

    /// Gives a place up.
    pub(super) fn leave(&mut self, ticket: Ticket, ask: Ask) {
        self.queues.leave(ticket, ask);
    }

    /// The next request that goes now. It counts as in flight until [`finish`](Self::finish).
    pub(super) fn poll(&mut self, now: Duration) -> Option<Ticket> {
        let Turn::Go(ask) = self.turn(now) else { return None };
        let waiting = self.queues.pop(ask)?;
        self.admit(now, waiting);
        Some(waiting.ticket)
    }

    /// When to poll again though nothing happened: a pause or a window ends then.
    pub(super) fn wake(&mut self, now: Duration) -> Option<Duration> {
        match self.turn(now) {
            Turn::Go(_) => Some(now),
            Turn::At(at) => Some(at),
            Turn::Idle => None,
        }
    }

    /// The waiter that has waited longest.
    pub(super) fn eldest(&self) -> Option<Ticket> {
        self.queues.eldest()
    }

    /// A request that went is over.
    pub(super) fn finish(&mut self, ask: Ask) {
        self.tallies.finish(ask.lane());
    }

    pub(super) fn learn(&mut self, now: Duration, rate: RateLimit) {
        self.quota.learn(now, rate, self.tallies.all_in_flight().saturating_sub(1));
    }

    pub(super) fn requests_refused(&mut self, now: Duration, reset: Option<Duration>, jitter: f64) {
        self.quota.refused(now, reset, jitter);
    }

    pub(super) fn dials_refused(&mut self, now: Duration, jitter: f64) {
        let pause = DEFAULT_RESET.mul_f64(1.0 + 0.2 * jitter.clamp(0.0, 1.0));
        self.dials_paused_until = self.dials_paused_until.max(now + pause);
    }

    pub(super) fn set_dials_per_second(&mut self, now: Duration, per_second: u32) {
        self.dials.set_per_second(per_second, now);
    }

    pub(super) fn state(&self, now: Duration) -> BudgetState {
        let lane = |lane| self.tallies.state(lane, self.queues.waiting(lane));
        BudgetState {
            quota_limit: self.quota.limit(),
            quota_remaining: self.quota.remaining(now),
            paused_for: self.quota.paused_for(now),
            dials_paused_for: self.dials_paused_until.checked_sub(now).filter(|pause| !pause.is_zero()),
            dials_per_second: self.dials.per_second(),
            dials_in_window: self.dials.in_window(now),
            live_call: lane(Lane::LiveCall),
            edit: lane(Lane::Edit),
            resync: lane(Lane::Resync),
        }
    }

    fn turn(&mut self, now: Duration) -> Turn {
        let allowance = self.quota.allowance(now);
        if let Allowance::Nobody(until) = allowance {
            return if self.eldest().is_some() { Turn::At(until) } else { Turn::Idle };
        }
        let live_waits = self.queues.waiting(Lane::LiveCall) > 0;
        if live_waits && self.tallies.in_flight(Lane::LiveCall) < self.config.live_concurrency {
            return Turn::Go(Ask::Request(Lane::LiveCall));
        }
        let background = self.tallies.in_flight(Lane::Edit) + self.tallies.in_flight(Lane::Resync);
        if background >= self.config.concurrency {
            return Turn::Idle;
        }
        let background_waits = self.queues.waiting(Lane::Edit) + self.queues.waiting(Lane::Resync) > 0;
        match allowance {
            Allowance::LiveOnly(until) if background_waits => Turn::At(until),
            Allowance::LiveOnly(_) | Allowance::Nobody(_) => Turn::Idle,
            Allowance::All => self.background_turn(now),
        }
    }

    /// Edits and dials in the order they came, dials only when they may; resync when neither can go, or was patient enough.
    fn background_turn(&mut self, now: Duration) -> Turn {
        let dial = self.queues.first_dial();
        let dial_at = dial.and_then(|(_, phones)| {
            let paused = Some(self.dials_paused_until).filter(|until| *until > now);
            self.dials.next_at(now, phones).max(paused)
        });
        let ready_dial = dial.map(|(waiting, _)| waiting).filter(|_| dial_at.is_none());
        let edit = self.queues.first_edit();
        let foreground = [ready_dial, edit].into_iter().flatten().min_by_key(|waiting| waiting.ticket);
        match (foreground, self.queues.first_resync()) {
            (Some(_), Some(resync)) if self.passed_over >= PATIENCE => Turn::Go(resync.ask),
            (Some(waiting), _) | (None, Some(waiting)) => Turn::Go(waiting.ask),
            (None, None) => dial_at.map_or(Turn::Idle, Turn::At),
        }
    }

    fn admit(&mut self, now: Duration, waiting: Waiting) {
        self.quota.spend();
        if let Ask::Dial(phones) = waiting.ask {
            let granted = self.dials.try_dial(now, phones);
            debug_assert!(granted.is_ok(), "a dial goes only when its turn says so");
        }
        let lane = waiting.ask.lane();
        match lane {
            Lane::LiveCall => {}
            Lane::Edit if self.queues.waiting(Lane::Resync) == 0 => self.passed_over = 0,
            Lane::Edit => self.passed_over += 1,
            Lane::Resync => self.passed_over = 0,
        }
        self.tallies.admit(lane, now.saturating_sub(waiting.since));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EDIT: Ask = Ask::Request(Lane::Edit);
    const LIVE: Ask = Ask::Request(Lane::LiveCall);
    const RESYNC: Ask = Ask::Request(Lane::Resync);
    const DIAL: Ask = Ask::Dial(1);

    fn core(concurrency: u32, live_concurrency: u32, dials_per_second: u32) -> Core {
        Core::new(BudgetConfig { concurrency, live_concurrency, dials_per_second })
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Lets everybody go who may, one at a time, each finishing before the next looks; the order in which they went.
    fn order(core: &mut Core, asks: &[(Ticket, Ask)], now: Duration) -> Vec<Ask> {
        let mut went = Vec::new();
        while let Some(ticket) = core.poll(now) {
            let (_, ask) = asks.iter().find(|(known, _)| *known == ticket).unwrap();
            core.finish(*ask);
            went.push(*ask);
        }
        went
    }

    fn enter(core: &mut Core, asks: &[Ask]) -> Vec<(Ticket, Ask)> {
        asks.iter().map(|ask| (core.enter(secs(0), *ask), *ask)).collect()
    }

    #[test]
    fn live_calls_go_before_edits_and_edits_before_resync() {
        let mut core = core(1, 1, 30);
        let asks = enter(&mut core, &[RESYNC, EDIT, LIVE, DIAL, LIVE, EDIT]);
        assert_eq!(order(&mut core, &asks, secs(0)), [LIVE, LIVE, EDIT, DIAL, EDIT, RESYNC]);
    }

    #[test]
    fn live_calls_have_room_of_their_own() {
        let mut core = core(1, 1, 30);
        enter(&mut core, &[EDIT, EDIT, LIVE, LIVE]);
        assert!(core.poll(secs(0)).is_some());
        assert!(core.poll(secs(0)).is_some());
        assert_eq!(core.poll(secs(0)), None);
        let state = core.state(secs(0));
        assert_eq!((state.live_call.in_flight, state.edit.in_flight), (1, 1));
        assert_eq!((state.live_call.waiting, state.edit.waiting), (1, 1));
    }

    #[test]
    fn a_dial_that_must_wait_holds_up_no_edit() {
        let mut core = core(8, 8, 1);
        let asks = enter(&mut core, &[DIAL, DIAL, EDIT, RESYNC]);
        assert_eq!(order(&mut core, &asks, secs(0)), [DIAL, EDIT, RESYNC]);
        let wake = core.wake(secs(0)).unwrap();
        assert!(wake > secs(0) && wake < secs(2), "{wake:?}");
        assert_eq!(order(&mut core, &asks, wake), [DIAL]);
    }

    #[test]
    fn a_pause_of_dials_pauses_dials_alone() {
        let mut core = core(8, 8, 30);
        core.dials_refused(secs(0), 0.0);
        let asks = enter(&mut core, &[DIAL, EDIT, LIVE, RESYNC]);
        assert_eq!(order(&mut core, &asks, secs(0)), [LIVE, EDIT, RESYNC]);
        assert_eq!(core.wake(secs(0)), Some(secs(1)));
        assert_eq!(order(&mut core, &asks, secs(1)), [DIAL]);
    }

    #[test]
    fn a_pause_of_requests_pauses_everything() {
        let mut core = core(8, 8, 30);
        core.requests_refused(secs(0), Some(secs(7)), 0.0);
        let asks = enter(&mut core, &[DIAL, EDIT, LIVE, RESYNC]);
        assert_eq!(order(&mut core, &asks, secs(6)), []);
        assert_eq!(core.wake(secs(6)), Some(secs(7)));
        assert_eq!(order(&mut core, &asks, secs(7)), [LIVE, DIAL, EDIT, RESYNC]);
    }

    #[test]
    fn what_is_nearly_spent_is_kept_for_live_calls() {
        let mut core = core(8, 8, 30);
        let rate = RateLimit { limit: Some(100), remaining: Some(10), reset: Some(secs(5)) };
        core.learn(secs(0), rate);
        let asks = enter(&mut core, &[EDIT, LIVE]);
        assert_eq!(order(&mut core, &asks, secs(0)), [LIVE]);
        assert_eq!(core.wake(secs(0)), Some(secs(5)));
        assert_eq!(order(&mut core, &asks, secs(5)), [EDIT]);
    }

    #[test]
    fn resync_is_not_starved_by_edits() {
        let mut core = core(1, 1, 30);
        let mut asks = enter(&mut core, &[RESYNC]);
        asks.extend(enter(&mut core, &[EDIT; 40]));
        let order = order(&mut core, &asks, secs(0));
        assert_eq!(order.iter().position(|ask| *ask == RESYNC), Some(PATIENCE as usize));
    }

    #[test]
    fn waits_are_added_up_per_lane() {
        let mut core = core(1, 1, 30);
        core.enter(secs(1), EDIT);
        core.enter(secs(1), EDIT);
        assert!(core.poll(secs(1)).is_some());
        core.finish(EDIT);
        assert!(core.poll(secs(4)).is_some());
        let edit = core.state(secs(4)).edit;
        assert_eq!((edit.admitted, edit.waited), (2, secs(3)));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Enter(Ask),
        Leave(prop::sample::Index),
        Finish(prop::sample::Index),
        Pass(u64),
        RequestsRefused(u64),
        DialsRefused,
        Learn(u32, u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let ask = prop_oneof![Just(EDIT), Just(LIVE), Just(RESYNC), (1_u32..4).prop_map(Ask::Dial)];
        prop_oneof![
            6 => ask.prop_map(Step::Enter),
            1 => any::<prop::sample::Index>().prop_map(Step::Leave),
            4 => any::<prop::sample::Index>().prop_map(Step::Finish),
            4 => (0_u64..1500).prop_map(Step::Pass),
            1 => (0_u64..3).prop_map(Step::RequestsRefused),
            1 => Just(Step::DialsRefused),
            1 => (0_u32..30, 0_u64..4).prop_map(|(remaining, reset)| Step::Learn(remaining, reset)),
        ]
    }

    /// A budget, and what an onlooker knows of it.
    struct World {
        core: Core,
        now: Duration,
        waiting: Vec<(Ticket, Ask)>,
        out: Vec<Ask>,
    }

    impl World {
        fn drain(&mut self) {
            while let Some(ticket) = self.core.poll(self.now) {
                let index = self.waiting.iter().position(|(known, _)| *known == ticket).expect("nobody waits with it");
                self.out.push(self.waiting.remove(index).1);
            }
            let live = self.out.iter().filter(|ask| **ask == LIVE).count();
            assert!(live <= 2, "too many live commands are out");
            assert!(self.out.len() - live <= 3, "too many requests are out");
        }

        fn take(&mut self, step: &Step) {
            match step {
                Step::Enter(ask) => self.waiting.push((self.core.enter(self.now, *ask), *ask)),
                Step::Leave(index) if !self.waiting.is_empty() => {
                    let (ticket, ask) = self.waiting.remove(index.index(self.waiting.len()));
                    self.core.leave(ticket, ask);
                }
                Step::Finish(index) if !self.out.is_empty() => {
                    let ask = self.out.remove(index.index(self.out.len()));
                    self.core.finish(ask);
                }
                Step::Leave(_) | Step::Finish(_) => {}
                Step::Pass(millis) => self.now += Duration::from_millis(*millis),
                Step::RequestsRefused(reset) => self.core.requests_refused(self.now, Some(secs(*reset)), 0.5),
                Step::DialsRefused => self.core.dials_refused(self.now, 0.5),
                Step::Learn(remaining, reset) => {
                    let rate = RateLimit { limit: Some(20), remaining: Some(*remaining), reset: Some(secs(*reset)) };
                    self.core.learn(self.now, rate);
                }
            }
            self.drain();
        }

        /// Everything finishes and time passes as `wake` says; nothing else happens.
        fn heal(&mut self) {
            for _ in 0..10_000 {
                for ask in std::mem::take(&mut self.out) {
                    self.core.finish(ask);
                }
                self.drain();
                if self.out.is_empty() {
                    let Some(at) = self.core.wake(self.now) else { break };
                    assert!(at > self.now, "it asks to be woken at once, and then does nothing");
                    self.now = at;
                    self.drain();
                }
            }
            assert!(self.waiting.is_empty(), "these wait for ever: {:?}", self.waiting);
        }
    }

    proptest! {
        #[test]
        fn bounds_hold_and_nobody_waits_for_ever(steps in proptest::collection::vec(step(), 1..150)) {
            let mut world = World { core: core(3, 2, 2), now: Duration::ZERO, waiting: Vec::new(), out: Vec::new() };
            for step in &steps {
                world.take(step);
            }
            world.heal();
            let state = world.core.state(world.now);
            prop_assert_eq!(state.live_call.in_flight + state.edit.in_flight + state.resync.in_flight, 0);
        }
    }
}
