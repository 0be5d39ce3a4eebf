//! Calls that others make to the account.
//!
//! Promises `call.initiated` with direction `incoming`, after which the application answers or rejects, the caller gives up,
//! or `first_command_timeout` ends the call (Telnyx API reference: "Answer call", "Reject a call").

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;

use super::{Call, CallKey, CallTimer, Callee, Direction, OnAnswer, Options, Overrides, Running, State};
use crate::config::IncomingCall;
use crate::model::World;
use crate::model::endpoints::applications::Application;
use crate::model::events::{CallerIdentity, Detail};
use crate::model::timers::Timer;

/// Why a call never reaches the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// Neither `connectionId` nor `inbound.lines` names an active application; create it, or correct the order.
    #[error("connectionId or inbound.lines must name an active Call Control application")]
    NoApplication,
    /// The application has no webhook URL to tell.
    #[error("the Call Control application has no webhook URL")]
    NoWebhookUrl,
    /// As many calls come in as `inbound.channel_limit` of the application allows; the caller hears the busy tone.
    #[error("the inbound channel limit of the Call Control application is reached")]
    Busy,
}

impl World {
    /// Somebody calls the account; the new call's `call_control_id`.
    pub fn call_in(&mut self, order: &IncomingCall) -> Result<Arc<str>, Unreachable> {
        let line = self.config.inbound.lines.iter().find(|line| line.number == order.to);
        let on_line = |app: &&Application| line.is_some_and(|line| line.application == app.application_name);
        let application = if let Some(id) = &order.connection_id {
            self.applications.get(id)
        } else {
            self.applications.values().find(on_line)
        };
        let application = application.filter(|app| app.active).ok_or(Unreachable::NoApplication)?;
        let target = Arc::clone(application.target().ok_or(Unreachable::NoWebhookUrl)?);
        let connection: Arc<str> = Arc::from(application.id.as_str());
        let limit = application.inbound.channel_limit;
        if limit.is_some_and(|limit| self.channels.incoming(&connection) >= limit) {
            return Err(Unreachable::Busy);
        }
        let from: Arc<str> = Arc::from(order.from.as_str());
        let callee = Callee::caller(
            self.config.seed,
            &from,
            self.counters.calls_from(&from),
            order.person.as_ref().unwrap_or(&self.config.callees.person),
            order.ring_patience_ms.unwrap_or(self.config.inbound.ring_patience_ms),
        );
        let control_id: Arc<str> = self.ids.call_control().into();
        let call = Call {
            direction: Direction::Incoming,
            control_id: Arc::clone(&control_id),
            leg_id: self.ids.uuid().into(),
            session_id: self.ids.uuid().into(),
            batch: self.calls.next_batch(),
            connection,
            profile: None,
            from,
            to: Arc::from(order.to.as_str()),
            client_state: None,
            dialled_at: self.now,
            state: State::AwaitsNetwork,
            callee,
            options: Options::incoming(),
            target,
            overrides: Overrides::default(),
            clips: VecDeque::new(),
            next_clip: 0,
            plan: 0,
            verdict_given: false,
            commanded: false,
            queue: None,
            running: Running::default(),
        };
        self.place(call);
        Ok(control_id)
    }

    /// Sets the moment of the next call that comes by itself, if any do.
    pub(crate) fn await_caller(&mut self) {
        let Some(stream) = &self.config.inbound.stream else { return };
        // The waits of a Poisson process are exponentially distributed.
        let draw: f64 = self.caller_rng.random();
        let hours = -(1.0 - draw).ln() / stream.per_hour;
        let wait = Duration::try_from_secs_f64(hours * 3600.0).unwrap_or(Duration::MAX);
        self.timers.set(self.now + wait, Timer::NextCaller);
    }

    /// A call comes by itself.
    pub(crate) fn on_caller(&mut self) {
        let Some(stream) = &self.config.inbound.stream else { return };
        let drawn = self.caller_rng.random_range(0..stream.from.len().max(1));
        let from = stream.from.get(drawn).cloned().unwrap_or_default();
        let order = IncomingCall { to: stream.to.clone(), from, ..IncomingCall::default() };
        // Who reaches nobody hears the busy tone; the account hears nothing.
        let _reached = self.call_in(&order);
        self.await_caller();
    }

    /// The call is at the account's door.
    pub(super) fn ring_in(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let verified = self.applications.get(&call.connection).is_some_and(|app| app.inbound.shaken_stir_enabled);
        let caller = CallerIdentity {
            caller_id_name: Arc::clone(&call.from),
            shaken_stir_attestation: verified.then_some("A"),
            shaken_stir_validated: verified.then_some(true),
        };
        let detail = Detail::Initiated {
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            direction: call.direction.name(),
            state: "parked",
            start_time: call.dialled_at,
            connection_codecs: "PCMU,PCMA,G722",
            offered_codecs: "PCMU",
            caller: Some(caller),
        };
        let (patience, connection) = (call.callee.ring, Arc::clone(&call.connection));
        self.emit(key, detail);
        self.timers.set(self.now + patience, Timer::Call(key, CallTimer::CallerGivesUp));
        self.await_first_command(key, &connection);
    }

    /// Answers an incoming call that rings; nothing when it has been answered. The id of the recording that it was asked for.
    pub(crate) fn answer_incoming(&mut self, key: CallKey, mut order: OnAnswer) -> Option<Arc<str>> {
        order.recording_id = order.recording.is_some().then(|| self.ids.uuid().into());
        let id = order.recording_id.clone();
        let call = self.calls.get_mut(key).filter(|call| call.state == State::AwaitsAnswer)?;
        call.options.on_answer = order;
        self.answer_call(key);
        id
    }
}
