//! People who answer, and the agents who should be there for them.
//!
//! Promises that every call that a person answered is counted once, with its target, as taken in time or as abandoned;
//! what this process did not see counts as abandoned. Does not know where agents come from.

use jiff::Timestamp;

use crate::adaptive::{Abandonment, CONNECT_WITHIN};
use crate::call::{CallEvent, Verdict, What};
use crate::client_state::Party;
use crate::dialer::{Dialer, Due};
use crate::flight::Talk;
use crate::ids::OwnerId;
use crate::now::gap;
use crate::outcome::Outcome;
use crate::owner::Slot;
use crate::rules::Evidence;
use crate::spec::{Adaptive, Amd, AmdMode, OnNotSure};
use crate::tally::{Halt, Tally};

impl Dialer {
    /// So many agents are free, and so many callers wait for one.
    pub(super) fn agents_told(&mut self, id: &OwnerId, free: u32, waiting: u32) {
        let Some(number) = self.owner_numbers.get(id).copied() else { return };
        let now = self.now.up;
        if let Some(owner) = self.owners.get_mut(&number) {
            owner.pool.tell(free, waiting, now);
            self.agenda.hasten(Due::Owner(number), now);
        }
    }

    fn adaptive_of(&self, slot: Slot) -> Option<(Adaptive, Amd)> {
        let spec = self.owner_of(slot)?.spec.as_ref()?;
        Some((spec.pacing.adaptive?, spec.amd))
    }

    /// Notes when a person answered and when an agent took the call, by Telnyx's clock: in any order, once or twice.
    pub(super) fn hear_agents(&mut self, slot: Slot, call: &CallEvent) {
        let Some((_, amd)) = self.adaptive_of(slot) else { return };
        let now = self.now.up;
        let Some(flight) = self.flight_mut(slot) else { return };
        let before = flight.talk;
        if is_person(&amd, &call.what) {
            flight.talk.answered_at.get_or_insert(call.occurred_at);
            flight.talk.late_from.get_or_insert(now + CONNECT_WITHIN);
        }
        if call.what == What::Connected {
            let first = flight.talk.connected_at.map_or(call.occurred_at, |at| at.min(call.occurred_at));
            flight.talk.connected_at = Some(first);
        }
        let talk = flight.talk;
        if talk == before {
            return;
        }
        let newly = before.answered_at.is_none() && talk.answered_at.is_some();
        if let Some(owner) = self.jobs.get(&slot.job).and_then(|job| self.owners.get_mut(&job.owner)) {
            owner.pool.late = owner.pool.late + u32::from(talk.counts_as_late()) - u32::from(before.counts_as_late());
            if newly {
                owner.pool.answered();
            }
        }
        self.plan_flight(slot);
    }

    /// Nobody has taken the call in time: it counts at once, long before it ends.
    pub(super) fn late_for_agent(&mut self, slot: Slot) {
        let Some(flight) = self.flight_mut(slot) else { return };
        let before = flight.talk;
        flight.talk.is_late = true;
        let newly = u32::from(flight.talk.counts_as_late()) - u32::from(before.counts_as_late());
        if let Some(owner) = self.jobs.get(&slot.job).and_then(|job| self.owners.get_mut(&job.owner)) {
            owner.pool.late += newly;
        }
    }

    /// The call's flight is over: what was counted while it lasted is counted with its target from now on.
    pub(super) fn forget_talk(&mut self, slot: Slot, talk: Talk) {
        if let Some(owner) = self.jobs.get(&slot.job).and_then(|job| self.owners.get_mut(&job.owner)) {
            owner.pool.late -= u32::from(talk.counts_as_late());
        }
    }

    /// Whether a person had answered an ended call, or may have, and no agent was there in time as far as is known.
    pub(super) fn agent_was_late(&self, slot: Slot, evidence: Evidence) -> bool {
        let talk = self.flight(slot).map(|flight| flight.talk).unwrap_or_default();
        self.adaptive_of(slot).is_some() && talk.is_live(evidence) && !talk.was_taken_in_time()
    }

