//! Who goes next: the pure core of the budget. Knows no clock and no runtime.
//!
//! One input ([`enter`](Core::enter), [`leave`](Core::leave), [`finish`](Core::finish), …), then drain: call
//! [`poll`](Core::poll) until `None`; then wait for the next input or for [`wake`](Core::wake).

use std::collections::VecDeque;
use std::time::Duration;

use super::quota::{Allowance, DEFAULT_RESET, Quota};
use super::window::DialWindow;
use super::{BudgetConfig, BudgetState, Lane, LaneState};
use crate::error::RateLimit;

/// How many edits and dials may go past a waiting resync request before one goes: no lane starves.
const PATIENCE: u32 = 16;

/// What a request is, as far as its turn goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Any request but a dial.
    Request(Lane),
    /// A dial to so many phones. Goes in the lane of edits, but neither blocks them nor is blocked by them.
    Dial(u32),
}

impl Ask {
    pub(super) const fn lane(self) -> Lane {
        match self {
            Self::Request(lane) => lane,
            Self::Dial(_) => Lane::Edit,
        }
    }
}

/// A place in the queue. A lower one came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ticket(u64);

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    ask: Ask,
    since: Duration,
}

#[derive(Debug, Default)]
struct Tally {
    in_flight: u32,
    admitted: u64,
    waited: Duration,
}

