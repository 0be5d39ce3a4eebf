//! What stories of call flows have in common.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, CallFlow, OutboundVoiceProfile};
use telnyx_simulator::config::{Outcome, Person, Shares, Spread};
use telnyx_voice::ClientState;

use crate::stage::{KEY, Stage};

pub(crate) use crate::stage::condition;

const CALLER: &str = "+15550100001";
const LINE: &str = "+15550100002";

/// A stage that people call.
pub(crate) struct World {
    stage: Stage,
}

impl Deref for World {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Stage {
        &mut self.stage
    }
}

impl World {
    /// The account `main` is Ready; the application `line` runs the flow `flow`, which is there too.
    pub(crate) async fn new(flow: Value) -> Self {
        let world = Self::empty().await;
        world.create::<CallFlow>("flow", flow).await;
        world.line().await;
        world.ready::<CallFlow>("flow").await;
        world
    }

    /// The account `main` is being made, and nothing else.
    pub(crate) async fn empty() -> Self {
        Self::with(vec![]).await
    }

    /// The same, with an operator that lets flows ask this host of its own machine.
    pub(crate) async fn opening(host: &str) -> Self {
        Self::with(vec![format!("--flow-webhook-allow-host={host}")]).await
    }

    async fn with(arguments: Vec<String>) -> Self {
        let quick = |behaviour: &mut telnyx_simulator::config::Config| {
            behaviour.callees.audio.speak_ms_per_character = 10;
            // Whoever is called answers at once, and talks for as long as a story takes.
            behaviour.callees.shares = Shares::only(Outcome::Person);
            behaviour.callees.ring_ms = Spread::Fixed(500);
            behaviour.callees.person = Person {
                early_share: 0.0,
                patience_ms: Spread::Fixed(600_000),
                talk_ms: Spread::Fixed(600_000),
                ..Person::default()
            };
        };
        Self { stage: Stage::with("flows", quick, json!({}), arguments).await }
    }

    /// Removes everything; the operator has to let go of it.
    pub(crate) async fn end(self) {
        self.stage.end().await;
    }

    /// The application that calls come in on.
    pub(crate) async fn line(&self) {
        let spec = json!({ "accountRef": { "name": "main" }, "callFlowRef": { "name": "flow" } });
        self.create::<CallControlApplication>("line", spec).await;
        self.ready::<CallControlApplication>("line").await;
    }

    /// From now on the line can call others, too.
    pub(crate) async fn line_calls_out(&self) {
        self.create::<OutboundVoiceProfile>("out", json!({ "accountRef": { "name": "main" } })).await;
        let outbound = json!({ "outbound": { "outboundVoiceProfileRef": { "name": "out" } } });
        self.change::<CallControlApplication>("line", outbound).await;
        self.ready::<CallControlApplication>("line").await;
    }

    /// Somebody is called from the line, by nobody's flow; the call carries this. Returns its id.
    pub(crate) async fn call_out(&self, state: &ClientState) -> String {
        let line = self.get::<CallControlApplication>("line").await;
        let order = json!({ "to": CALLER, "from": LINE, "connection_id": line["status"]["id"], "client_state": state });
        let request = self.http.post(format!("{}/calls", self.simulator.base_url())).bearer_auth(KEY).json(&order);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["data"]["call_control_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// How many calls the operator has lost for this reason.
    pub(crate) async fn lost(&self, reason: &str) -> u64 {
        let log = self.log();
        let (_, told) = log.rsplit_once("admin=").expect("the log says where the admin port is");
        let url = format!("http://{}/metrics", told.split_whitespace().next().unwrap());
        let metrics = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let series = format!(r#"telnyx_operator_flow_calls_lost_total{{reason="{reason}"}} "#);
        let line = metrics.lines().find_map(|line| line.strip_prefix(&series));
        line.unwrap_or_else(|| panic!("no {series} in {metrics}")).parse().unwrap()
    }

    pub(crate) async fn change_flow(&self, spec: Value) {
        self.change::<CallFlow>("flow", spec).await;
    }

    /// From now on webhooks of this type do not arrive.
    pub(crate) async fn lose_webhooks(&self, event_type: &str) {
        self.fault(json!({ "scope": { "event": event_type }, "effect": "dropWebhook" })).await;
    }

    /// Somebody calls the line; `person` says how they behave. Returns the call's id.
    pub(crate) async fn call_in(&self, person: Value) -> String {
        let line = self.get::<CallControlApplication>("line").await;
        let order = json!({ "to": LINE, "from": CALLER, "connectionId": line["status"]["id"], "person": person });
        self.post("/calls", order).await["callControlId"].as_str().unwrap().to_owned()
    }

    /// The caller hangs up.
    pub(crate) async fn leave(&self, call: &str) {
        self.post(&format!("/calls/{call}/leave"), json!({})).await;
    }

    /// The caller presses keys.
    pub(crate) async fn press(&self, call: &str, digits: &str) {
        self.post(&format!("/calls/{call}/press"), json!({ "digits": digits })).await;
    }

    /// What the API's log knows of a call: commands and webhooks in their order.
    pub(crate) async fn log_of(&self, call: &str) -> Vec<String> {
        let url = format!("{}/call_events", self.simulator.base_url());
        let request = self.http.get(url).bearer_auth(KEY).query(&[("page[size]", "250")]);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let rows = answer["data"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let leg = rows
            .iter()
            .find(|row| row["metadata"]["payload"]["call_control_id"] == call)
            .map(|row| &row["call_leg_id"]);
        let mut rows: Vec<(String, String)> = rows
            .iter()
            .filter(|row| Some(&row["call_leg_id"]) == leg)
            .map(|row| {
                let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
                (text("event_timestamp"), text("name"))
            })
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows.into_iter().map(|(_, name)| name).collect()
    }

    /// Waits until the call's log holds these names in this order, others between them.
    pub(crate) async fn heard(&self, call: &str, names: &[&str]) -> Vec<String> {
        self.eventually(&format!("the call's log holds {names:?}"), async || {
            let log = self.log_of(call).await;
            let mut wanted = names.iter().peekable();
            for name in &log {
                wanted.next_if(|wanted| **wanted == name);
            }
            if wanted.peek().is_none() { Ok(log) } else { Err(format!("{log:?}")) }
        })
        .await
    }
}

/// Somebody who stays on the line.
pub(crate) fn patient() -> Value {
    json!({ "earlyShare": 0, "afterMessageMs": 600_000, "patienceMs": 600_000 })
}

/// The same, who presses this when asked.
pub(crate) fn pressing(digits: &str) -> Value {
    let mut person = patient();
    person["keys"] = json!({ "replies": [digits] });
    person
}
