//! A world without sockets: requests in, webhooks out, time as an argument.

#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part of it")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "test support")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` values are written where they are used")]
#![allow(clippy::indexing_slicing, reason = "a missing field is a failed test")]

use std::time::Duration;

use serde_json::{Value, json};
use telnyx_simulator::Config;
use telnyx_simulator::config::{Amd, Outcome, Shares, Spread};
use telnyx_simulator::model::{Method, Moment, Receipt, Request, Response, World};

pub const KEY: &str = "KEY_SIMULATOR";
pub const TO: &str = "+12025550100";
pub const FROM: &str = "+12025550001";

/// A webhook that left the world.
#[derive(Debug, Clone)]
pub struct Sent {
    pub at: Moment,
    pub url: String,
    pub body: Value,
    pub forged: bool,
}

impl Sent {
    pub fn event_type(&self) -> &str {
        self.body["data"]["event_type"].as_str().unwrap_or_default()
    }

    pub fn payload(&self) -> &Value {
        &self.body["data"]["payload"]
    }
}

/// A world with one application and one profile, where every receiver answers 200 at once.
pub struct Bench {
    pub world: World,
    pub now: Moment,
    pub application: String,
    pub profile: String,
    pub sent: Vec<Sent>,
}

/// A configuration without chance: this outcome, initiated at once, two seconds of ringing, right verdicts after two seconds.
pub fn fixed(outcome: Outcome) -> Config {
    let mut config = Config::default();
    config.limits.dials_per_second = None;
    config.callees.shares = Shares::only(outcome);
    config.callees.initiated_after_ms = Spread::Fixed(0);
    config.callees.ring_ms = Spread::Fixed(2000);
    config.callees.person.early_share = 0.0;
    config.callees.person.business_share = 0.0;
    config.callees.person.patience_ms = Spread::Fixed(10_000);
    config.callees.person.after_message_ms = Spread::Fixed(1000);
    config.callees.machine.greeting_ms = Spread::Fixed(4000);
    config.callees.machine.beep_share = 1.0;
    config.callees.machine.records_ms = Spread::Fixed(30_000);
    config.callees.fax.stays_ms = Spread::Fixed(30_000);
    config.callees.silence.stays_ms = Spread::Fixed(30_000);
    config.callees.retry_ring_ms = Spread::Fixed(3000);
    config.callees.carrier_failure_codes = vec![503];
    config.callees.amd =
        Amd { verdict_ms: Spread::Fixed(2000), not_sure_share: 0.0, wrong_share: 0.0, early_beep_share: 0.0 };
    config
}

impl Bench {
    pub fn new(config: Config) -> Self {
        let now = Moment::from_micros(1_760_000_000_000_000);
        let world = World::new(config, now);
        let mut bench = Self { world, now, application: String::new(), profile: String::new(), sent: Vec::new() };
        let (status, profile) = bench.post("/outbound_voice_profiles", json!({"name": "everyone"}));
        assert_eq!(status, 201, "{profile}");
        bench.profile.push_str(profile["data"]["id"].as_str().unwrap());
        let application = json!({
            "application_name": "bench",
            "webhook_event_url": "http://receiver/first",
            "webhook_event_failover_url": "http://receiver/second",
            "webhook_api_version": "2",
            "outbound": {"outbound_voice_profile_id": bench.profile},
        });
        let (status, application) = bench.post("/call_control_applications", application);
        assert_eq!(status, 201, "{application}");
        bench.application.push_str(application["data"]["id"].as_str().unwrap());
        bench
    }

    pub fn response(&mut self, method: Method, path: &str, body: Value) -> Response {
        let response = self.world.handle(self.now, &Request::new(method, path, KEY, body));
        self.drain();
        response
    }

    pub fn call(&mut self, method: Method, path: &str, body: Value) -> (u16, Value) {
        match self.response(method, path, body) {
            Response::Answer { status, body, .. } => (status, serde_json::from_slice(&body).unwrap_or(Value::Null)),
            Response::Hangup => panic!("the connection was closed"),
        }
    }

    pub fn get(&mut self, path: &str) -> (u16, Value) {
        self.call(Method::Get, path, Value::Null)
    }

    pub fn post(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::Post, path, body)
    }

    pub fn patch(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::Patch, path, body)
    }

    /// A dial to `TO` with these further fields; an error is a failed test.
    pub fn dial(&mut self, more: Value) -> String {
        let (status, body) = self.try_dial(more);
        assert_eq!(status, 200, "{body}");
        body["data"]["call_control_id"].as_str().unwrap().to_owned()
    }

    pub fn try_dial(&mut self, more: Value) -> (u16, Value) {
        let mut body = json!({"to": TO, "from": FROM, "connection_id": self.application});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.post("/calls", body)
    }

    /// Somebody calls the application; further fields as in `POST /sim/calls`.
    pub fn call_in(&mut self, more: Value) -> String {
        let mut order = json!({"to": FROM, "from": TO, "connectionId": self.application});
        for (name, value) in more.as_object().into_iter().flatten() {
            order[name] = value.clone();
        }
        let id = self.world.call_in(&serde_json::from_value(order).unwrap()).unwrap().to_string();
        self.drain();
        id
    }

    /// The other end presses these keys now.
    pub fn press(&mut self, call: &str, digits: &str) -> Option<()> {
        let pressed = self.world.press(call, digits);
        self.drain();
        pressed
    }

    /// A command that is accepted; anything else is a failed test.
    pub fn obey(&mut self, call: &str, name: &str, body: Value) -> Value {
        let (status, answer) = self.command(call, name, body);
        assert_eq!(status, 200, "{name}: {answer}");
        answer
    }

    /// Status, code and pointer of a refused command.
    pub fn refusal(&mut self, call: &str, name: &str, body: Value) -> String {
        let (status, answer) = self.command(call, name, body);
        let error = &answer["errors"][0];
        let pointer = error["source"]["pointer"].as_str().unwrap_or("-");
        format!("{status} {} {pointer}", error["code"].as_str().unwrap_or("-"))
    }

    pub fn command(&mut self, call: &str, name: &str, body: Value) -> (u16, Value) {
        self.post(&format!("/calls/{call}/actions/{name}"), body)
    }

    /// Lets everything happen until then, sending each webhook at its time.
    pub fn pass(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(at) = self.world.wake().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.drain();
        }
        self.now = until;
        self.drain();
    }

    pub fn pass_secs(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    /// Hands out webhooks without an answer to any of them.
    pub fn drain(&mut self) {
        while let Some(attempt) = self.world.poll(self.now) {
            self.sent.push(Sent {
                at: self.now,
                url: attempt.url.to_string(),
                body: serde_json::from_slice(&attempt.body).unwrap(),
                forged: attempt.forged,
            });
            self.world.delivered(self.now, attempt.key, Receipt::answered(200));
        }
    }

    /// `type after-milliseconds` of each webhook, the time counted from `since`.
    pub fn story(&self, since: Moment) -> Vec<String> {
        self.sent
            .iter()
            .map(|one| {
                let result = ["result", "status"].iter().find_map(|name| one.payload()[*name].as_str());
                let result = result.map(|result| format!(" {result}")).unwrap_or_default();
                format!("{}{result} {}", one.event_type(), one.at.since(since).as_millis())
            })
            .collect()
    }

    pub fn types(&self) -> Vec<&str> {
        self.sent.iter().map(Sent::event_type).collect()
    }

    pub fn last(&self, event_type: &str) -> &Sent {
        let found = self.sent.iter().rev().find(|one| one.event_type() == event_type);
        found.unwrap_or_else(|| panic!("no {event_type} in {:?}", self.types()))
    }
}
