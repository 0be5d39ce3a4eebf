//! Commands on live legs: one id per step, sent again until Telnyx answers.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::announcement::{self, Order};
use crate::claim::RESEND_FOR;
use crate::client_state::{ClientState, Ending, FlowEnd, InFlow, Party, Position};
use crate::dialer::{Dialer, Due};
use crate::effect::{CommandKind, Effect, LegCommand, RunFlow, Verdict};
use crate::event::CommandRefusal;
use crate::ids::{CallLegId, CommandId, DeliveryToken, DialKey, Leg};
use crate::owner::Slot;
use crate::spec::Treatment;
use crate::tally::Tally;
use crate::target::TargetState;

/// A command without an answer.
#[derive(Debug)]
pub(super) struct Outstanding {
    /// `None`: an orphan's hangup, which no target waits for.
    slot: Option<Slot>,
    command: LegCommand,
    /// From here on it is not sent again under its id.
    until: Duration,
    /// Refusals before: each may have burnt an id.
    refusals: u16,
    /// An answer is awaited; else it waits for its resend.
    in_air: bool,
    tokens: Vec<DeliveryToken>,
}

/// How long to wait before an unanswered command is sent again (Telnyx: command retries guide advises 0.5 s).
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// A refused command is tried under new ids this often.
const MOST_REFUSALS: u16 = 20;

/// Legs whose calls are over, so that a late webhook of theirs is not taken for an orphan's.
#[derive(Debug, Default)]
pub(super) struct EndedLegs {
    known: BTreeSet<CallLegId>,
    oldest_first: VecDeque<(Duration, CallLegId)>,
}

const REMEMBER: Duration = Duration::from_mins(5);
const REMEMBER_MOST: usize = 50_000;

impl EndedLegs {
    pub(super) fn remember(&mut self, leg: CallLegId, now: Duration) {
        if self.known.insert(leg.clone()) {
            self.oldest_first.push_back((now, leg));
        }
        let too_many = |count| count > REMEMBER_MOST;
        while let Some((at, _)) = self.oldest_first.front()
            && (*at + REMEMBER <= now || too_many(self.oldest_first.len()))
        {
            if let Some((_, leg)) = self.oldest_first.pop_front() {
                self.known.remove(&leg);
            }
        }
    }

    fn knows(&self, leg: &CallLegId) -> bool {
        self.known.contains(leg)
    }
}

impl Dialer {
    /// Sends the command that brings a leg to `to`. Returns its id.
    pub(super) fn order(&mut self, slot: Slot, leg: &Leg, to: Position, order: Order) -> Option<CommandId> {
        let key = self.key_of(slot)?;
        let kind = self.kind_of(slot, order, key.attempt.n)?;
        let command_id = step_id(leg, to, 0);
        let command =
            LegCommand { leg: leg.clone(), command_id, client_state: ClientState { key, position: to }, kind };
        self.flight_mut(slot)?.ahead = Some(to);
        self.send(Some(slot), command, 0, Vec::new());
        self.plan_flight(slot);
        Some(command_id)
    }

    /// What an order means for the campaign as it is now. One that was changed between two kinds of treatment while a call
    /// was on its way is as it is now.
    fn kind_of(&self, slot: Slot, order: Order, attempt: u16) -> Option<CommandKind> {
        let spec = self.owner_of(slot)?.spec.as_ref()?;
        Some(match (order, &spec.treatment) {
            (Order::Hangup, _)
            | (Order::Play, Treatment::Flow(_))
            | (Order::RunFlow(_), Treatment::Announcement(_)) => CommandKind::Hangup,
            (Order::Play, Treatment::Announcement(announcement)) => CommandKind::Play(announcement.clone()),
            (Order::RunFlow(answerer), Treatment::Flow(flow)) => {
                let connection_id = Arc::clone(&spec.connection_id);
                CommandKind::RunFlow(RunFlow { flow: *flow, answerer, attempt, connection_id })
            }
        })
    }

    fn send(&mut self, slot: Option<Slot>, command: LegCommand, refusals: u16, tokens: Vec<DeliveryToken>) {
        let id = command.command_id;
        self.out.push_back(Effect::Command(command.clone()));
        let until = self.now.up + RESEND_FOR;
        if let Some(flight) = slot.and_then(|slot| self.flight_mut(slot)) {
            flight.commands.push(id);
        }
        self.commands.insert(id, Outstanding { slot, command, until, refusals, in_air: true, tokens });
    }

