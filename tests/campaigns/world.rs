//! What stories of campaigns and jobs have in common.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, CallFlow, DialJob, OutboundCampaign, OutboundVoiceProfile};
use telnyx_simulator::config::{Config as Behaviour, Keypad, NumberRule, Person, Shares, Spread};

use crate::stage::{Stage, merge};

pub(crate) use crate::stage::condition;

/// A stage with an account that dials, and the application `announcements`.
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

/// Everybody answers at once and listens to the end.
pub(crate) fn willing(behaviour: &mut Behaviour) {
    behaviour.callees.shares = Shares::only(telnyx_simulator::config::Outcome::Person);
    behaviour.callees.initiated_after_ms = Spread::between(5, 20);
    behaviour.callees.ring_ms = Spread::between(50, 300);
    behaviour.callees.person =
        Person { early_share: 0.0, after_message_ms: Spread::between(2000, 3000), ..Person::default() };
    behaviour.callees.audio.speak_ms_per_character = 10;
    behaviour.limits.dials_per_second = Some(1000);
}

impl World {
    /// The account `main` and the application `announcements` are Ready.
    pub(crate) async fn new(configure: impl FnOnce(&mut Behaviour)) -> Self {
        Self::with(configure, vec![]).await
    }

    /// The same, with an operator that has further arguments.
    pub(crate) async fn with(configure: impl FnOnce(&mut Behaviour), arguments: Vec<String>) -> Self {
        let behaviour = |behaviour: &mut Behaviour| {
            willing(behaviour);
            configure(behaviour);
        };
        let limits = json!({ "limits": { "dialsPerSecond": 500, "maxConcurrentRequests": 64 } });
        let world = Self { stage: Stage::with("campaigns", behaviour, limits, arguments).await };
        let account = json!({ "name": "main" });
        world.create::<OutboundVoiceProfile>("out", json!({ "accountRef": account })).await;
        let spec = json!({ "accountRef": account, "outbound": { "outboundVoiceProfileRef": { "name": "out" } } });
        world.create::<CallControlApplication>("announcements", spec).await;
        world.ready::<CallControlApplication>("announcements").await;
        world
    }

    /// Removes everything; the operator has to let go of it.
    pub(crate) async fn end(self) {
        self.stage.end().await;
    }

