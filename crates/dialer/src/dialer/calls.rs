//! What happens on legs: webhooks, and the same events found by a look-up.

use jiff::Timestamp;

use crate::announcement::{self, Manner};
use crate::call::{CallEvent, Hangup, HangupCause, What};
use crate::client_state::{InFlow, Position};
use crate::dialer::Dialer;
use crate::effect::Verdict;
use crate::flight::Phase;
use crate::ids::{CommandId, DeliveryToken, DialKey};
use crate::owner::Slot;
use crate::target::TargetState;

/// What an event of a leg led to, and so what its webhook's answer waits for.
enum Effectiveness {
    /// Nothing that would be lost with this process: webhooks to come and look-ups tell as much.
    Noted(Slot),
    /// An outcome, or a leg of an attempt that the store may not know of.
    ToStore(Slot),
    /// A hangup that waits for what may have happened before it.
    Held(Slot),
    /// The command's answer.
    Commanded(CommandId),
    /// The event is of a dial that this process does not know of yet: it has to come again.
    Unknown,
    /// No target of that name.
    NotHere,
}

/// How the dial that an event speaks of stands to the target's state.
enum Age {
    Current,
    Past,
    Future,
}

impl Dialer {
    /// Where the target of a dial lies.
    pub(super) fn find(&self, key: &DialKey) -> Option<Slot> {
        let owner = self.owners.get(self.owner_numbers.get(&key.attempt.owner)?)?;
        owner.targets.get(&key.attempt.target).copied()
    }

    pub(super) fn webhook(&mut self, token: DeliveryToken, call: &CallEvent) {
        if !self.receive(token) {
            return;
        }
        match self.call_event(call) {
            Effectiveness::NotHere => self.acknowledge(token, Verdict::NotHere),
            Effectiveness::Unknown => self.acknowledge(token, Verdict::Retry),
            Effectiveness::Commanded(command) => {
                if !self.await_command(token, command) {
                    self.acknowledge(token, Verdict::Retry);
                }
            }
            // The event may be one that led to the command under way, and come again.
            Effectiveness::Noted(slot) if self.await_order(slot, token) => {}
            Effectiveness::Noted(_) => self.acknowledge(token, Verdict::Done),
            Effectiveness::Held(slot) => self.await_held(slot, token),
            Effectiveness::ToStore(slot) if self.await_order(slot, token) => {}
            Effectiveness::ToStore(slot) => self.await_save(slot, vec![token]),
        }
    }

    /// The webhook waits for the answer to the leg's command under way. `false`: there is none.
    fn await_order(&mut self, slot: Slot, token: DeliveryToken) -> bool {
        let command = self.flight(slot).and_then(|flight| flight.commands.last().copied());
        command.is_some_and(|command| self.await_command(token, command))
    }

    fn age(&self, slot: Slot, key: &DialKey) -> Option<Age> {
        let state = self.state(slot)?;
        let tally = state.tally();
        let ended = u64::from(tally.attempts) + u64::from(tally.refusals);
        let spoken_of = u64::from(key.attempt.n).saturating_sub(1) + u64::from(key.refusals);
        let under_way = state.attempt() == Some(key.attempt.n) && tally.refusals == key.refusals;
        Some(match state {
            _ if under_way => Age::Current,
            TargetState::Done { .. } => Age::Past,
            TargetState::Pending { .. } if spoken_of >= ended => Age::Future,
            _ if spoken_of > ended => Age::Future,
            TargetState::Pending { .. }
            | TargetState::Claimed { .. }
            | TargetState::Dialing { .. }
            | TargetState::Held { .. } => Age::Past,
        })
    }

    fn call_event(&mut self, call: &CallEvent) -> Effectiveness {
        let key = &call.state.key;
        let Some(slot) = self.find(key) else { return Effectiveness::NotHere };
        match self.age(slot, key) {
            None => Effectiveness::NotHere,
            Some(Age::Past) => self.stray(call, slot),
            Some(Age::Future) => {
                self.reload_soon(slot.job);
                Effectiveness::Unknown
            }
            Some(Age::Current) => self.current_event(slot, call),
        }
    }

    /// Whether the flow that has the call says something that is not stored, and would be lost with the call.
    fn flow_says(&self, slot: Slot, carried: Position) -> bool {
        let (Position::InFlow(now), Some(TargetState::Dialing { position, .. })) = (carried, self.state(slot)) else {
            return false;
        };
        let before = if let Position::InFlow(before) = position { Some(*before) } else { None };
        now.says_more_than(before)
    }

