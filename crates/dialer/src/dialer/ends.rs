//! How attempts end, and what an end means to others: to the campaign, to the caller id, to the number.
//!
//! Promises that a halt and an entry in the do-not-call list are stored with the target that caused them, so that a
//! process that starts anew knows them. Does not know how an outcome is found out.

use std::time::Duration;

use jiff::Timestamp;

use crate::aftermath::{CameTo, Ring};
use crate::breaker::Signal;
use crate::call::Hangup;
use crate::client_state::Position;
use crate::cost::begun_minutes;
use crate::dialer::{Dialer, Due};
use crate::do_not_call::Screening;
use crate::ended::Ended;
use crate::now::{Now, gap};
use crate::outcome::Outcome;
use crate::owner::{OwnerNo, Slot};
use crate::phone::PhoneNumber;
use crate::retry;
use crate::rules::{self, Evidence};
use crate::spec::Breaker;
use crate::tally::{AttemptEnd, Halt, Tally, stored_second};
use crate::target::TargetState;

/// Who hangs up sooner has hardly heard who calls.
const SHORT_CALL: Duration = Duration::from_secs(6);

impl Dialer {
    /// The attempt ended now as `evidence` says.
    pub(super) fn settle(&mut self, slot: Slot, evidence: Evidence) {
        self.settle_at(slot, evidence, self.now.wall);
    }

    /// The attempt ended at `ended_at` as `evidence` says.
    fn settle_at(&mut self, slot: Slot, evidence: Evidence, ended_at: Timestamp) {
        let Some(before) = self.state(slot).map(TargetState::tally) else { return };
        // Whoever has asked not to be called again has, however the call ended.
        let outcome = if before.dnc { Outcome::OptedOut } else { evidence.outcome };
        let evidence = Evidence { outcome, ..evidence };
        let Some(spec) = self.owner_of(slot).and_then(|owner| owner.spec.clone()) else { return };
        let late = self.agent_was_late(slot, evidence);
        let evidence = self.as_abandoned(slot, evidence);
        self.judge_caller_id(slot, evidence.outcome);
        let claimed_at = self.state(slot).and_then(TargetState::claimed_at);
        let halt = self.judge_campaign(slot, evidence, before, spec.breaker.as_ref());
        let before = self.count_answer(slot, evidence, before);
        let end = AttemptEnd {
            at: stored_second(ended_at),
            talked: self.talked(slot, ended_at),
            cause: evidence.cause,
            sip: evidence.sip,
            heard: evidence.heard,
            rule: rules::first(&spec.retry.rules, evidence).and_then(|rule| u8::try_from(rule).ok()),
        };
        if let Some(ended) = self.ended(slot, evidence.outcome, ended_at, end) {
            self.ends.push(ended);
        }
        let minutes = before.minutes.saturating_add(self.billed_minutes(slot, evidence.outcome, ended_at));
        self.end_flight(slot);
        let next = retry::settle(before, evidence, &spec.retry, self.now.wall);
        let halt = halt.max(before.halt);
        let mut tally = Tally { halt: next.tally().halt.max(halt), end: Some(end), minutes, ..next.tally() };
        if let Some(at) = claimed_at.filter(|_| evidence.outcome.may_have_rung()) {
            tally.rings.add(Ring { at, came_to: CameTo::of(evidence, late) });
        }
        self.set_state(slot, &next.with_tally(tally));
        self.campaign_may_be_over(slot);
    }

    /// How the attempt went. `None`: there was none.
    fn ended(&self, slot: Slot, outcome: Outcome, ended_at: Timestamp, end: AttemptEnd) -> Option<Ended> {
        let flight = self.flight(slot);
        Some(Ended {
            claimed_at: self.state(slot)?.claimed_at()?,
            key: self.key_of(slot)?,
            dialled_at: flight.and_then(|flight| flight.dialled_at),
            placed_at: flight.and_then(|flight| flight.placed_at),
            answered_at: flight.and_then(|flight| flight.answered_wall),
            ended_at,
            outcome,
            end,
        })
    }

