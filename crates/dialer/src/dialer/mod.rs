//! The dialer of one account: one input, then drain, then wait.
//!
//! Promises that nothing rings before its claim is stored, that no attempt rings twice, and that every target ends.
//! Does not know clocks, randomness, Kubernetes or HTTP.

mod acks;
mod agents;
mod calls;
mod campaigns;
mod claims;
mod commands;
mod dials;
mod ends;
mod flights;
mod frequency;
mod held_hangups;
mod judge;
mod look_ups;
mod report;
mod shares;
mod store;
mod take_over;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::agenda::Agenda;
use crate::dialer::acks::Acks;
use crate::dialer::commands::{EndedLegs, Outstanding};
use crate::do_not_call::DoNotCall;
use crate::effect::{Effect, Verdict};
use crate::ended::Ends;
use crate::event::Event;
use crate::handover::Handover;
use crate::ids::{CommandId, JobId, OwnerId, SessionId};
use crate::job::Job;
use crate::ledger::Ledger;
use crate::now::Now;
use crate::owner::{JobNo, Owner, OwnerNo, Slot};
use crate::pacing::{Governor, LearnedCap};
use crate::progress::Signals;
use crate::spec::AccountLimits;

/// How often a job may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// The least time between two writes of one job.
    pub save_gap: Duration,
    /// The same while a webhook's answer waits for the write: keep it well below [`ACK_PATIENCE`](crate::ACK_PATIENCE).
    /// Not above `save_gap`.
    pub ack_gap: Duration,
    /// The least time between two rounds of claims of one owner.
    pub claim_gap: Duration,
    /// Webhooks that may wait for their answer at once; more are told to come again.
    pub max_deliveries: usize,
}

impl Default for Tuning {
    /// One write a second and job; a hangup that was held (600 ms) and waits for a write is answered within 1.4 s, if the
    /// store is quick. Four rounds of claims a second and owner. A campaign of 1,000 targets at 100 dials a second saves
    /// its jobs 35 times (`tests/load.rs`); with gaps half as long 78 times.
    fn default() -> Self {
        Self {
            save_gap: Duration::from_secs(1),
            ack_gap: Duration::from_millis(750),
            claim_gap: Duration::from_millis(250),
            max_deliveries: 20_000,
        }
    }
}

/// The dialer of one account.
///
/// The rule: one [`handle`](Self::handle), then [`poll`](Self::poll) until `None`, then wait for the next event or for
/// [`wake`](Self::wake), whichever comes first. Every effect is answered by its event, once; when a request times out,
/// that is an answer too.
///
/// ```
/// use std::time::Duration;
/// use dialer::{Dialer, Effect, Event, Now, SessionId, Tuning};
/// use dialer::spec::AccountLimits;
///
/// # let clock = || Now { wall: "2026-07-01T12:00:00Z".parse().unwrap(), up: Duration::ZERO };
/// let mut dialer = Dialer::new(SessionId(7), Tuning::default(), clock());
/// let events = [Event::AccountSet(AccountLimits { dials_per_second: 30, max_concurrent: 10 }), Event::Ready];
/// for event in events {
///     dialer.handle(clock(), event);
///     while let Some(effect) = dialer.poll(clock()) {
///         match effect {
///             Effect::Save(_) | Effect::Load { .. } => { /* to the store */ }
///             Effect::Dial(_) | Effect::LookUp(_) | Effect::Command(_) => { /* to Telnyx */ }
///             Effect::Acknowledge { .. } => { /* to the webhook server */ }
///         }
///     }
/// }
/// assert_eq!(dialer.wake(), None);
/// ```
#[derive(Debug)]
pub struct Dialer {
    session: SessionId,
    tuning: Tuning,
    /// The latest reading, for questions that come without one.
    now: Now,
    limits: Option<AccountLimits>,
    governor: Governor,
    learned_cap: LearnedCap,
    in_flight: u32,
    ready: bool,
    /// Nothing is claimed any more.
    stopping: bool,
    owners: BTreeMap<OwnerNo, Owner>,
    owner_numbers: BTreeMap<OwnerId, OwnerNo>,
    jobs: BTreeMap<JobNo, Job>,
    job_numbers: BTreeMap<JobId, JobNo>,
    next_number: u32,
    ended_legs: EndedLegs,
    commands: BTreeMap<CommandId, Outstanding>,
    acks: Acks,
    do_not_call: DoNotCall,
    ledger: Ledger,
    signals: Signals,
    ends: Ends,
    agenda: Agenda<Due>,
    /// Owners with stored claims.
    turns: BTreeSet<OwnerNo>,
    out: VecDeque<Effect>,
}

/// Who has an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Command(CommandId),
    Flight(Slot),
    Job(JobNo),
    Owner(OwnerNo),
}

/// When to poll again, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// By the clock that never jumps.
    pub at: Duration,
    /// What will be looked at.
    pub why: WakeReason,
}

/// What a wake-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeReason {
    /// A stored claim waits for its turn to be dialled.
    Pacing,
    /// A webhook has waited for its answer as long as it may.
    Acknowledgement,
    /// A command on a leg is to be sent again.
    Command,
    /// A call's detector, look-up, resend or end is due.
    Call,
    /// A job is to be written or read.
    Store,
    /// A campaign's window, retry, start or end is due, or its next round of claims.
    Campaign,
}

/// The wall clock may jump, so nothing that waits for it sleeps longer.
const LONGEST_WALL_SLEEP: Duration = Duration::from_secs(30);

