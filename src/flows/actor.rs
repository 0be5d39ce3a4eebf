//! One task per account: it owns the account's calls in flows, feeds each what happens to it, and performs what comes out.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use call_flow::effect::{WebhookCall, WebhookResponse};
use call_flow::position::CallDirection;
use call_flow::{
    CallStart, CallState, CommandOutcome, Decoded, Detection, Effect, FlowKey, Leg, Position, Reaction, SecondLeg,
};
use jiff::Timestamp;
use telnyx_voice::webhook::payload::Direction;
use telnyx_voice::webhook::{Event, Payload};
use telnyx_voice::{CallControlId, Client, CommandId, HangupRequest, Lane};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::acknowledgement::Acknowledgement;
use super::attempts::{self, Attempts};
use super::calls::{Calls, until};
use super::catalogue::{Catalogue, Found, Runnable};
use super::inbound::{Answering, Applications};
use super::metrics::{Lost, Metrics};
use super::policies::ConferencePolicies;
use super::recover::{self, FoundCall};
use super::send;
use super::transcript::{Happening, Transcript};
use super::user_webhook::{Asker, Question};
use crate::dialing::FlowUsers;
use crate::reconcile::AccountKey;
use crate::webhook::{Begun, FlowBegin, FlowDelivery, FlowOrder};

/// For what is under way to be done when the process ends; Kubernetes kills after 30 s by default.
const FLUSH: Duration = Duration::from_secs(5);
/// A day: with no timer there is nothing to wake up for.
const IDLE: Duration = Duration::from_hours(24);

/// What all actors use.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    pub(super) catalogue: Catalogue,
    pub(super) applications: Applications,
    pub(super) asker: Asker,
    pub(super) metrics: Metrics,
    pub(super) transcript: Transcript,
    pub(super) policies: ConferencePolicies,
    pub(super) attempts: Attempts,
    pub(super) users: FlowUsers,
}

/// What an actor is made of.
pub(super) struct Parts<'a> {
    pub(super) account: AccountKey,
    pub(super) tools: Tools,
    pub(super) client: watch::Receiver<Client>,
    pub(super) orders: &'a mut mpsc::Receiver<FlowOrder>,
    /// Counts the calls of attempts that flows have.
    pub(super) attempts: Arc<AtomicUsize>,
    /// Set once every call under way is known.
    pub(super) recovered: watch::Sender<bool>,
    pub(super) stop: CancellationToken,
}

/// The task's state.
pub(super) struct Actor<'a> {
    parts: Parts<'a>,
    calls: Calls,
    running: JoinSet<Answer>,
}

/// What came of something that was started.
enum Answer {
    Command { call: CallControlId, id: CommandId, outcome: CommandOutcome, acknowledgement: Acknowledgement },
    Webhook { call: CallControlId, id: CommandId, response: WebhookResponse },
    Recovered(Vec<FoundCall>),
    Nothing,
}

/// All that an actor waits for.
enum Input {
    Order(FlowOrder),
    Answer(Answer),
    Time,
    Stop,
}

/// Why an actor ended without being told to.
#[derive(Debug, thiserror::Error)]
pub(super) enum ActorError {
    #[error("something that was started ended without an answer")]
    AnswerLost(#[from] tokio::task::JoinError),
    #[error("nobody delivers any more")]
    Abandoned,
}

impl<'a> Actor<'a> {
    pub(super) fn new(parts: Parts<'a>) -> Self {
        Self { calls: Calls::new(Arc::clone(&parts.attempts)), parts, running: JoinSet::new() }
    }

    /// Runs until stopped, then lets what is under way end.
    pub(super) async fn run(mut self) -> Result<(), ActorError> {
        self.start_recovery();
        loop {
            match self.next().await? {
                Input::Order(FlowOrder::Webhook(delivery)) => self.deliver(*delivery),
                Input::Order(FlowOrder::Begin(begin)) => self.begin_attempt(*begin),
                Input::Answer(answer) => self.answered(answer),
                Input::Time => self.timers(),
                Input::Stop => return self.flush().await,
            }
        }
    }

