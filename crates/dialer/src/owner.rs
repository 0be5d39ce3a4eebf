//! One campaign, or one job that stands alone: what waits, in which zone, and how fast it may go.
//!
//! Promises that a target waits in exactly one queue, and that a closed window costs nothing per target. Does not know
//! the jobs' states.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::adaptive::{Abandonment, LiveCounts, Pool};
use crate::breaker::Results;
use crate::caller_ids::CallerIds;
use crate::cost::{Placed, Spending};
use crate::ids::{OwnerId, TargetId};
use crate::misconfigured::Misconfigured;
use crate::now::Now;
use crate::outcome::Outcome;
use crate::pacing::{Bucket, LearnedCap};
use crate::phone::PhoneNumber;
use crate::progress::{CampaignEnd, Tallied};
use crate::ramp::RampUp;
use crate::spec::{Audience, CampaignSpec, DialRate, FromSelection, Pacing, TargetSpec, Zone};
use crate::tally::Halt;
use crate::target::TargetState;
use crate::window::{WindowState, never_together};

/// A job's number in this process.
pub(crate) type JobNo = u32;
/// An owner's number in this process.
pub(crate) type OwnerNo = u32;

/// Where a target lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) job: JobNo,
    pub(crate) index: u32,
}

impl Slot {
    /// The index into the job's targets and states.
    pub(crate) fn at(self) -> usize {
        usize::try_from(self.index).unwrap_or(usize::MAX)
    }
}

/// Whether what an owner asked for last still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It does.
    Current,
    /// What it asks for now cannot be read.
    Unreadable,
    /// It asks for nothing any more.
    Removed,
}

/// One campaign, or one job that stands alone.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) id: OwnerId,
    /// `None` until it is told; a removed campaign keeps its last, for the calls under way.
    pub(crate) spec: Option<Arc<CampaignSpec>>,
    pub(crate) audience: Audience,
    pub(crate) validity: Validity,
    pub(crate) targets: BTreeMap<TargetId, Slot>,
    pub(crate) jobs: BTreeSet<JobNo>,
    pub(crate) queues: Vec<ZoneQueue>,
    /// Waiting targets that expire.
    pub(crate) expiries: BTreeSet<(Timestamp, Slot)>,
    /// Stored claims, in the order of dialing.
    pub(crate) ready: VecDeque<Slot>,
    /// Claims that nothing was dialled for: on their way to the store, or ready.
    pub(crate) undialled: u32,
    pub(crate) bucket: Bucket,
    pub(crate) ramp: RampUp,
    pub(crate) results: Results,
    /// Dials so far, each weighed by the share: who has passed least is next.
    pub(crate) passed: u64,
    /// The wall clock when last looked.
    looked_at: Timestamp,
    /// Some window was open when last looked.
    was_open: bool,
    pub(crate) learned_cap: LearnedCap,
    pub(crate) next_claim: Duration,
    pub(crate) caller_ids: CallerIds,
    pub(crate) tallied: Tallied,
    pub(crate) used: Used,
    /// Results pile up where they are taken to: nothing new is claimed.
    pub(crate) results_pile_up: bool,
    /// The deadline that has come, once calls under way were looked at for it.
    pub(crate) noticed_deadline: Option<Timestamp>,
    /// Set by a refusal that only a person can cure.
    pub(crate) misconfigured: Option<Misconfigured>,
    pub(crate) dialled: u64,
    /// Its agents, where it dials by them.
    pub(crate) pool: Pool,
}

/// What the targets of an owner have used up together, and what they say of it.
#[derive(Debug, Default)]
pub(crate) struct Used {
    placed: Placed,
    halts: BTreeMap<Halt, u32>,
    live: LiveCounts,
}

impl Used {
    /// Calls that a person answered, by the hour.
    pub(crate) fn live(&self) -> &LiveCounts {
        &self.live
    }