    /// A leg of ours that no attempt under way claims: it is hung up, once.
    pub(super) fn orphan(&mut self, leg: Leg, key: &DialKey) -> Option<CommandId> {
        if self.ended_legs.knows(&leg.id) {
            return None;
        }
        self.ended_legs.remember(leg.id.clone(), self.now.up);
        let position = Position::HangingUp { ending: Ending::Canceled, with: Party::Unscreened };
        let command_id = step_id(&leg, position, 0);
        let client_state = ClientState { key: key.clone(), position };
        self.send(None, LegCommand { leg, command_id, client_state, kind: CommandKind::Hangup }, 0, Vec::new());
        Some(command_id)
    }

    /// The webhook waits for the command's answer.
    pub(super) fn await_command(&mut self, token: DeliveryToken, command: CommandId) -> bool {
        let Some(outstanding) = self.commands.get_mut(&command) else { return false };
        outstanding.tokens.push(token);
        true
    }

    pub(super) fn command_accepted(&mut self, id: CommandId) {
        self.agenda.cancel(Due::Command(id));
        let Some(done) = self.commands.remove(&id) else { return };
        self.acknowledge_all(done.tokens, Verdict::Done);
        if let Some(slot) = done.slot {
            self.reached(slot, id, done.command.client_state.position);
        }
    }

    /// The leg has come to `position`: the command is no longer awaited.
    fn reached(&mut self, slot: Slot, id: CommandId, position: Position) {
        if let Some(flight) = self.flight_mut(slot) {
            flight.commands.retain(|command| *command != id);
            flight.ahead = flight.ahead.filter(|ahead| *ahead > position);
        }
        self.reach(slot, position);
    }

    /// The leg's position is at least `position`.
    pub(super) fn reach(&mut self, slot: Slot, to: Position) {
        let now = self.now.up;
        if let Some(TargetState::Dialing { tally, claim, leg, position }) = self.state(slot).cloned()
            && position < to
        {
            let opts_out = matches!(to, Position::InFlow(InFlow { opted_out: true, .. }));
            let tally = Tally { dnc: tally.dnc || opts_out, ..tally };
            self.set_state(slot, &TargetState::Dialing { tally, claim, leg, position: to });
            if let Some(flight) = self.flight_mut(slot) {
                flight.position_since = now;
                if !position.is_answered() && to.is_answered() {
                    flight.answered_at = Some(now);
                }
            }
            self.schedule_look_up(slot, to);
        }
        self.plan_flight(slot);
    }

    pub(super) fn command_refused(&mut self, id: CommandId, refusal: CommandRefusal) {
        let Some(outstanding) = self.commands.get(&id) else { return };
        let slot = outstanding.slot;
        let again = |after: Duration| (outstanding.refusals < MOST_REFUSALS).then_some(after);
        let hangup = outstanding.command.kind == CommandKind::Hangup;
        match refusal {
            CommandRefusal::AlreadyEnded => self.ended_before(id),
            CommandRefusal::NotAnsweredYet | CommandRefusal::Throttled { .. } => {
                let after = match refusal {
                    CommandRefusal::Throttled { after } => after,
                    CommandRefusal::NotAnsweredYet | CommandRefusal::AlreadyEnded | CommandRefusal::Invalid => {
                        RETRY_AFTER
                    }
                };
                match again(after) {
                    Some(after) => self.under_new_id(id, after),
                    None => self.given_up(id),
                }
            }
            CommandRefusal::Invalid if hangup => self.ended_before(id),
            CommandRefusal::Invalid => self.never_accepted(id, slot),
        }
    }

    /// The command was sent as often as it may be. Nobody has refused to play to a call that is over; a flow that could
    /// not be given its call would leave it silent, and billed.
    fn given_up(&mut self, id: CommandId) {
        let Some(outstanding) = self.commands.get(&id) else { return };
        match outstanding.command.kind {
            CommandKind::RunFlow(_) => self.never_accepted(id, outstanding.slot),
            CommandKind::Play(_) | CommandKind::Hangup => self.ended_before(id),
        }
    }

    fn never_accepted(&mut self, id: CommandId, slot: Option<Slot>) {
        let tokens = self.drop_command(id);
        if let Some(slot) = slot {
            self.unplayable(slot, tokens);
        }
    }