    async fn next(&mut self) -> Result<Input, ActorError> {
        let wake = self.calls.next_timer().unwrap_or_else(|| Instant::now() + IDLE);
        tokio::select! {
            biased;
            () = self.parts.stop.cancelled() => Ok(Input::Stop),
            Some(answer) = self.running.join_next(), if !self.running.is_empty() => Ok(Input::Answer(answer?)),
            order = self.parts.orders.recv() => order.map(Input::Order).ok_or(ActorError::Abandoned),
            () = sleep_until(wake) => Ok(Input::Time),
        }
    }

    fn tell(&self, happening: impl FnOnce() -> Happening) {
        self.parts.tools.transcript.tell(happening);
    }

    fn tell_steps(&self, reaction: &Reaction) {
        for step in &reaction.failed {
            self.tell(|| Happening::StepFailed(usize::from(*step)));
        }
        for step in &reaction.entered {
            self.tell(|| Happening::Step(usize::from(*step)));
        }
    }

    fn start_recovery(&mut self) {
        let (account, tools) = (self.parts.account.clone(), self.parts.tools.clone());
        let client = self.client();
        self.running.spawn(async move { Answer::Recovered(recover::calls_under_way(&account, &tools, &client).await) });
    }

    fn client(&self) -> Client {
        self.parts.client.borrow().lane(Lane::LiveCall)
    }

    fn is_recovered(&self) -> bool {
        *self.parts.recovered.borrow()
    }