    pub(crate) fn add(&mut self, state: &TargetState) {
        self.placed.calls += u64::from(state.calls());
        self.placed.minutes += u64::from(state.tally().minutes);
        self.placed.under_way += u64::from(state.attempt().is_some());
        self.live.add(state.tally().answers);
        if let Some(halt) = state.tally().halt {
            *self.halts.entry(halt).or_default() += 1;
        }
    }

    pub(crate) fn remove(&mut self, state: &TargetState) {
        self.placed.calls -= u64::from(state.calls());
        self.placed.minutes -= u64::from(state.tally().minutes);
        self.placed.under_way -= u64::from(state.attempt().is_some());
        self.live.remove(state.tally().answers);
        if let Some(halt) = state.tally().halt
            && let Some(count) = self.halts.get_mut(&halt)
        {
            *count -= 1;
            if *count == 0 {
                self.halts.remove(&halt);
            }
        }
    }
}

/// Where targets live, and who says so.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Home {
    /// The target itself.
    Own(Zone),
    /// Its number. The campaign's default, where it has one, goes before.
    OfNumber(Zone),
}

impl Home {
    pub(crate) fn of(target: &TargetSpec) -> Self {
        target.zone.clone().map_or_else(|| Self::OfNumber(target.zone_of_number.clone()), Self::Own)
    }

    /// The zone that counts.
    fn zone<'a>(&'a self, default: &'a Zone) -> &'a Zone {
        match (self, default) {
            (Self::Own(own), _) => own,
            (Self::OfNumber(of_number), Zone::Unknown) => of_number,
            (Self::OfNumber(_), Zone::Known(_) | Zone::OneOf(_)) => default,
        }
    }
}

/// Waiting targets of one zone.
#[derive(Debug)]
pub(crate) struct ZoneQueue {
    pub(crate) home: Home,
    pub(crate) window: Option<WindowState>,
    /// Nobody knows where they live, or not well enough for any window. As old as `window`.
    pub(crate) barred: bool,
    pub(crate) due: BTreeMap<JobNo, BTreeSet<u32>>,
    pub(crate) later: BTreeSet<(Timestamp, Slot)>,
}

impl ZoneQueue {
    fn insert(&mut self, slot: Slot, due_at: Option<Timestamp>) {
        match due_at {
            Some(at) => {
                self.later.insert((at, slot));
            }
            None => {
                self.due.entry(slot.job).or_default().insert(slot.index);
            }
        }
    }

    fn remove(&mut self, slot: Slot, due_at: Option<Timestamp>) {
        if due_at.is_some_and(|at| self.later.remove(&(at, slot))) {
            return;
        }
        if let Some(indices) = self.due.get_mut(&slot.job) {
            indices.remove(&slot.index);
            if indices.is_empty() {
                self.due.remove(&slot.job);
            }
        }
    }

    /// Moves what has become due.
    fn ripen(&mut self, wall: Timestamp) {
        while let Some((_, slot)) = self.later.first().copied().filter(|(at, _)| *at <= wall) {
            self.later.pop_first();
            self.due.entry(slot.job).or_default().insert(slot.index);
        }
    }

    /// All that wait here.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let due = self.due.iter().flat_map(|(job, set)| set.iter().map(|index| Slot { job: *job, index: *index }));
        due.chain(self.later.iter().map(|(_, slot)| *slot)).collect()
    }

    /// Whether a call begun at `wall` rings out before the window closes.
    pub(crate) fn is_open(&self, wall: Timestamp, ring_timeout: Duration) -> bool {
        self.window.is_some_and(|window| {
            let rings_out = window.covers(crate::now::later(wall, ring_timeout)) || !window.until_changes;
            window.open && window.covers(wall) && rings_out
        })
    }
}

