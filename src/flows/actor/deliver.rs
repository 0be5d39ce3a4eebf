//! Where a webhook, or an attempt that was answered, goes: to the call that it is of, to a call that begins with it, or to nobody.

use std::sync::Arc;

use call_flow::position::CallDirection;
use call_flow::{CallStart, CallState, Caller, Decoded, Detection, FlowKey, Leg, Position, SecondLeg};
use jiff::Timestamp;
use telnyx_voice::webhook::payload::Direction;
use telnyx_voice::webhook::{Event, Payload};
use telnyx_voice::{CallControlId, CommandId, HangupRequest};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Actor, Answer};
use crate::flows::acknowledgement::Acknowledgement;
use crate::flows::attempts;
use crate::flows::catalogue::{Found, Runnable};
use crate::flows::inbound::Answering;
use crate::flows::metrics::Lost;
use crate::flows::transcript::Happening;
use crate::webhook::{Begun, FlowBegin, FlowDelivery};

impl Actor<'_> {
    pub(super) fn deliver(&mut self, delivery: FlowDelivery) {
        let FlowDelivery { event, verdict } = delivery;
        self.tell(|| Happening::Webhook(Box::new(event.clone())));
        let acknowledgement = Acknowledgement::of(verdict, std::time::Instant::now());
        let now = Timestamp::now();
        let Some(id) = event.call_control_id().cloned() else { return acknowledgement.not_needed() };
        let carried = event.client_state().and_then(Decoded::read);
        if self.calls.get(&id).is_some() {
            return self.lead_on(&id, &event, now, &acknowledgement);
        }
        if is_of_a_conference(&event) {
            return if self.is_recovered() { acknowledgement.not_needed() } else { acknowledgement.again() };
        }
        if self.calls.has_ended(&id) {
            return self.too_late(carried, &event, now, &acknowledgement);
        }
        match carried {
            Some(Decoded::Leg(position)) => self.adopt(&id, *position, &event, now, &acknowledgement),
            Some(Decoded::SecondLeg(second)) => self.of_second_leg(&id, &second, &event, now, &acknowledgement),
            Some(Decoded::OtherVersion(version)) => {
                tracing::error!(version, "a call's state was made by another version of the operator: it is hung up");
                self.give_up(&id, Lost::OtherVersion, &event);
            }
            None => self.arrive(&id, &event, now, &acknowledgement),
        }
    }

    /// What happened before the end of a call, and is told after it, leads nowhere. But who has asked not to be called again has
    /// done so, also where the dialer has let go of the attempt since.
    fn too_late(&mut self, carried: Option<Decoded>, event: &Event, now: Timestamp, acknowledgement: &Acknowledgement) {
        let Some((leg, Decoded::Leg(position))) = leg_of(event).zip(carried) else {
            return acknowledgement.not_needed();
        };
        let (direction, opted_out) = (position.direction, position.opted_out);
        let state = CallState::new(leg, *position);
        let after = self.find(state.position.key).map(|runnable| runnable.flow.on_event(&state, event, now).state);
        let Some(after) = after.ok().filter(|after| after.position.opted_out && !opted_out) else {
            return acknowledgement.not_needed();
        };
        let (attempts, account) = (self.parts.tools.attempts.clone(), self.parts.account.clone());
        let who = attempts::other_party(event, direction).or_else(|| attempts::caller(&after.position));
        let acknowledgement = acknowledgement.clone();
        self.running.spawn(async move {
            let of_attempt = attempts.tell(&account, &after.leg, &after.position).await;
            if !attempts.opt_out(&account, who).await || !of_attempt {
                acknowledgement.again();
            }
            Answer::Nothing
        });
    }

    /// Something happened to a call that is known.
    fn lead_on(&mut self, id: &CallControlId, event: &Event, now: Timestamp, acknowledgement: &Acknowledgement) {
        let Some(live) = self.calls.get_mut(id) else { return };
        if let Some(caller) = attempts::other_party(event, live.state.position.direction) {
            live.other_party = Some(caller);
        }
        let reaction = live.runnable.flow.on_event(&live.state, event, now);
        self.parts.tools.metrics.event(reaction.seen);
        self.react(id, reaction, now, acknowledgement);
    }

    /// A call that runs a flow and is not known: it was placed elsewhere, or found too late.
    fn adopt(
        &mut self,
        id: &CallControlId,
        position: Position,
        event: &Event,
        now: Timestamp,
        acknowledgement: &Acknowledgement,
    ) {
        if matches!(event.payload, Payload::CallHangup(_)) && self.is_recovered() {
            return acknowledgement.not_needed();
        }
        let runnable = match self.find(position.key) {
            Ok(runnable) => runnable,
            Err(Some(lost)) => return self.give_up(id, lost, event),
            Err(None) => return acknowledgement.again(),
        };
        let Some(leg) = leg_of(event) else { return };
        let reaction = match runnable.flow.resume(leg, position, now) {
            Ok(reaction) => reaction,
            Err(why) => return self.give_up(id, why.into(), event),
        };
        self.begin(runnable, reaction, now, acknowledgement);
        self.lead_on(id, event, now, acknowledgement);
    }

    /// The flow's revision; `Err(None)`: nobody knows yet.
    pub(super) fn find(&self, key: FlowKey) -> Result<Arc<Runnable>, Option<Lost>> {
        match self.parts.tools.catalogue.find(key) {
            Found::Runnable(runnable) => Ok(runnable),
            Found::OtherRevision => Err(Some(Lost::OtherRevision)),
            Found::Unknown => Err(Some(Lost::UnknownFlow)),
            Found::NotSynced => Err(None),
        }
    }

    /// A leg that a flow called: what happens to it belongs to the leg that runs the flow.
    fn of_second_leg(
        &mut self,
        id: &CallControlId,
        second: &SecondLeg,
        event: &Event,
        now: Timestamp,
        acknowledgement: &Acknowledgement,
    ) {
        let parent = &second.parent_control;
        if self.calls.get(parent).is_some() {
            return self.lead_on(parent, event, now, acknowledgement);
        }
        if !self.is_recovered() {
            return acknowledgement.again();
        }
        // The call that wanted it is over; it must not be left ringing, or silent.
        self.hang_up_leg(id, event);
    }

    /// A call of nobody's: an inbound one begins the flow of its application.
    fn arrive(&mut self, id: &CallControlId, event: &Event, now: Timestamp, acknowledgement: &Acknowledgement) {
        let Payload::CallInitiated(initiated) = &event.payload else { return acknowledgement.not_needed() };
        if initiated.direction != Some(Direction::Incoming) {
            return acknowledgement.not_needed();
        }
        let Some(connection) = initiated.connection_id.as_ref() else { return acknowledgement.not_needed() };
        let answering = self.parts.tools.applications.answering(
            &self.parts.account,
            connection.as_str(),
            std::time::Instant::now(),
        );
        let (namespace, name) = match answering {
            Answering::Flow { namespace, name } => (namespace, name),
            Answering::Nobody => return acknowledgement.not_needed(),
            Answering::Unknown => return acknowledgement.again(),
        };
        let Some(leg) = leg_of(event) else { return };
        let start = CallStart {
            leg,
            direction: CallDirection::Inbound,
            answered: false,
            detection: Detection::Disabled,
            attempt: 0,
            origin: String::new(),
            caller: initiated.from.as_ref().and_then(|from| Caller::parse(from.expose())),
        };
        let begun = match self.parts.tools.catalogue.current(&namespace, &name) {
            Found::Runnable(runnable) => runnable.flow.start(start, now).map(|reaction| (runnable, reaction)).ok(),
            Found::OtherRevision | Found::Unknown => None,
            Found::NotSynced => return acknowledgement.again(),
        };
        let Some((runnable, reaction)) = begun else {
            // Telnyx asks again, and then the failover URL: somebody there may answer.
            tracing::warn!(namespace, flow = name, "an inbound call finds no flow that can answer it");
            self.parts.tools.metrics.lost(Lost::NoFlow);
            return acknowledgement.again();
        };
        tracing::debug!(namespace, flow = name, call = %id, "an inbound call begins");
        self.begin(runnable, reaction, now, acknowledgement);
        if let Some(live) = self.calls.get_mut(id) {
            live.other_party = attempts::other_party(event, CallDirection::Inbound);
        }
    }

    /// An answered call of an attempt begins the flow that its campaign keeps. One that is asked for again goes on as it is.
    pub(super) fn begin_attempt(&mut self, order: FlowBegin) {
        let FlowBegin { leg, key, detection, attempt, origin, reply } = order;
        let id = leg.call_control_id.clone();
        let answer = self.take(&id, |actor, acknowledgement| {
            let runnable = actor.find(key)?;
            let direction = CallDirection::Outbound;
            let start = CallStart { leg, direction, answered: true, detection, attempt, origin, caller: None };
            let now = Timestamp::now();
            let reaction = runnable.flow.start(start, now).map_err(|error| {
                tracing::error!(flow = %runnable.name, %error, "an attempt's call cannot begin its flow");
                Some(Lost::NoFlow)
            })?;
            actor.begin(runnable, reaction, now, acknowledgement);
            Ok(())
        });
        // The dialer has given up meanwhile, and asks again.
        let _nobody_waits = reply.send(answer);
    }

    /// Whether a call can be taken, and by `begin` if nobody has it.
    fn take(
        &mut self,
        id: &CallControlId,
        begin: impl FnOnce(&mut Self, &Acknowledgement) -> Result<(), Option<Lost>>,
    ) -> Begun {
        if !self.is_recovered() {
            return Begun::NotYet;
        }
        if self.calls.has_ended(id) {
            return Begun::Ended;
        }
        let (verdict, given) = oneshot::channel();
        let acknowledgement = Acknowledgement::of(verdict, std::time::Instant::now());
        if let Some(live) = self.calls.get_mut(id) {
            if live.sending {
                live.waiting.push(acknowledgement);
            }
            return Begun::Taken(given);
        }
        match begin(self, &acknowledgement) {
            Ok(()) => Begun::Taken(given),
            Err(None) => Begun::NotYet,
            Err(Some(lost)) => {
                self.parts.tools.metrics.lost(lost);
                Begun::Never
            }
        }
    }

    /// No flow can go on with the call.
    fn give_up(&mut self, id: &CallControlId, lost: Lost, event: &Event) {
        if matches!(event.payload, Payload::CallHangup(_)) {
            return;
        }
        self.hang_up_lost(id, lost);
    }

    pub(super) fn hang_up_lost(&mut self, id: &CallControlId, lost: Lost) {
        tracing::warn!(call = %id, ?lost, "a call whose flow cannot be found is hung up");
        self.parts.tools.metrics.lost(lost);
        self.hang_up(id);
    }

    fn hang_up_leg(&mut self, id: &CallControlId, event: &Event) {
        if !matches!(event.payload, Payload::CallHangup(_)) {
            self.hang_up(id);
        }
    }

    /// Hangs a leg up that no flow speaks for. Asked for again under the same id, so that it is done once.
    fn hang_up(&mut self, id: &CallControlId) {
        let (client, id) = (self.client(), id.clone());
        let command_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("telnyx-operator/orphan/{id}").as_bytes());
        self.running.spawn(async move {
            let request = HangupRequest::default().command_id(CommandId::from(command_id));
            if let Err(error) = client.hangup(&id, &request).await {
                tracing::debug!(call = %id, %error, "a call without a flow was not hung up");
            }
            Answer::Nothing
        });
    }
}

/// Whether a webhook is a conference's. It carries what the call of the conference's creator carries, whichever participant it is
/// about (Telnyx API reference: Create conference, `client_state`): it does not say that this call runs a flow, or where it is.
fn is_of_a_conference(event: &Event) -> bool {
    event.event_type.as_str().starts_with("conference.")
}

fn leg_of(event: &Event) -> Option<Leg> {
    Some(Leg {
        call_control_id: event.call_control_id()?.clone(),
        call_leg_id: event.call_leg_id()?.clone(),
        connection_id: event.connection_id().cloned(),
    })
}
