//! What a test may look at and change behind the API's back: the model side of `/sim`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::World;
use super::calls::{Call, State, SupervisorRole};
use super::counters::NumberDials;
use super::faults::FaultView;
use super::moment::Moment;
use crate::config::{ApiKey, Fault};

impl World {
    /// The latest moment that this world has seen.
    #[must_use]
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// Lets everything happen that is due by `now`.
    pub fn catch_up(&mut self, now: Moment) {
        self.advance(now);
    }

    /// Everything that is counted, as `/sim/counters` shows it.
    #[must_use]
    pub fn counters(&self) -> Value {
        let mut requests: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
        for ((route, status), count) in &self.counters.requests {
            requests.entry(self.routes.name(*route)).or_default().insert(status.to_string(), *count);
        }
        for (route, count) in &self.counters.dropped {
            requests.entry(self.routes.name(*route)).or_default().insert("dropped".to_owned(), *count);
        }
        json!({
            "requests": requests,
            "duplicateCommands": self.counters.duplicate_commands,
            "unknownRoutes": self.counters.unrouted,
            "dials": self.counters.dials,
            "webhooks": self.counters.webhooks,
            "webhooksPending": self.outbox.pending(),
            "concurrentCalls": self.channels.in_use(),
            "maxConcurrentCalls": self.counters.max_concurrent_calls,
            "endedCalls": self.counters.ended,
            "conferences": self.counters.conferences,
        })
    }

    /// Accepted dials by called number: those to one number, or to every number dialled at least so often.
    #[must_use]
    pub fn dials(&self, number: Option<&str>, at_least: u64) -> Vec<NumberDials> {
        self.counters.dials_by_number(number, at_least)
    }

    /// Every call that is not forgotten, in the order of the dials.
    #[must_use]
    pub fn calls(&self) -> Vec<Value> {
        self.calls.all().map(call_view).collect()
    }

    /// The person or machine at the other end of a live call presses these keys, now; `None` when there is no such call.
    pub fn press(&mut self, call_control_id: &str, digits: &str) -> Option<()> {
        let key = self.calls.find(call_control_id)?;
        digits.chars().all(|digit| self.press_key(key, digit)).then_some(())
    }

    /// The person or machine at the other end of a live call hangs up; `None` when there is no such call.
    pub fn leave(&mut self, call_control_id: &str) -> Option<()> {
        let key = self.calls.find(call_control_id)?;
        self.calls.get(key).filter(|call| call.is_alive())?;
        self.other_end_hangs_up(key);
        Some(())
    }

    /// Every conference that is not forgotten, in the order of creation, with who is in it.
    #[must_use]
    pub fn conferences(&self) -> Vec<Value> {
        self.conferences.view()
    }

    /// How many objects the account holds.
    #[must_use]
    pub fn objects(&self) -> Value {
        json!({
            "call_control_applications": self.applications.len(),
            "outbound_voice_profiles": self.profiles.len(),
            "queues": self.queues.len(),
        })
    }

    /// Methods and paths of all endpoints, as counters and fault scopes write them.
    #[must_use]
    pub fn endpoints(&self) -> &[String] {
        self.routes.names()
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultView> {
        self.faults.view()
    }

    /// Puts a fault in force; its id is for [`World::disarm`].
    pub fn arm(&mut self, fault: Fault) -> u64 {
        self.faults.arm(fault)
    }

    /// Takes one fault back; whether there was one.
    pub fn disarm(&mut self, id: u64) -> bool {
        self.faults.disarm(id)
    }

    /// Takes all faults back.
    pub fn disarm_all(&mut self) {
        self.faults.clear();
    }

    /// Accepts a further bearer key.
    pub fn accept_key(&mut self, key: ApiKey) {
        self.keys.accept(key);
    }

    /// Stops accepting a bearer key; whether it was accepted.
    pub fn revoke_key(&mut self, key: &ApiKey) -> bool {
        self.keys.revoke(key)
    }
}

fn call_view(call: &Call) -> Value {
    let state = match call.state {
        State::AwaitsNetwork => "dialled",
        State::AwaitsAnswer => "ringing",
        State::AwaitsEnd { .. } => "answered",
        State::Ended { .. } => "ended",
    };
    json!({
        "callControlId": &*call.control_id,
        "callLegId": &*call.leg_id,
        "callSessionId": &*call.session_id,
        "connectionId": &*call.connection,
        "direction": call.direction.name(),
        "from": &*call.from,
        "to": &*call.to,
        "clientState": call.client_state.as_deref(),
        "state": state,
        "bridged": call.running.bridge.is_some(),
        "recordings": call.running.recordings.len(),
        "beeps": call.running.beeps,
        "onHold": call.running.held,
        "noiseSuppressed": call.running.media.noise_suppressed,
        "supervisorRole": call.running.supervisor_role().map(SupervisorRole::name),
        "dialledAt": call.dialled_at,
        "answeredAt": call.answered_at(),
        "endedAt": call.ended_at(),
    })
}