impl Owner {
    pub(crate) fn new(id: OwnerId, now: Duration) -> Self {
        Self {
            id,
            spec: None,
            audience: Audience::MoreToCome,
            validity: Validity::Current,
            targets: BTreeMap::new(),
            jobs: BTreeSet::new(),
            queues: Vec::new(),
            expiries: BTreeSet::new(),
            ready: VecDeque::new(),
            undialled: 0,
            bucket: Bucket::new(DialRate::from_millis(0), 1, now),
            ramp: RampUp::new(now),
            results: Results::default(),
            passed: 0,
            looked_at: Timestamp::UNIX_EPOCH,
            was_open: false,
            learned_cap: LearnedCap::default(),
            next_claim: Duration::ZERO,
            caller_ids: CallerIds::default(),
            tallied: Tallied::default(),
            used: Used::default(),
            results_pile_up: false,
            noticed_deadline: None,
            misconfigured: None,
            dialled: 0,
            pool: Pool::default(),
        }
    }

    /// Takes a new spec.
    pub(crate) fn set_spec(&mut self, spec: Arc<CampaignSpec>, now: Duration) {
        if self
            .spec
            .as_ref()
            .is_some_and(|before| (before.suspended || self.validity == Validity::Unreadable) && !spec.suspended)
        {
            self.ramp.restart(now);
        }
        if self.spec.as_ref().is_none_or(|before| before.from != spec.from) {
            self.caller_ids = CallerIds::default();
        }
        self.spec = Some(spec);
        self.validity = Validity::Current;
        self.misconfigured = None;
        for queue in &mut self.queues {
            queue.window = None;
        }
        self.pace(now);
    }

    /// Dials at the rate that the ramp has come to.
    pub(crate) fn pace(&mut self, now: Duration) {
        let Some(spec) = &self.spec else { return };
        let Pacing { dials_per_second, ramp, .. } = spec.pacing;
        let rate = self.ramp.rate(ramp.as_ref(), dials_per_second, now);
        // A bucket that is refilled at every look forgets what it could give ahead.
        if rate != self.bucket.rate() {
            self.bucket.set_rate(rate, burst(rate), now);
        }
    }

    /// When the rate may rise next.
    pub(crate) fn next_pace(&self) -> Option<Duration> {
        let Pacing { dials_per_second, ramp, .. } = self.spec.as_ref()?.pacing;
        self.ramp.next_step(ramp.as_ref(), dials_per_second)
    }

    /// A dial has left.
    pub(crate) fn has_dialled(&mut self) {
        self.ramp.dialled();
        self.passed = self.passed.saturating_add(u64::from(u16::MAX) / u64::from(self.share()));
    }

    /// Higher comes first.
    pub(crate) fn priority(&self) -> u8 {
        self.spec.as_ref().map_or(0, |spec| spec.pacing.priority)
    }

    /// Its share among those of the same priority.
    pub(crate) fn share(&self) -> u16 {
        self.spec.as_ref().map_or(1, |spec| spec.pacing.share.max(1))
    }

    /// Whether a target is due in an open window.
    pub(crate) fn has_due(&self, wall: Timestamp) -> bool {
        let Some(spec) = &self.spec else { return false };
        self.queues.iter().any(|queue| !queue.due.is_empty() && queue.is_open(wall, spec.ring_timeout))
    }

    /// The queue of those who live there, made on first sight.
    pub(crate) fn queue_of(&mut self, home: Home) -> usize {
        if let Some(index) = self.queues.iter().position(|queue| queue.home == home) {
            return index;
        }
        let queue = ZoneQueue { home, window: None, barred: false, due: BTreeMap::new(), later: BTreeSet::new() };
        self.queues.push(queue);
        self.queues.len() - 1
    }