    /// Attempts that have ended since the last look, in their order.
    pub fn take_ended(&mut self) -> impl Iterator<Item = Ended> + use<'_> {
        self.ends.take()
    }

    /// An outcome that no call has.
    pub(super) fn settle_as(&mut self, slot: Slot, outcome: Outcome) {
        self.settle(slot, Evidence::bare(outcome));
    }

    /// The attempt was over at `ended_at` and `position`, and a hangup says how.
    pub(super) fn settle_call(&mut self, slot: Slot, hangup: Hangup, position: Position, ended_at: Timestamp) {
        self.settle_at(slot, Evidence::of_hangup(hangup, position), ended_at);
    }

    /// Seconds from the answer to `ended_at`, if this process saw the answer.
    fn talked(&self, slot: Slot, ended_at: Timestamp) -> Option<u32> {
        let Now { wall, up } = self.now;
        let since = up.saturating_sub(self.flight(slot)?.answered_at?);
        let late = gap(ended_at, wall);
        Some(u32::try_from(since.saturating_sub(late).as_secs()).unwrap_or(u32::MAX))
    }

    /// Begun minutes of the call that ends at `ended_at`, by Telnyx's clock where that has told of the answer. Of a call whose
    /// answer nobody saw it is not known how long it rang: then it counts from its claim on.
    pub(super) fn billed_minutes(&self, slot: Slot, outcome: Outcome, ended_at: Timestamp) -> u32 {
        let (position, claimed_at) = match self.state(slot) {
            Some(TargetState::Dialing { position, claim, .. }) => (*position, claim.at),
            Some(TargetState::Claimed { claim, .. } | TargetState::Held { claim, .. }) => (Position::Ringing, claim.at),
            Some(TargetState::Pending { .. } | TargetState::Done { .. }) | None => return 0,
        };
        let answered_at = self.flight(slot).and_then(|flight| flight.answered_wall);
        if answered_at.is_none() && !position.is_answered() && !outcome.may_have_been_answered() {
            return 0;
        }
        let longest =
            self.owner_of(slot).and_then(|owner| owner.spec.as_ref()).map_or(Duration::MAX, |spec| spec.max_call);
        let lasted = gap(answered_at.unwrap_or(claimed_at), ended_at).min(longest);
        u32::try_from(begun_minutes(lasted).max(1)).unwrap_or(u32::MAX)
    }

    /// A flow says of a call that counts as over that its callee asked not to be called again: the webhook that says so was
    /// overtaken by the hangup's.
    pub(super) fn opted_out_late(&mut self, slot: Slot) {
        let Some(state) = self.state(slot).filter(|state| !state.tally().dnc).cloned() else { return };
        let tally = Tally { dnc: true, ..state.tally() };
        let outcome = Outcome::OptedOut;
        let next = match state {
            TargetState::Pending { .. } => TargetState::Done { tally: Tally { last: Some(outcome), ..tally }, outcome },
            TargetState::Claimed { .. }
            | TargetState::Dialing { .. }
            | TargetState::Held { .. }
            | TargetState::Done { .. } => state.with_tally(tally),
        };
        self.set_state(slot, &next);
    }

    /// A number that nobody may call from now on, learnt elsewhere than from a target: somebody who called in has said so.
    pub(super) fn do_not_call(&mut self, number: &PhoneNumber) {
        self.do_not_call.learn(number);
        for number in self.owners.keys() {
            self.agenda.hasten(Due::Owner(*number), self.now.up);
        }
    }

    /// What the end says of the account and of the list. Returns why nothing more should be dialled, if so.
    fn judge_campaign(
        &mut self,
        slot: Slot,
        evidence: Evidence,
        before: Tally,
        limits: Option<&Breaker>,
    ) -> Option<Halt> {
        let now = self.now.up;
        let answered_at = self.flight(slot).and_then(|flight| flight.answered_at);
        let signal = Signal::of(evidence, before, answered_at.is_some_and(|at| now < at + SHORT_CALL))?;
        let number = self.jobs.get(&slot.job)?.owner;
        let owner = self.owners.get_mut(&number)?;
        owner.ramp.ended(signal.is_trouble());
        let limits = limits?;
        owner.results.note(signal, limits.window, now);
        if owner.halt().is_some() {
            return None;
        }
        let samples =
            self.owners.iter().filter(|(other, _)| **other != number).map(|(_, other)| other.results.sample());
        let others = samples.fold((0, 0), |(all, unknown), (a, u)| (all + a, unknown + u));
        let owner = self.owners.get_mut(&number)?;
        let halt = owner.results.judge(limits, others)?;
        // Whoever goes on wants to see new results.
        owner.results.clear();
        Some(halt)
    }

    fn judge_caller_id(&mut self, slot: Slot, outcome: Outcome) {
        let now = self.now.up;
        let Some(TargetState::Claimed { claim, .. } | TargetState::Dialing { claim, .. }) = self.state(slot) else {
            return;
        };
        let from = claim.from;
        let Some(number) = self.jobs.get(&slot.job).map(|job| job.owner) else { return };
        let Some(owner) = self.owners.get_mut(&number) else { return };
        if outcome == Outcome::BlockedByAnalytics {
            owner.caller_ids.blocked(from, now);
            self.agenda.hasten(Due::Owner(number), now);
        } else if outcome.may_have_rung() && outcome != Outcome::Ambiguous {
            owner.caller_ids.rang(from, now);
        }
    }

    /// An end may have ended, or halted, its campaign: what waits is looked at at once.
    fn campaign_may_be_over(&mut self, slot: Slot) {
        let Some(number) = self.jobs.get(&slot.job).map(|job| job.owner) else { return };
        let halted = self.owners.get(&number).is_some_and(|owner| owner.halt().is_some() || owner.end().is_some());
        if halted {
            self.agenda.hasten(Due::Owner(number), self.now.up);
        }
    }

    /// A campaign was changed: what had halted it is forgotten, unless it has failed.
    pub(super) fn lift_halts(&mut self, number: OwnerNo) {
        let Some(owner) = self.owners.get(&number).filter(|owner| owner.halt().is_some()) else { return };
        let halted = |tally: Tally| tally.halt.is_some_and(|halt| halt != Halt::FailedByRule);
        let jobs = owner.jobs.iter().filter_map(|job| Some((*job, self.jobs.get(job)?)));
        let slots: Vec<Slot> = jobs
            .flat_map(|(job, held)| {
                let states = (0..).zip(&held.states).filter(move |(_, state)| halted(state.tally()));
                states.map(move |(index, _)| Slot { job, index })
            })
            .collect();
        if let Some(owner) = self.owners.get_mut(&number) {
            owner.ramp.restart(self.now.up);
            owner.pace(self.now.up);
        }
        for slot in slots {
            let Some(state) = self.state(slot).cloned() else { continue };
            let tally = Tally { halt: None, ..state.tally() };
            self.set_state(slot, &state.with_tally(tally));
            if let Some(job) = self.jobs.get_mut(&slot.job) {
                job.lifted.insert(slot.index);
            }
        }
    }

    /// The numbers that nobody may call, as the shell knows them. Those that targets held here, or once held, have put on
    /// the list stay on it.
    pub(super) fn do_not_call_set(&mut self, lists: Screening) {
        self.do_not_call.give(lists);
        for number in self.owners.keys() {
            self.agenda.hasten(Due::Owner(*number), self.now.up);
        }
    }

    /// Whether the target's number may be called, as far as lists go.
    pub(super) fn is_do_not_call(&self, slot: Slot) -> bool {
        let target = self.jobs.get(&slot.job).and_then(|job| job.targets.get(slot.at()));
        target.is_some_and(|target| self.do_not_call.contains(&target.to, self.now.wall))
    }
}