    /// The call is over, or as good as: its hangup's webhook, or a look-up, says how.
    fn ended_before(&mut self, id: CommandId) {
        self.agenda.cancel(Due::Command(id));
        let Some(done) = self.commands.remove(&id) else { return };
        let Some(slot) = done.slot else {
            self.acknowledge_all(done.tokens, Verdict::Done);
            return;
        };
        // What had been reached by then is worth keeping: after a restart the hangup alone would not tell.
        self.reached(slot, id, done.command.client_state.position);
        self.await_save(slot, done.tokens);
        let soon = self.now.up + Duration::from_secs(10);
        if let Some(flight) = self.flight_mut(slot) {
            flight.look_ups.next = flight.look_ups.next.map(|at| at.min(soon));
        }
        self.plan_flight(slot);
    }

    /// A definite refusal may have burnt the id: the next try takes another.
    fn under_new_id(&mut self, id: CommandId, after: Duration) {
        let Some(mut outstanding) = self.commands.remove(&id) else { return };
        self.agenda.cancel(Due::Command(id));
        outstanding.refusals += 1;
        outstanding.in_air = false;
        let position = outstanding.command.client_state.position;
        let next = step_id(&outstanding.command.leg, position, outstanding.refusals);
        outstanding.command.command_id = next;
        outstanding.until = self.now.up + after + RESEND_FOR;
        if let Some(flight) = outstanding.slot.and_then(|slot| self.flight_mut(slot)) {
            flight.commands.retain(|command| *command != id);
            flight.commands.push(next);
        }
        self.commands.insert(next, outstanding);
        self.agenda.set(Due::Command(next), self.now.up + after);
    }

    fn unplayable(&mut self, slot: Slot, tokens: Vec<DeliveryToken>) {
        let Some(TargetState::Dialing { leg: Some(leg), .. }) = self.state(slot).cloned() else {
            self.await_save(slot, tokens);
            return;
        };
        let ahead = self.flight_mut(slot).and_then(|flight| flight.ahead.take());
        let Some((to, Some(order))) = ahead.and_then(announcement::unplayable) else {
            self.await_save(slot, tokens);
            return;
        };
        let Some(command) = self.order(slot, &leg, to, order) else { return };
        for token in tokens {
            self.await_command(token, command);
        }
    }

    pub(super) fn command_fate_unknown(&mut self, id: CommandId) {
        let now = self.now.up;
        let Some(outstanding) = self.commands.get_mut(&id) else { return };
        outstanding.in_air = false;
        if now + RETRY_AFTER < outstanding.until {
            self.agenda.set(Due::Command(id), now + RETRY_AFTER);
        } else {
            self.given_up(id);
        }
    }

    pub(super) fn command_due(&mut self, id: CommandId) {
        let Some(outstanding) = self.commands.get_mut(&id) else { return };
        if !outstanding.in_air {
            outstanding.in_air = true;
            let command = outstanding.command.clone();
            self.out.push_back(Effect::Command(command));
        }
    }

    /// Where a leg will be once the command is accepted.
    pub(super) fn command_position(&self, id: CommandId) -> Option<Position> {
        Some(self.commands.get(&id)?.command.client_state.position)
    }

    /// Forgets a command. Returns the webhooks that waited for it.
    pub(super) fn drop_command(&mut self, id: CommandId) -> Vec<DeliveryToken> {
        self.agenda.cancel(Due::Command(id));
        let Some(dropped) = self.commands.remove(&id) else { return Vec::new() };
        if let Some(flight) = dropped.slot.and_then(|slot| self.flight_mut(slot)) {
            flight.commands.retain(|command| *command != id);
        }
        dropped.tokens
    }
}

/// One id per leg, step, visit and refusal.
fn step_id(leg: &Leg, to: Position, refusals: u16) -> CommandId {
    match to {
        Position::Announcing { visit, .. } => CommandId::of_step(&leg.id, "announce", visit, refusals),
        Position::InFlow(flow) if flow.end != FlowEnd::Canceled => CommandId::of_step(&leg.id, "flow", 0, refusals),
        Position::InFlow(_)
        | Position::Ringing
        | Position::Listening
        | Position::AwaitingBeep
        | Position::HangingUp { .. } => CommandId::of_step(&leg.id, "hangup", 0, refusals),
    }
}