    /// The end of a call that a person was seen to answer and no agent to take: whatever else it came to, it was abandoned. A
    /// flow that reached its end, or was told of an opt-out, says more.
    pub(super) fn as_abandoned(&self, slot: Slot, evidence: Evidence) -> Evidence {
        let alone = self.adaptive_of(slot).is_some()
            && self.flight(slot).is_some_and(|it| it.talk.answered_at.is_some() && it.talk.connected_at.is_none());
        let empty = matches!(evidence.outcome, Outcome::HumanHangup | Outcome::TimeLimit | Outcome::FlowError);
        if alone && empty { Evidence { outcome: Outcome::Abandoned, ..evidence } } else { evidence }
    }

    /// What an ended call says of agents: the tally with its answer, and a halt if too many were abandoned.
    pub(super) fn count_answer(&mut self, slot: Slot, evidence: Evidence, tally: Tally) -> Tally {
        let Some((adaptive, _)) = self.adaptive_of(slot) else { return tally };
        let wall = self.now.wall;
        let talk = self.flight(slot).map(|flight| flight.talk).unwrap_or_default();
        let live = talk.is_live(evidence);
        let Some(owner) = self.jobs.get(&slot.job).and_then(|job| self.owners.get_mut(&job.owner)) else {
            return tally;
        };
        owner.pool.ended(live);
        if !live {
            return tally;
        }
        let abandoned = !talk.was_taken_in_time();
        let mut tally = tally;
        tally.answers.add(talk.answered_at.unwrap_or(wall), abandoned);
        let so_far = owner.used.live().within(adaptive.window, wall);
        let so_far = Abandonment { answered: so_far.answered + 1, abandoned: so_far.abandoned + u32::from(abandoned) };
        if abandoned && so_far.reaches(adaptive.hard_stop) {
            tally.halt = tally.halt.max(Some(Halt::TooManyAbandoned));
        }
        tally
    }
}

/// Whether an event says that a person is on the line, as the campaign takes it.
fn is_person(amd: &Amd, what: &What) -> bool {
    match what {
        What::Answered => amd.mode == AmdMode::Disabled,
        What::Detected(Verdict::Human) => true,
        What::Detected(Verdict::NotSure) => amd.on_not_sure == OnNotSure::TreatAsHuman,
        What::Detected(Verdict::Machine | Verdict::Fax | Verdict::Silence)
        | What::Initiated
        | What::GreetingEnded
        | What::AudioEnded(_)
        | What::Connected
        | What::HungUp(_)
        | What::Other => false,
    }
}

/// Whether the end of a call tells that a person had answered, or may have: what is not known is not in the campaign's favour.
fn was_person(evidence: Evidence) -> bool {
    let answered = evidence.outcome.tells_of_talk() || evidence.outcome == Outcome::Abandoned;
    match evidence.heard {
        Some(Party::Human) => true,
        Some(Party::NotSure | Party::Unscreened) | None => answered,
        Some(Party::Machine | Party::Fax | Party::Silence) => false,
    }
}

impl Talk {
    /// Whether a person answered the call that ended like this, or may have.
    fn is_live(self, evidence: Evidence) -> bool {
        self.answered_at.is_some() || self.connected_at.is_some() || was_person(evidence)
    }

    /// Whether an agent was there within two seconds of the answer.
    pub(crate) fn was_taken_in_time(self) -> bool {
        let within = |from: Timestamp, to: Timestamp| gap(from, to) <= CONNECT_WITHIN;
        match (self.answered_at, self.connected_at) {
            (Some(answered), Some(connected)) => within(answered, connected),
            (None, Some(_)) => true,
            (Some(_) | None, None) => false,
        }
    }

    /// Whether it is known, while the call lasts, that nobody was.
    pub(crate) fn counts_as_late(self) -> bool {
        self.answered_at.is_some() && self.is_late && !self.was_taken_in_time()
    }
}