    /// The ConfigMap `list` with this document under `list.csv`.
    pub(crate) async fn list(&self, csv: &str) {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "list" }, "data": { "list.csv": csv },
        });
        let api = self.api::<ConfigMap>();
        api.patch("list", &PatchParams::apply("user").force(), &Patch::Apply(&object)).await.unwrap();
    }

    /// A campaign over the ConfigMap `list`, at any hour, with `changes` to its spec.
    pub(crate) async fn campaign(&self, name: &str, changes: Value) -> OutboundCampaign {
        let mut spec = plan();
        spec["targetsFrom"] = json!({ "configMap": { "name": "list", "key": "list.csv" } });
        merge(&mut spec, &changes);
        self.create(name, spec).await
    }

    /// Waits for a true `Complete`. Counts add up on the way. Returns the campaign.
    pub(crate) async fn complete(&self, name: &str) -> Value {
        self.until::<OutboundCampaign>(name, "is complete", |campaign| {
            adds_up(&campaign["status"]["counts"]);
            condition(campaign, "Complete")["status"] == "True"
        })
        .await
    }

    /// Waits until condition `kind` of the campaign has `reason`.
    pub(crate) async fn reason(&self, name: &str, kind: &str, reason: &str) -> Value {
        self.until::<OutboundCampaign>(name, &format!("has {kind} with reason {reason}"), |campaign| {
            condition(campaign, kind)["reason"] == reason
        })
        .await
    }

    /// Waits for an event about `name`. No event holds a whole phone number.
    pub(crate) async fn event(&self, name: &str, reason: &str) {
        self.eventually(&format!("an event {reason} about {name}"), async || {
            let events = self.all::<Event>().await;
            assert!(!serde_json::to_string(&events).unwrap().contains("+1555"), "{events:#?}");
            let about = events
                .iter()
                .filter(|event| event.regarding.as_ref().and_then(|object| object.name.as_deref()) == Some(name));
            let reasons: Vec<_> = about.filter_map(|event| event.reason.as_deref()).collect();
            if reasons.contains(&reason) { Ok(()) } else { Err(format!("{reasons:?}")) }
        })
        .await;
    }

    /// How often each attempt's phone was made to ring, by number and `client_state` without its position: the same for
    /// every dial of one attempt.
    pub(crate) async fn rings(&self) -> BTreeMap<(String, String), u64> {
        let mut rings = BTreeMap::new();
        for number in self.sim("/dials").await.as_array().unwrap() {
            for dial in number["dials"].as_array().unwrap() {
                let attempt = attempt(dial["clientState"].as_str().unwrap());
                *rings.entry((number["to"].as_str().unwrap().to_owned(), attempt)).or_default() += 1;
            }
        }
        rings
    }

    /// No attempt rang twice, and these numbers rang, each for so many attempts.
    pub(crate) async fn rang_once_per_attempt(&self, numbers: usize, attempts: u64) {
        let rings = self.rings().await;
        let twice: Vec<_> = rings.iter().filter(|(_, rang)| **rang > 1).collect();
        assert!(twice.is_empty(), "rung twice for one attempt: {twice:?}");
        let mut by_number = BTreeMap::<&str, u64>::new();
        for (number, _) in rings.keys() {
            *by_number.entry(number).or_default() += 1;
        }
        assert_eq!(by_number.len(), numbers);
        assert!(by_number.values().all(|rang| *rang == attempts), "{by_number:?}");
    }

    /// The outcomes of all targets, from the jobs.
    pub(crate) async fn target_states(&self) -> BTreeMap<String, Value> {
        let jobs = self.all::<DialJob>().await;
        let targets = jobs.into_iter().flat_map(|job| job.status.unwrap_or_default().targets);
        targets.map(|target| (target.id.clone(), serde_json::to_value(target).unwrap())).collect()
    }

    /// Creates a flow, and waits until it is Ready.
    pub(crate) async fn flow(&self, name: &str, spec: Value) -> Value {
        self.create::<CallFlow>(name, spec).await;
        self.until::<CallFlow>(name, "is Ready", |flow| condition(flow, "Ready")["status"] == "True").await
    }

    /// Waits until a target is in the flow. Returns its call's id.
    pub(crate) async fn in_flow(&self, target: &str) -> String {
        self.eventually(&format!("{target} is in the flow"), async || {
            let states = self.target_states().await;
            let state = states.get(target).ok_or("no state")?;
            let is_in_flow = state["position"].as_str().is_some_and(|position| position.starts_with('f'));
            match state["callControlId"].as_str().filter(|_| is_in_flow) {
                Some(call) => Ok(call.to_owned()),
                None => Err(format!("{state}")),
            }
        })
        .await
    }

    /// The states of all targets, once all are stored as ended: a campaign may show its end a moment before its jobs do.
    pub(crate) async fn ended_states(&self) -> BTreeMap<String, Value> {
        self.eventually("every target is stored as ended", async || {
            let states = self.target_states().await;
            if states.values().all(|state| state["state"] == "Done") { Ok(states) } else { Err(format!("{states:?}")) }
        })
        .await
    }

    /// Whoever is on the call presses these keys.
    pub(crate) async fn press(&self, call: &str, digits: &str) {
        let url = format!("{}/calls/{call}/press", self.simulator.admin_url());
        let answer = self.http.post(url).json(&json!({ "digits": digits })).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

/// The owner, target and number of an attempt, out of a `client_state`.
fn attempt(client_state: &str) -> String {
    let state = dialer::ClientState::decode(client_state).unwrap();
    state.key.attempt.to_string()
}

/// What a campaign and a job have in common, at any hour.
pub(crate) fn plan() -> Value {
    json!({
        "accountRef": { "name": "main" },
        "applicationRef": { "name": "announcements" },
        "from": ["+15550009999"],
        "purpose": "Informational",
        "announcement": { "text": { "payload": "Your parcel is here." } },
        "pacing": { "dialsPerSecond": 50, "maxConcurrentCalls": 500 },
        "calleeTimeZone": { "default": "America/Chicago" },
        "windows": [{ "days": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], "start": "00:00", "end": "24:00" }],
        "retry": { "maxAttemptsPerTarget": 1, "minGapSecs": 1 },
    })
}

/// `id,to` for so many people.
pub(crate) fn people(count: usize) -> String {
    (0..count).fold("id,to\n".to_owned(), |list, n| list + &format!("t{n},+1555{n:07}\n"))
}

/// Fails unless the parts add up to the total.
pub(crate) fn adds_up(counts: &Value) {
    let Some(counts) = counts.as_object() else { return };
    let parts: u64 = counts.iter().filter(|(name, _)| *name != "total").filter_map(|(_, count)| count.as_u64()).sum();
    assert_eq!(Some(parts), counts["total"].as_u64(), "{counts:?}");
}

/// Asks for a key, and calls the outcome this.
pub(crate) fn asking(outcome: &str) -> Value {
    json!({
        "direction": "Outbound",
        "revisionHistoryLimit": 1,
        "steps": [
            { "name": "ask", "gatherUsingSpeak": {
                "payload": "To confirm press one.", "voice": "female", "validDigits": "1", "maximumDigits": 1,
            } },
            { "name": "say", "outcome": { "value": outcome, "success": true } },
            { "name": "bye", "speak": { "payload": "Good bye.", "voice": "female" } },
        ],
    })
}

/// Waits as long as it takes, and presses these keys when asked.
pub(crate) fn pressing(keys: &[&str]) -> Person {
    let replies = keys.iter().map(|&keys| keys.to_owned()).collect();
    Person {
        early_share: 0.0,
        after_message_ms: Spread::Fixed(600_000),
        patience_ms: Spread::Fixed(600_000),
        keys: Keypad { replies, ..Keypad::default() },
        ..Person::default()
    }
}

/// How this number behaves.
pub(crate) fn rule(number: &str, person: Person) -> NumberRule {
    NumberRule { number: Some(number.to_owned()), person: Some(person), ..NumberRule::default() }
}

/// What makes a campaign run this flow.
pub(crate) fn of_flow(name: &str) -> Value {
    json!({ "announcement": null, "callFlowRef": { "name": name } })
}