    fn deliver(&mut self, delivery: FlowDelivery) {
        let FlowDelivery { event, verdict } = delivery;
        self.tell(|| Happening::Webhook(Box::new(event.clone())));
        let acknowledgement = Acknowledgement::of(verdict, std::time::Instant::now());
        let now = Timestamp::now();
        let Some(id) = event.call_control_id().cloned() else { return acknowledgement.not_needed() };
        let carried = event.client_state().and_then(Decoded::read);
        if self.calls.get(&id).is_some() {
            return self.lead_on(&id, &event, now, &acknowledgement);
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
        let state = CallState { leg, position: *position, last_event: None };
        let after = self.find(state.position.key).map(|runnable| runnable.flow.on_event(&state, event, now).state);
        let Some(after) = after.ok().filter(|after| after.position.opted_out && !opted_out) else {
            return acknowledgement.not_needed();
        };
        let (attempts, account) = (self.parts.tools.attempts.clone(), self.parts.account.clone());
        let (who, acknowledgement) = (attempts::other_party(event, direction), acknowledgement.clone());
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
        let Ok(reaction) = runnable.flow.resume(leg, position, now) else {
            return self.give_up(id, Lost::OtherRevision, event);
        };
        self.begin(runnable, reaction, now, acknowledgement);
        self.lead_on(id, event, now, acknowledgement);
    }

    /// The flow's revision; `Err(None)`: nobody knows yet.
    fn find(&self, key: FlowKey) -> Result<Arc<Runnable>, Option<Lost>> {
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
    fn begin_attempt(&mut self, order: FlowBegin) {
        let FlowBegin { leg, key, detection, attempt, origin, reply } = order;
        let id = leg.call_control_id.clone();
        let answer = self.take(&id, |actor, acknowledgement| {
            let runnable = actor.find(key)?;
            let start =
                CallStart { leg, direction: CallDirection::Outbound, answered: true, detection, attempt, origin };
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

    fn begin(
        &mut self,
        runnable: Arc<Runnable>,
        reaction: Reaction,
        now: Timestamp,
        acknowledgement: &Acknowledgement,
    ) {
        self.tell_steps(&reaction);
        let id = self.calls.begin(runnable, &reaction, self.parts.tools.metrics.began());
        self.perform(&id, reaction.effects, now, acknowledgement);
    }

    fn react(&mut self, id: &CallControlId, reaction: Reaction, now: Timestamp, acknowledgement: &Acknowledgement) {
        self.tell_steps(&reaction);
        if let Some(live) = self.calls.get_mut(id) {
            live.take(&reaction);
        }
        self.perform(id, reaction.effects, now, acknowledgement);
    }

    fn perform(&mut self, id: &CallControlId, effects: Vec<Effect>, now: Timestamp, acknowledgement: &Acknowledgement) {
        for effect in effects {
            match effect {
                Effect::Command(mut command) => {
                    if let Some(live) = self.calls.get_mut(id) {
                        let Parts { account, tools, .. } = &self.parts;
                        tools.policies.complete(account, &live.runnable.namespace, &mut command.request);
                        live.outbox.push_back((command, acknowledgement.clone()));
                    }
                }
                Effect::ArmTimer(timer) => self.calls.arm(id, Instant::now() + until(timer.at, now), timer.key),
                Effect::CallWebhook(question) => self.ask(id, question),
                Effect::SetOutcome(outcome) => {
                    self.tell(|| Happening::Outcome(outcome));
                    self.tell_dialer(id, false, acknowledgement);
                }
                Effect::OptOut => {
                    self.tell(|| Happening::OptOut);
                    self.tell_dialer(id, true, acknowledgement);
                }
                Effect::Ended(ended) => {
                    self.parts.tools.metrics.ended(ended.ending);
                    self.tell(|| Happening::Ended(ended.ending));
                    self.calls.disarm(id);
                    if let Some(live) = self.calls.get_mut(id) {
                        live.ended = true;
                    }
                }
            }
        }
        self.send_next(id);
    }

    /// The dialer learns what the flow has said of an attempt, or that a caller opts out, before the webhook is acknowledged. An
    /// outcome of a call that is no attempt's is nobody's.
    fn tell_dialer(&mut self, id: &CallControlId, opts_out: bool, acknowledgement: &Acknowledgement) {
        let Some(live) = self.calls.get(id) else { return };
        let (state, caller) = (live.state.clone(), live.other_party.clone());
        let is_attempt = !state.position.origin.is_empty();
        let is_caller = opts_out && state.position.direction == CallDirection::Inbound;
        if !(is_attempt || is_caller) {
            return;
        }
        let (attempts, account) = (self.parts.tools.attempts.clone(), self.parts.account.clone());
        let acknowledgement = acknowledgement.clone();
        self.running.spawn(async move {
            let told = if is_attempt {
                attempts.tell(&account, &state.leg, &state.position).await
            } else {
                attempts.opt_out(&account, caller).await
            };
            if !told {
                acknowledgement.again();
            }
            Answer::Nothing
        });
    }

    /// Sends the call's next command, unless one is under way; lets the call go when it has ended and none is left.
    fn send_next(&mut self, id: &CallControlId) {
        let client = self.client();
        let Some(live) = self.calls.get_mut(id) else { return };
        if live.sending {
            return;
        }
        let Some((command, acknowledgement)) = live.outbox.pop_front() else {
            live.waiting.clear();
            if live.ended {
                self.calls.end(id);
            }
            return;
        };
        live.sending = true;
        self.parts.tools.transcript.tell(|| Happening::Command(Box::new(command.clone())));
        if let Some(received) = acknowledgement.received() {
            self.parts.tools.metrics.reacted(received.elapsed());
        }
        let (call, metrics) = (id.clone(), self.parts.tools.metrics.clone());
        self.running.spawn(async move {
            let id = command.id.clone();
            let outcome = send::send(&client, command).await;
            metrics.command(match &outcome {
                CommandOutcome::Accepted(_) => "accepted",
                CommandOutcome::Refused(_) => "refused",
                CommandOutcome::FateUnknown => "unknown",
            });
            Answer::Command { call, id, outcome, acknowledgement }
        });
    }

    fn ask(&mut self, id: &CallControlId, question: WebhookCall) {
        let Some(live) = self.calls.get(id) else { return };
        let (call, runnable, tools) = (id.clone(), Arc::clone(&live.runnable), self.parts.tools.clone());
        tools.transcript.tell(|| Happening::Asked(question.url.clone()));
        self.running.spawn(async move {
            let id = question.id.clone();
            let asked = Question {
                url: question.url,
                body: serde_json::to_vec(&question.body).unwrap_or_default(),
                id: id.as_str().to_owned(),
                patience: Duration::from_secs(question.timeout_secs.into()),
            };
            let answer = tools.asker.ask(&runnable.namespace, &runnable.webhooks, asked).await;
            let response = match answer {
                Ok((200..=299, body)) => WebhookResponse::Ok(serde_json::from_slice(&body).unwrap_or_default()),
                Ok((status, _)) => {
                    tracing::info!(flow = %runnable.name, status, "a user's webhook refused");
                    WebhookResponse::Failed
                }
                Err(error) => {
                    tracing::info!(flow = %runnable.name, error = &error as &dyn std::error::Error, "a user's webhook failed");
                    WebhookResponse::Failed
                }
            };
            Answer::Webhook { call, id, response }
        });
    }

    fn answered(&mut self, answer: Answer) {
        let now = Timestamp::now();
        match answer {
            Answer::Command { call, id, outcome, acknowledgement } => {
                let Some(live) = self.calls.get_mut(&call) else { return };
                live.sending = false;
                if outcome == CommandOutcome::FateUnknown {
                    acknowledgement.again();
                }
                if !matches!(outcome, CommandOutcome::Accepted(_)) {
                    self.parts.tools.transcript.tell(|| Happening::NotAccepted(outcome.clone()));
                }
                if live.ended {
                    return self.send_next(&call);
                }
                let reaction = live.runnable.flow.on_command_result(&live.state, &id, &outcome, now);
                self.react(&call, reaction, now, &acknowledgement);
            }
            Answer::Webhook { call, id, response } => {
                let Some(live) = self.calls.get(&call) else { return };
                let reaction = live.runnable.flow.on_webhook_response(&live.state, &id, response, now);
                self.react(&call, reaction, now, &Acknowledgement::nobodys());
            }
            Answer::Recovered(found) => self.recovered(found, now),
            Answer::Nothing => {}
        }
    }

    fn recovered(&mut self, found: Vec<FoundCall>, now: Timestamp) {
        let mut resumed = 0_usize;
        for call in found {
            if self.calls.get(&call.leg.call_control_id).is_some() || self.calls.has_ended(&call.leg.call_control_id) {
                continue;
            }
            let id = call.leg.call_control_id.clone();
            let reaction = self.find(call.position.key).and_then(|runnable| {
                let reaction = runnable.flow.resume(call.leg, call.position, now);
                reaction.map(|reaction| (runnable, reaction)).map_err(|_| Some(Lost::OtherRevision))
            });
            match reaction {
                Ok((runnable, reaction)) => {
                    resumed += 1;
                    self.begin(runnable, reaction, now, &Acknowledgement::nobodys());
                }
                Err(Some(lost)) => self.hang_up_lost(&id, lost),
                // Recovery waits for the catalogue.
                Err(None) => {}
            }
        }
        if resumed > 0 {
            tracing::info!(account = %self.parts.account, calls = resumed, "calls under way go on");
        }
        self.parts.recovered.send_replace(true);
    }

    fn timers(&mut self) {
        while let Some((id, key)) = self.calls.due(Instant::now()) {
            let now = Timestamp::now();
            let Some(live) = self.calls.get(&id) else { continue };
            self.tell(|| Happening::Timer);
            let reaction = live.runnable.flow.on_timer(&live.state, key, now);
            self.react(&id, reaction, now, &Acknowledgement::nobodys());
        }
    }

    /// No flow can go on with the call.
    fn give_up(&mut self, id: &CallControlId, lost: Lost, event: &Event) {
        if matches!(event.payload, Payload::CallHangup(_)) {
            return;
        }
        self.hang_up_lost(id, lost);
    }

    fn hang_up_lost(&mut self, id: &CallControlId, lost: Lost) {
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

    /// Lets commands under way end, so that their webhooks are acknowledged; the calls go on with whoever starts next.
    async fn flush(mut self) -> Result<(), ActorError> {
        self.parts.orders.close();
        let deadline = Instant::now() + FLUSH;
        loop {
            tokio::select! {
                answer = self.running.join_next() => match answer {
                    Some(answer) => drop(answer?),
                    None => return Ok(()),
                },
                () = sleep_until(deadline) => {
                    tracing::warn!(calls = self.calls.len(), "stopped before every command was answered");
                    return Ok(());
                }
            }
        }
    }
}

fn leg_of(event: &Event) -> Option<Leg> {
    Some(Leg {
        call_control_id: event.call_control_id()?.clone(),
        call_leg_id: event.call_leg_id()?.clone(),
        connection_id: event.connection_id().cloned(),
    })
}