impl Dialer {
    /// A dialer that knows nothing yet. `session` has to differ between any two lives that may share a store.
    #[must_use]
    pub fn new(session: SessionId, tuning: Tuning, now: Now) -> Self {
        Self {
            session,
            tuning,
            now,
            limits: None,
            governor: Governor::new(0, now.up),
            learned_cap: LearnedCap::default(),
            in_flight: 0,
            ready: false,
            stopping: false,
            owners: BTreeMap::new(),
            owner_numbers: BTreeMap::new(),
            jobs: BTreeMap::new(),
            job_numbers: BTreeMap::new(),
            next_number: 0,
            ended_legs: EndedLegs::default(),
            commands: BTreeMap::new(),
            acks: Acks::default(),
            do_not_call: DoNotCall::default(),
            ledger: Ledger::default(),
            signals: Signals::default(),
            ends: Ends::default(),
            agenda: Agenda::default(),
            turns: BTreeSet::new(),
            out: VecDeque::new(),
        }
    }

    /// Takes one event in. Its consequences come out of [`poll`](Self::poll).
    pub fn handle(&mut self, now: Now, event: Event) {
        self.now = now;
        match event {
            Event::AccountSet(limits) => self.account_set(limits),
            Event::TookOver(before) => self.took_over(&before),
            Event::CampaignSet { owner, spec, audience } => self.campaign_set(&owner, spec, audience),
            Event::CampaignHushed { owner } => self.campaign_hushed(&owner),
            Event::CampaignRemoved { owner } => self.campaign_removed(&owner),
            Event::JobLoaded(job) => self.job_loaded(job),
            Event::JobRemoved { job } => self.job_removed(&job),
            Event::DoNotCall { number } => self.do_not_call(&number),
            Event::DoNotCallSet { lists } => self.do_not_call_set(lists),
            Event::HistorySet { history } => self.ledger.give(history),
            Event::RangBefore { number, ring } => self.ledger.remember(&number, std::iter::once(ring)),
            Event::Agents { owner, free, waiting } => self.agents_told(&owner, free, waiting),
            Event::ResultsPileUp { owner, full } => self.results_pile_up(&owner, full),
            Event::JobTouched { job } => self.job_touched(&job),
            Event::Ready => self.all_loaded(),
            Event::Stopping => self.stop(),
            Event::Saved(saved) => self.saved(saved),
            Event::NotSaved(unsaved, why) => self.not_saved(&unsaved, why),
            Event::Reloaded { job, version, states } => self.reloaded(&job, version, states),
            Event::ReloadFailed { job } => self.reload_failed(&job),
            Event::DialAccepted { key, leg } => self.dial_accepted(&key, leg),
            Event::DialRefused { key, refusal } => self.dial_refused(&key, refusal),
            Event::DialFateUnknown { key } => self.dial_fate_unknown(&key),
            Event::LookedUp { key, findings } => self.looked_up(&key, findings),
            Event::CommandAccepted { command_id, .. } => self.command_accepted(command_id),
            Event::CommandRefused { command_id, refusal, .. } => self.command_refused(command_id, refusal),
            Event::CommandFateUnknown { command_id, .. } => self.command_fate_unknown(command_id),
            Event::Webhook { token, call } => self.webhook(token, &call),
        }
    }

    /// The next effect, or `None` when there is nothing to do until the next event or [`wake`](Self::wake).
    pub fn poll(&mut self, now: Now) -> Option<Effect> {
        self.now = now;
        loop {
            if let Some(effect) = self.out.pop_front() {
                return Some(effect);
            }
            if let Some(token) = self.acks.pop_overdue(now.up) {
                return Some(Effect::Acknowledge { token, verdict: Verdict::Retry });
            }
            match self.agenda.pop_due(now.up) {
                Some(Due::Command(command)) => self.command_due(command),
                Some(Due::Flight(slot)) => self.flight_due(slot),
                Some(Due::Job(job)) => self.job_due(job),
                Some(Due::Owner(owner)) => self.owner_due(owner),
                None => match self.next_dial() {
                    Some(dial) => return Some(Effect::Dial(dial)),
                    None if self.out.is_empty() && !self.has_due(now.up) => return None,
                    None => {}
                },
            }
        }
    }

    /// What the next dialer of the account has to know, if this one dials no more.
    #[must_use]
    pub fn handover(&self, now: Now) -> Handover {
        self.governor.handover(now.up)
    }

    fn has_due(&self, now: Duration) -> bool {
        self.agenda.first().is_some_and(|(at, _)| at <= now)
    }

    /// When to poll again though no event comes, and why. `None`: only an event can change anything.
    #[must_use]
    pub fn wake(&self) -> Option<Wake> {
        let agenda = self.agenda.first().map(|(at, due)| Wake {
            at,
            why: match due {
                Due::Command(_) => WakeReason::Command,
                Due::Flight(_) => WakeReason::Call,
                Due::Job(_) => WakeReason::Store,
                Due::Owner(_) => WakeReason::Campaign,
            },
        });
        let dial = self.next_dial_at().map(|at| Wake { at, why: WakeReason::Pacing });
        let ack = self.acks.next_overdue().map(|at| Wake { at, why: WakeReason::Acknowledgement });
        [agenda, dial, ack].into_iter().flatten().min_by_key(|wake| wake.at)
    }

    /// Where the wall clock's `at` lies on the clock that never jumps, as far as can be told now.
    fn up_at(&self, at: Timestamp) -> Duration {
        self.now.up + crate::now::gap(self.now.wall, at).min(LONGEST_WALL_SLEEP)
    }

    fn number(&mut self) -> u32 {
        self.next_number += 1;
        self.next_number
    }
}