#[derive(Debug)]
pub(super) struct Core {
    config: BudgetConfig,
    quota: Quota,
    dials: DialWindow,
    dials_paused_until: Duration,
    live: VecDeque<Waiting>,
    edits: VecDeque<Waiting>,
    dialing: VecDeque<Waiting>,
    resync: VecDeque<Waiting>,
    tallies: [Tally; 3],
    /// Grants to others since a resync request began to wait.
    passed_over: u32,
    next_ticket: u64,
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
            live: VecDeque::new(),
            edits: VecDeque::new(),
            dialing: VecDeque::new(),
            resync: VecDeque::new(),
            tallies: Default::default(),
            passed_over: 0,
            next_ticket: 0,
        }
    }

    /// Takes a place at the end of its queue.
    pub(super) fn enter(&mut self, now: Duration, ask: Ask) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.queue(ask).push_back(Waiting { ticket, ask, since: now });
        ticket
    }

    /// Gives a place up.
    pub(super) fn leave(&mut self, ticket: Ticket, ask: Ask) {
        self.queue(ask).retain(|waiting| waiting.ticket != ticket);
    }

    /// The next request that goes now. It counts as in flight until [`finish`](Self::finish).
    pub(super) fn poll(&mut self, now: Duration) -> Option<Ticket> {
        let Turn::Go(ask) = self.turn(now) else { return None };
        let waiting = self.queue(ask).pop_front()?;
        self.admit(now, waiting.ask, waiting.since);
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
        [&self.live, &self.edits, &self.dialing, &self.resync]
            .into_iter()
            .filter_map(|q| q.front())
            .map(|w| w.ticket)
            .min()
    }

    /// A request that went is over.
    pub(super) fn finish(&mut self, ask: Ask) {
        let tally = self.tally(ask.lane());
        tally.in_flight = tally.in_flight.saturating_sub(1);
    }

    pub(super) fn learn(&mut self, now: Duration, rate: RateLimit) {
        let in_flight = self.tallies.iter().map(|tally| tally.in_flight).sum::<u32>().saturating_sub(1);
        self.quota.learn(now, rate, in_flight);
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
        let lane = |tally: &Tally, waiting: usize| LaneState {
            waiting,
            in_flight: tally.in_flight,
            admitted: tally.admitted,
            waited: tally.waited,
        };
        let [live, edit, resync] = &self.tallies;
        BudgetState {
            quota_limit: self.quota.limit(),
            quota_remaining: self.quota.remaining(now),
            paused_for: self.quota.paused_for(now),
            dials_paused_for: self.dials_paused_until.checked_sub(now).filter(|pause| !pause.is_zero()),
            dials_per_second: self.dials.per_second(),
            dials_in_window: self.dials.in_window(now),
            live_call: lane(live, self.live.len()),
            edit: lane(edit, self.edits.len() + self.dialing.len()),
            resync: lane(resync, self.resync.len()),
        }
    }

    fn turn(&mut self, now: Duration) -> Turn {
        let allowance = self.quota.allowance(now);
        if let Allowance::Nobody(until) = allowance {
            return if self.eldest().is_some() { Turn::At(until) } else { Turn::Idle };
        }
        if !self.live.is_empty() && self.tally(Lane::LiveCall).in_flight < self.config.live_concurrency {
            return Turn::Go(Ask::Request(Lane::LiveCall));
        }
        let background = self.tally(Lane::Edit).in_flight + self.tally(Lane::Resync).in_flight;
        if background >= self.config.concurrency {
            return Turn::Idle;
        }
        match allowance {
            Allowance::LiveOnly(until) if self.background_waits() => Turn::At(until),
            Allowance::LiveOnly(_) | Allowance::Nobody(_) => Turn::Idle,
            Allowance::All => self.background_turn(now),
        }
    }

    fn background_waits(&self) -> bool {
        !(self.edits.is_empty() && self.dialing.is_empty() && self.resync.is_empty())
    }

    /// Edits and dials in the order they came, dials only when they may; resync when neither can go, or was patient enough.
    fn background_turn(&mut self, now: Duration) -> Turn {
        let dial = self.dialing.front().map(|waiting| (waiting.ticket, waiting.ask));
        let dial_at = match dial {
            Some((_, Ask::Dial(phones))) => {
                let paused = Some(self.dials_paused_until).filter(|until| *until > now);
                self.dials.next_at(now, phones).max(paused)
            }
            Some((_, Ask::Request(_))) | None => None,
        };
        let ready_dial = dial.filter(|_| dial_at.is_none());
        let edit = self.edits.front().map(|waiting| (waiting.ticket, waiting.ask));
        let foreground = [ready_dial, edit].into_iter().flatten().min_by_key(|(ticket, _)| *ticket);
        let resync = self.resync.front().map(|waiting| waiting.ask);
        match (foreground, resync) {
            (Some(_), Some(ask)) if self.passed_over >= PATIENCE => Turn::Go(ask),
            (Some((_, ask)), _) | (None, Some(ask)) => Turn::Go(ask),
            (None, None) => dial_at.map_or(Turn::Idle, Turn::At),
        }
    }

    fn admit(&mut self, now: Duration, ask: Ask, since: Duration) {
        self.quota.spend();
        if let Ask::Dial(phones) = ask {
            let granted = self.dials.try_dial(now, phones);
            debug_assert!(granted.is_ok(), "a dial goes only when its turn says so");
        }
        match ask.lane() {
            Lane::LiveCall => {}
            Lane::Edit if self.resync.is_empty() => self.passed_over = 0,
            Lane::Edit => self.passed_over += 1,
            Lane::Resync => self.passed_over = 0,
        }
        let tally = self.tally(ask.lane());
        tally.in_flight += 1;
        tally.admitted += 1;
        tally.waited += now.saturating_sub(since);
    }

    fn tally(&mut self, lane: Lane) -> &mut Tally {
        let [live, edit, resync] = &mut self.tallies;
        match lane {
            Lane::LiveCall => live,
            Lane::Edit => edit,
            Lane::Resync => resync,
        }
    }

    fn queue(&mut self, ask: Ask) -> &mut VecDeque<Waiting> {
        match ask {
            Ask::Request(Lane::LiveCall) => &mut self.live,
            Ask::Request(Lane::Edit) => &mut self.edits,
            Ask::Request(Lane::Resync) => &mut self.resync,
            Ask::Dial(_) => &mut self.dialing,
        }
    }
}