    /// An event of a leg that no attempt under way claims. If it tells of a living leg, the leg is hung up.
    fn stray(&mut self, call: &CallEvent, slot: Slot) -> Effectiveness {
        if let Position::InFlow(InFlow { opted_out: true, .. }) = call.state.position {
            self.opted_out_late(slot);
        }
        match call.what {
            What::Initiated | What::Answered | What::Detected(_) => {
                match self.orphan(call.leg.clone(), &call.state.key) {
                    Some(command) => Effectiveness::Commanded(command),
                    None => Effectiveness::ToStore(slot),
                }
            }
            What::GreetingEnded | What::AudioEnded(_) | What::Connected | What::HungUp(_) | What::Other => {
                Effectiveness::ToStore(slot)
            }
        }
    }

    fn current_event(&mut self, slot: Slot, call: &CallEvent) -> Effectiveness {
        let Some(spec) = self.owner_of(slot).and_then(|owner| owner.spec.clone()) else {
            return Effectiveness::Unknown;
        };
        if let Some(TargetState::Dialing { leg: Some(leg), .. }) = self.state(slot)
            && leg.id != call.leg.id
        {
            return self.stray(call, slot);
        }
        let manner = Manner::of(&spec);
        let claim_is_stored = self.flight(slot).is_some_and(|flight| !matches!(flight.phase, Phase::Unsaved));
        self.placed(slot, Some(call.leg.clone()));
        let news = self.flow_says(slot, call.state.position);
        if let (What::Answered, Some(flight)) = (&call.what, self.flight_mut(slot)) {
            flight.answered_wall.get_or_insert(call.occurred_at);
        }
        self.hear_agents(slot, call);
        self.catch_up(slot, call.state.position);
        let noted = if claim_is_stored && !news { Effectiveness::Noted(slot) } else { Effectiveness::ToStore(slot) };
        let position = self.furthest(slot);
        if self.is_held(slot) {
            return if self.late_event(slot, position, call, &manner) {
                Effectiveness::ToStore(slot)
            } else {
                Effectiveness::Held(slot)
            };
        }
        if let What::HungUp(hangup) = call.what {
            return self.hung_up(slot, hangup, call.occurred_at, position);
        }
        match announcement::step(position, call.state.position, &manner, &call.what) {
            // The flow's business, with the call's own state to remember it.
            None if matches!(call.state.position, Position::InFlow(_)) => noted,
            // What came again may have led to a command that came too late: then only the store can tell of it.
            None if !matches!(call.what, What::Initiated | What::Connected | What::Other) => {
                Effectiveness::ToStore(slot)
            }
            None => noted,
            Some((to, None)) => {
                self.reach(slot, to);
                noted
            }
            Some((to, Some(order))) => match self.order(slot, &call.leg, to, order) {
                Some(command) => Effectiveness::Commanded(command),
                None => Effectiveness::Unknown,
            },
        }
    }

    fn hung_up(&mut self, slot: Slot, hangup: Hangup, occurred_at: Timestamp, position: Position) -> Effectiveness {
        if hangup.cause == HangupCause::Unknown {
            self.signals.unknown_hangup_causes += 1;
        }
        if self.hold_hangup(slot, hangup, occurred_at, position) {
            return Effectiveness::Held(slot);
        }
        self.settle_call(slot, hangup, position, occurred_at);
        Effectiveness::ToStore(slot)
    }

    /// An event carries a position that some accepted command gave the leg.
    fn catch_up(&mut self, slot: Slot, carried: Position) {
        let Some(flight) = self.flight(slot) else { return };
        let confirmed: Vec<CommandId> = flight
            .commands
            .iter()
            .copied()
            .filter(|id| self.command_position(*id).is_some_and(|p| p <= carried))
            .collect();
        for command in confirmed {
            self.command_accepted(command);
        }
        self.reach(slot, carried);
    }

    /// How far the leg is, or will be once the command under way is accepted.
    pub(super) fn furthest(&self, slot: Slot) -> Position {
        let ahead = self.flight(slot).and_then(|flight| flight.ahead);
        match self.state(slot) {
            Some(TargetState::Dialing { position, .. }) => ahead.map_or(*position, |ahead| ahead.max(*position)),
            Some(
                TargetState::Pending { .. }
                | TargetState::Claimed { .. }
                | TargetState::Held { .. }
                | TargetState::Done { .. },
            )
            | None => ahead.unwrap_or(Position::Ringing),
        }
    }

    /// What a look-up found happened, as if its webhook had come.
    pub(super) fn replay(&mut self, call: &CallEvent) {
        // Nothing waits for an answer; whatever the event leads to is on its way already.
        match self.call_event(call) {
            Effectiveness::Noted(_)
            | Effectiveness::ToStore(_)
            | Effectiveness::Held(_)
            | Effectiveness::Commanded(_)
            | Effectiveness::Unknown
            | Effectiveness::NotHere => {}
        }
    }
}
