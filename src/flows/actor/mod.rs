//! One task per account: it owns the account's calls in flows, feeds each what happens to it, and performs what comes out.

mod deliver;
mod perform;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use call_flow::effect::{TimerKey, WebhookResponse};
use call_flow::{CommandOutcome, Found, Reaction};
use jiff::Timestamp;
use telnyx_voice::{CallControlId, Client, CommandId, Lane};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::acknowledgement::Acknowledgement;
use super::attempts::Attempts;
use super::calls::Calls;
use super::catalogue::Catalogue;
use super::inbound::Applications;
use super::metrics::{Lost, Metrics};
use super::policies::ConferencePolicies;
use super::recover::{self, FoundCall};
use super::transcript::{Happening, Transcript};
use super::user_webhook::Asker;
use crate::dialing::FlowUsers;
use crate::reconcile::AccountKey;
use crate::webhook::FlowOrder;

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
    LookedUp { call: CallControlId, key: TimerKey, found: Found },
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

    fn recovered(&mut self, found: Vec<FoundCall>, now: Timestamp) {
        let mut resumed = 0_usize;
        for call in found {
            if self.calls.get(&call.leg.call_control_id).is_some() || self.calls.has_ended(&call.leg.call_control_id) {
                continue;
            }
            let id = call.leg.call_control_id.clone();
            let reaction = self.find(call.position.key).and_then(|runnable| {
                let reaction = runnable.flow.resume(call.leg, call.position, now);
                reaction.map(|reaction| (runnable, reaction)).map_err(|why| Some(Lost::from(why)))
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
