//! What a flow wants done, and what came of it: commands one after the other, timers, questions, and what the dialer is told.

use std::sync::Arc;
use std::time::Duration;

use call_flow::effect::{WebhookCall, WebhookResponse};
use call_flow::position::CallDirection;
use call_flow::{CommandOutcome, Effect, LookUp, Reaction};
use jiff::Timestamp;
use telnyx_voice::{CallControlId, Lane};
use tokio::time::Instant;

use super::{Actor, Answer, Parts};
use crate::flows::acknowledgement::Acknowledgement;
use crate::flows::calls::until;
use crate::flows::catalogue::Runnable;
use crate::flows::look_up;
use crate::flows::policies::Inside;
use crate::flows::send;
use crate::flows::transcript::Happening;
use crate::flows::user_webhook::Question;

impl Actor<'_> {
    pub(super) fn begin(
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

    pub(super) fn react(
        &mut self,
        id: &CallControlId,
        reaction: Reaction,
        now: Timestamp,
        acknowledgement: &Acknowledgement,
    ) {
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
                        let conference = live.state.position.conference.as_deref();
                        let mut inside = Inside { conference, region: &mut live.conference_region };
                        tools.policies.complete(account, &live.runnable.namespace, &mut command.request, &mut inside);
                        live.outbox.push_back((command, acknowledgement.clone()));
                    }
                }
                Effect::ArmTimer(timer) => self.calls.arm(id, Instant::now() + until(timer.at, now), timer.key),
                Effect::LookUp(asked) => self.look_up(id, asked),
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

    /// Asks the API how the call stands.
    fn look_up(&mut self, id: &CallControlId, asked: LookUp) {
        let Some(live) = self.calls.get(id) else { return };
        self.tell(|| Happening::LookedUp);
        let (call, leg) = (id.clone(), live.state.leg.clone());
        let client = self.client().lane(Lane::Resync);
        self.running.spawn(async move {
            let found = look_up::look_up(&client, &leg, &asked).await;
            Answer::LookedUp { call, key: asked.key, found }
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

    pub(super) fn answered(&mut self, answer: Answer) {
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
            Answer::LookedUp { call, key, found } => {
                let Some(live) = self.calls.get(&call) else { return };
                tracing::info!(call = %call, ?found, "a call was looked up, because no webhook says how it stands");
                let reaction = live.runnable.flow.on_look_up(&live.state, key, found, now);
                self.react(&call, reaction, now, &Acknowledgement::nobodys());
            }
            Answer::Recovered(found) => self.recovered(found, now),
            Answer::Nothing => {}
        }
    }
}