    pub(crate) fn enqueue(&mut self, queue: usize, slot: Slot, due_at: Option<Timestamp>) {
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.insert(slot, due_at);
        }
    }

    pub(crate) fn dequeue(&mut self, queue: usize, slot: Slot, due_at: Option<Timestamp>) {
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.remove(slot, due_at);
        }
    }

    /// Brings every queue up to `now`: what is due, which windows are open.
    pub(crate) fn refresh(&mut self, now: Now) {
        let Some(spec) = self.spec.clone() else { return };
        let wall = now.wall;
        self.looked_at = wall;
        if let (Some(adaptive), Some(so_far)) = (spec.pacing.adaptive, self.abandonment()) {
            self.pool.step(&adaptive, so_far, now.up);
        }
        for queue in &mut self.queues {
            queue.ripen(wall);
            if queue.window.is_none_or(|window| !window.covers(wall)) {
                let zones = queue.home.zone(&spec.default_zone).all();
                queue.window = Some(WindowState::at(&spec.windows, &spec.blackouts, zones, wall));
                queue.barred = zones.is_empty() || never_together(&spec.windows, zones, wall);
            }
        }
        let is_open = self.queues.iter().any(|queue| queue.window.is_some_and(|window| window.open));
        if is_open && !self.was_open {
            self.ramp.restart(now.up);
            self.pace(now.up);
        }
        self.was_open = is_open;
    }

    /// Targets that are waiting though nobody knows their zone, or not well enough for any window.
    pub(crate) fn without_zone(&self) -> Vec<Slot> {
        self.queues.iter().filter(|queue| queue.barred).flat_map(ZoneQueue::slots).collect()
    }

    /// Whether the campaign as a whole may dial at `wall`, as often as it likes.
    pub(crate) fn may_dial(&self, wall: Timestamp) -> bool {
        self.wants_calls(wall) && self.misconfigured.is_none()
    }

    /// Whether the campaign wants calls at `wall`.
    pub(crate) fn wants_calls(&self, wall: Timestamp) -> bool {
        let Some(spec) = &self.spec else { return false };
        self.validity == Validity::Current
            && !spec.suspended
            && self.halt().is_none()
            && self.end().is_none()
            && !spec.from.is_empty()
            && spec.start_at.is_none_or(|start| start <= wall)
            && spec.stop_at.is_none_or(|stop| wall < stop)
            && !self.is_overdue(wall)
    }

    /// Whether its deadline has come.
    pub(crate) fn is_overdue(&self, wall: Timestamp) -> bool {
        self.spec.as_ref().and_then(|spec| spec.deadline()).is_some_and(|deadline| deadline <= wall)
    }

    /// Whether calls under way follow the drain policy.
    pub(crate) fn drains(&self, wall: Timestamp) -> bool {
        self.validity == Validity::Removed
            || self.is_overdue(wall)
            || self.spec.as_ref().is_some_and(|spec| spec.suspended)
    }

    /// How many targets the whole list has. `None`: nobody knows yet.
    fn list(&self) -> Option<u32> {
        let all_here = || (self.audience == Audience::Complete).then(|| self.tallied.counts.total());
        self.spec.as_ref()?.list.or_else(all_here)
    }

    /// How many more calls it may have at once.
    pub(crate) fn room(&self, now: Duration) -> u32 {
        self.cap(now).saturating_sub(self.tallied.counts.in_flight())
    }

    /// How many calls it may have at once.
    pub(crate) fn cap(&self, now: Duration) -> u32 {
        let configured = self.spec.as_ref().map_or(0, |spec| spec.pacing.max_concurrent);
        configured.min(self.learned_cap.get(now).unwrap_or(u32::MAX))
    }

    /// How many more targets it may claim: what pacing lets out soon, less what is claimed already.
    pub(crate) fn claims_wanted(&self, now: Duration) -> u32 {
        if self.caller_ids_rest_until(now).is_some() {
            return 0;
        }
        let paced = self.bucket.by(now + CLAIM_AHEAD).saturating_sub(self.undialled);
        let paced = match &self.misconfigured {
            None => paced,
            Some(misconfigured) => paced.min(u32::from(misconfigured.trial_at() <= now)),
        };
        paced.min(self.room(now)).min(self.budget()).min(self.agents_room(now).unwrap_or(u32::MAX))
    }

    /// Calls that a person answered within the window that counts, and those that were abandoned, those under way among
    /// them. `None`: the campaign does not dial by agents.
    pub(crate) fn abandonment(&self) -> Option<Abandonment> {
        let adaptive = self.spec.as_ref()?.pacing.adaptive?;
        let ended = self.used.live.within(adaptive.window, self.looked_at);
        let late = self.pool.late;
        Some(Abandonment { answered: ended.answered + late, abandoned: ended.abandoned + late })
    }

    /// How many more phones may ring for its agents. `None`: the campaign does not dial by agents.
    pub(crate) fn agents_room(&self, now: Duration) -> Option<u32> {
        let adaptive = self.spec.as_ref()?.pacing.adaptive?;
        let so_far = self.abandonment()?;
        // What is late now will be stored with its end, and may halt the campaign then.
        if self.pool.late > 0 && so_far.reaches(adaptive.hard_stop) {
            return Some(0);
        }
        let counts = self.tallied.counts;
        let free = self.pool.free(adaptive.agents, counts.live, now);
        Some(self.pool.lines(&adaptive, free, so_far).saturating_sub(counts.claimed + counts.dialing))
    }

    /// From when on pacing wants another claim; `None` when never.
    pub(crate) fn next_claim_wanted(&self) -> Option<Duration> {
        let at = self.bucket.nth_ready_at(self.undialled.saturating_add(1))?;
        Some(at.saturating_sub(CLAIM_AHEAD))
    }

    /// Up to `most` due targets of a job, from queues whose window is open.
    pub(crate) fn due_of(&self, job: JobNo, most: u32, wall: Timestamp) -> Vec<u32> {
        let Some(spec) = &self.spec else { return Vec::new() };
        let open = self.queues.iter().filter(|queue| queue.is_open(wall, spec.ring_timeout));
        let due = open.filter_map(|queue| queue.due.get(&job)).flatten();
        due.take(usize::try_from(most).unwrap_or(usize::MAX)).copied().collect()
    }

    /// Jobs with due targets in open windows.
    pub(crate) fn jobs_with_due(&self, wall: Timestamp) -> BTreeSet<JobNo> {
        let Some(spec) = &self.spec else { return BTreeSet::new() };
        let open = self.queues.iter().filter(|queue| queue.is_open(wall, spec.ring_timeout));
        open.flat_map(|queue| queue.due.keys().copied()).collect()
    }

    /// The caller id of the next dial to the target at `slot`; `None` while all of them rest.
    pub(crate) fn choose_from(&mut self, slot: Slot, callee: &PhoneNumber, now: Duration) -> Option<u16> {
        let count = self.caller_id_count();
        let spec = self.spec.as_ref()?;
        match spec.from_selection {
            FromSelection::LocalPresence => self.caller_ids.nearest(&spec.from, callee, now),
            FromSelection::RoundRobin => self.caller_ids.in_turn(count, now),
            FromSelection::Sticky => {
                let own = u16::try_from(slot.index % u32::from(count)).unwrap_or(0);
                self.caller_ids.from(own, count, now)
            }
        }
    }

    fn caller_id_count(&self) -> u16 {
        let count = self.spec.as_ref().map_or(0, |spec| spec.from.len());
        u16::try_from(count).unwrap_or(u16::MAX).max(1)
    }

    /// Until when every caller id rests; `None` when one may be shown.
    pub(crate) fn caller_ids_rest_until(&self, now: Duration) -> Option<Duration> {
        self.caller_ids.rest_until(self.caller_id_count(), now)
    }

    /// How many more calls may be placed.
    pub(crate) fn budget(&self) -> u32 {
        let Some(spec) = &self.spec else { return 0 };
        let calls = spec.max_calls.map_or(u32::MAX, |most| {
            u32::try_from(u64::from(most).saturating_sub(self.used.placed.calls)).unwrap_or(u32::MAX)
        });
        calls.min(spec.cost.map_or(u32::MAX, |cost| cost.calls_left(self.used.placed, longest(spec))))
    }

    /// Whether more calls may be placed once those under way have ended, since they may be cheaper than they could be.
    pub(crate) fn may_afford_more_later(&self) -> bool {
        let Some(spec) = &self.spec else { return false };
        let ended = Placed { under_way: 0, ..self.used.placed };
        let within_calls = spec.max_calls.is_none_or(|most| self.used.placed.calls < u64::from(most));
        within_calls
            && self.tallied.counts.in_flight() > 0
            && spec.cost.is_none_or(|cost| cost.calls_left(ended, longest(spec)) > 0)
    }

    /// What its calls have cost, and may still. `None`: it has no bound of money, so nobody knows prices.
    pub(crate) fn spending(&self) -> Option<Spending> {
        let spec = self.spec.as_ref()?;
        Some(spec.cost?.spending(self.used.placed, longest(spec)))
    }

    /// Why it dials nothing more until somebody changes it.
    pub(crate) fn halt(&self) -> Option<Halt> {
        self.used.halts.keys().rev().find(|halt| **halt != Halt::FailedByRule).copied()
    }

    /// Whether it is over before all its targets were reached.
    pub(crate) fn end(&self) -> Option<CampaignEnd> {
        let spec = self.spec.as_ref()?;
        if self.used.halts.contains_key(&Halt::FailedByRule) {
            return Some(CampaignEnd::FailedByRule);
        }
        let ended_as = |outcome| self.tallied.outcomes.get(&outcome).copied().unwrap_or(0);
        let reached = ended_as(Outcome::Completed) + ended_as(Outcome::VoicemailLeft);
        let (enough, most) = match self.list() {
            Some(all) => (spec.enough_reached.map(|it| it.at_least(all)), spec.most_failed.map(|it| it.at_most(all))),
            None => (None, None),
        };
        if enough.is_some_and(|enough| enough <= reached) {
            return Some(CampaignEnd::Satisfied);
        }
        let too_many = most.is_some_and(|most| most < self.tallied.counts.failed);
        too_many.then_some(CampaignEnd::TooManyFailed)
    }

    /// Whether its deadline has come before all its targets were reached.
    pub(crate) fn ran_out_of_time(&self, wall: Timestamp) -> bool {
        self.is_overdue(wall) && self.tallied.outcomes.contains_key(&Outcome::Expired)
    }

    /// When the next window opens for a target that waits; `None` while one is open, or when none ever opens.
    pub(crate) fn next_opening(&self, wall: Timestamp) -> Option<Timestamp> {
        let waiting = self.queues.iter().filter(|queue| !(queue.due.is_empty() && queue.later.is_empty()));
        let mut windows = waiting.filter_map(|queue| queue.window);
        if windows.clone().any(|window| window.open && window.covers(wall)) {
            return None;
        }
        windows.by_ref().filter(|window| window.until_changes).map(|window| window.until).min()
    }

    /// The next instant of the wall clock at which something changes by itself.
    pub(crate) fn next_change(&self, wall: Timestamp) -> Option<Timestamp> {
        let spec = self.spec.as_ref()?;
        let queues = self.queues.iter().filter(|queue| !(queue.due.is_empty() && queue.later.is_empty()));
        let windows = queues.clone().filter_map(|queue| queue.window.map(|window| window.until));
        let due = queues.filter_map(|queue| queue.later.first().map(|(at, _)| *at));
        let expiry = self.expiries.first().map(|(at, _)| *at);
        let bounds = [spec.start_at, spec.stop_at, spec.deadline(), expiry].into_iter().flatten();
        windows.chain(due).chain(bounds).filter(|at| *at > wall).min()
    }
}

/// Claims are made this long ahead of their dials. It covers the gap between two saves of a job and a slow save.
const CLAIM_AHEAD: Duration = Duration::from_secs(2);

/// How long a call may last, its ringing included.
fn longest(spec: &CampaignSpec) -> Duration {
    spec.ring_timeout + spec.max_call
}

/// A second's worth of dials and one: what a pause may catch up.
fn burst(rate: DialRate) -> u32 {
    rate.millis().div_ceil(1000).saturating_add(1)
}
