//! Campaigns whose calls run a flow.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::apps::v1::ControllerRevision;
use kube::api::{DeleteParams, ListParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, CallFlow, DialJob, OutboundCampaign};
use telnyx_simulator::config::{Config as Behaviour, NumberRule, Outcome, Person, Spread};

use crate::world::{World, asking, condition, of_flow, pressing, rule};

/// The flow of the example that users are shown.
fn appointment() -> Value {
    let text = std::fs::read_to_string("examples/flows/appointment-confirmation.yaml").unwrap();
    let flow: Value = serde_saphyr::from_str(&text).unwrap();
    flow["spec"].clone()
}

/// Everybody presses this when asked.
fn all_press(key: &'static str) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.callees.person = pressing(&[key])
}

fn with(mut changes: Value, more: &Value) -> Value {
    changes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    changes
}

impl World {
    async fn dials(&self) -> usize {
        self.rings().await.len()
    }

    async fn revisions(&self) -> Vec<ControllerRevision> {
        Api::<ControllerRevision>::namespaced(self.client.clone(), &self.namespace)
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
    }
}

#[tokio::test]
async fn what_people_key_in_is_how_their_calls_end_and_who_opts_out_is_called_by_no_other_campaign() {
    let world = World::new(|behaviour| {
        behaviour.callees.person = pressing(&[]);
        behaviour.callees.machine.greeting_ms = Spread::Fixed(1500);
        let machine = NumberRule {
            number: Some("+15550000005".to_owned()),
            outcome: Some(Outcome::Machine),
            ..NumberRule::default()
        };
        behaviour.numbers = vec![
            rule("+15550000001", pressing(&["1"])),
            rule("+15550000002", pressing(&["2"])),
            rule("+15550000003", pressing(&["9"])),
            machine,
        ];
    })
    .await;
    let mut flow = appointment();
    // Whoever presses nothing is asked once, and not for half a minute.
    flow["steps"][0]["gatherUsingSpeak"]["timeoutMillis"] = json!(3000);
    flow["steps"][0]["gatherUsingSpeak"]["maximumTries"] = json!(1);
    world.flow("appointment", flow).await;
    world
        .list("id,to\nyes,+15550000001\nno,+15550000002\nnever,+15550000003\nmute,+15550000004\naway,+15550000005\n")
        .await;
    world.campaign("first", with(of_flow("appointment"), &json!({ "amd": { "mode": "premium" } }))).await;
    let campaign = world.complete("first").await;
    assert_eq!(campaign["status"]["callFlow"]["revision"], 1, "{:#}", campaign["status"]);
    let states = world.ended_states().await;
    let check = |target: &str, outcome: &str, detail: Value| {
        let state = &states[target];
        assert_eq!((&state["outcome"], &state["detail"]), (&json!(outcome), &detail), "{target}: {state:#}");
    };
    check("yes", "Completed", json!("confirmed"));
    check("no", "Completed", json!("cancelled"));
    check("never", "OptedOut", Value::Null);
    check("mute", "HumanHangup", json!("unclear"));
    check("away", "VoicemailLeft", Value::Null);
    world.rang_once_per_attempt(5, 1).await;
    for job in world.all::<DialJob>().await {
        let flow = job.spec.call_flow.expect("a job carries the revision of its campaign");
        assert_eq!((flow.name.as_str(), flow.revision), ("appointment", 1));
    }

    world.list("id,to\nnever,+15550000003\nyes,+15550000001\n").await;
    world.campaign("second", of_flow("appointment")).await;
    let campaign = world.complete("second").await;
    assert_eq!(campaign["status"]["outcomes"]["ComplianceBlocked"], 1, "{:#}", campaign["status"]);
    let rings = world.rings().await;
    let of_opted_out = rings.keys().filter(|(number, _)| number == "+15550000003").count();
    assert_eq!(of_opted_out, 1, "{rings:?}");
    world.end().await;
}

#[tokio::test]
async fn a_call_in_a_flow_goes_on_at_its_step_when_the_operator_was_killed() {
    let mut world = World::new(|behaviour| behaviour.callees.person = pressing(&[])).await;
    world.flow("ask", asking("confirmed")).await;
    world.list("id,to\na,+15550000001\n").await;
    world.campaign("c", of_flow("ask")).await;
    let call = world.in_flow("a").await;
    world.kill_operator().await;
    // Nobody is there to hear it: Telnyx tries again, and the key is not lost.
    world.press(&call, "1").await;
    world.start_operator();
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["outcomes"], json!({ "Completed": 1 }), "{:#}", campaign["status"]);
    assert_eq!(world.ended_states().await["a"]["detail"], "confirmed");
    world.rang_once_per_attempt(1, 1).await;
    let asked = world.requests(&format!("/calls/{}/actions/gather_using_speak", call.replace(':', "%3A")));
    // Where all stories keep one journal, calls of others have the same id.
    let campaign = campaign["metadata"]["uid"].as_str().unwrap();
    let is_ours = |body: &&Value| {
        let state = STANDARD.decode(body["client_state"].as_str().unwrap()).unwrap();
        String::from_utf8_lossy(&state).contains(campaign)
    };
    // A command that was under way may be sent again, under the id that makes Telnyx carry it out once.
    let ids: BTreeSet<&str> = asked.iter().filter(is_ours).map(|body| body["command_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1, "asked once: {asked:?}");
    world.end().await;
}

#[tokio::test]
async fn a_campaign_keeps_its_revision_while_the_flow_is_edited_and_lets_it_go_when_complete() {
    let world = World::new(all_press("1")).await;
    world.flow("ask", asking("first")).await;
    world.list("id,to\na,+15550000001\n").await;
    world.campaign("c", with(of_flow("ask"), &json!({ "suspend": true }))).await;
    let pinned = |campaign: &Value| campaign["status"]["callFlow"]["revision"] == 1;
    world.until::<OutboundCampaign>("c", "keeps revision 1", pinned).await;
    world.change::<CallFlow>("ask", asking("second")).await;
    world.until::<CallFlow>("ask", "has a second revision", |flow| flow["status"]["revision"] == 2).await;
    world.change::<OutboundCampaign>("c", json!({ "suspend": false })).await;
    world.complete("c").await;
    assert_eq!(world.ended_states().await["a"]["detail"], "first");
    world
        .eventually("only the current revision is kept", async || {
            let numbers: Vec<i64> = world.revisions().await.iter().map(|revision| revision.revision).collect();
            if numbers == [2] { Ok(()) } else { Err(format!("{numbers:?}")) }
        })
        .await;
    world.end().await;
}

#[tokio::test]
async fn a_flow_that_a_campaign_still_calls_with_stays_when_it_is_deleted() {
    let world = World::new(all_press("1")).await;
    world.flow("ask", asking("confirmed")).await;
    world.list("id,to\na,+15550000001\n").await;
    world.campaign("c", with(of_flow("ask"), &json!({ "suspend": true }))).await;
    let pinned = |campaign: &Value| campaign["status"]["callFlow"]["revision"] == 1;
    world.until::<OutboundCampaign>("c", "keeps revision 1", pinned).await;
    let flows = world.api::<CallFlow>();
    flows.delete("ask", &DeleteParams::default()).await.unwrap();
    world.until::<CallFlow>("ask", "is draining", |flow| condition(flow, "Ready")["reason"] == "Draining").await;
    world.change::<OutboundCampaign>("c", json!({ "suspend": false })).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["outcomes"], json!({ "Completed": 1 }), "{:#}", campaign["status"]);
    world
        .eventually("the flow is gone", async || match flows.get_opt("ask").await.unwrap() {
            None => Ok(()),
            Some(flow) => Err(format!("{:?}", flow.status)),
        })
        .await;
    world.end().await;
}

#[tokio::test]
async fn nobody_is_called_before_the_flow_can_be_run() {
    let world = World::new(all_press("1")).await;
    world.list("id,to\na,+15550000001\n").await;
    world.campaign("c", of_flow("ask")).await;
    let campaign = world.reason("c", "Reconciling", "CallFlowNotFound").await;
    let message = condition(&campaign, "Ready")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("spec.callFlowRef") && message.contains("does not exist"), "{message}");
    let mut broken = asking("confirmed");
    broken["steps"][0]["next"] = json!("nowhere");
    world.create::<CallFlow>("ask", broken).await;
    world.reason("c", "Reconciling", "CallFlowNotReady").await;
    world.campaign("old", json!({ "announcement": null, "callFlowRef": { "name": "ask", "revision": 99 } })).await;
    assert_eq!(world.dials().await, 0);
    world.change::<CallFlow>("ask", json!({ "steps": asking("confirmed")["steps"] })).await;
    world.complete("c").await;
    assert_eq!(world.ended_states().await["a"]["detail"], "confirmed");
    let campaign = world.reason("old", "Stalled", "CallFlowRevisionGone").await;
    assert!(condition(&campaign, "Ready")["message"].as_str().unwrap().contains("revision 99"));
    assert_eq!(world.dials().await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_campaign_whose_revision_was_taken_away_calls_nobody() {
    let mut world = World::new(all_press("1")).await;
    world.flow("ask", asking("confirmed")).await;
    world.list("id,to\na,+15550000001\n").await;
    world.campaign("c", with(of_flow("ask"), &json!({ "suspend": true }))).await;
    let pinned = |campaign: &Value| campaign["status"]["callFlow"]["revision"] == 1;
    world.until::<OutboundCampaign>("c", "keeps revision 1", pinned).await;
    world.change::<CallFlow>("ask", asking("second")).await;
    world.until::<CallFlow>("ask", "has a second revision", |flow| flow["status"]["revision"] == 2).await;
    world.kill_operator().await;
    let revisions = world.revisions().await;
    let first = revisions.iter().find(|revision| revision.revision == 1).unwrap();
    let api = Api::<ControllerRevision>::namespaced(world.client.clone(), &world.namespace);
    api.delete(&first.name_any(), &DeleteParams::default()).await.unwrap();
    world.change::<OutboundCampaign>("c", json!({ "suspend": false })).await;
    world.start_operator();
    world.reason("c", "Stalled", "CallFlowRevisionGone").await;
    assert_eq!(world.dials().await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_job_that_stands_alone_runs_a_flow_and_says_which_revision() {
    let world = World::new(all_press("1")).await;
    world.flow("ask", asking("confirmed")).await;
    let mut plan = crate::world::plan();
    crate::stage::merge(&mut plan, &of_flow("ask"));
    let targets = json!([{ "id": "a", "to": "+15550000100" }]);
    world.create::<DialJob>("alone", json!({ "plan": plan, "targets": targets })).await;
    let job =
        world.until::<DialJob>("alone", "is complete", |job| condition(job, "Complete")["status"] == "True").await;
    assert_eq!(job["status"]["callFlow"]["revision"], 1, "{:#}", job["status"]);
    assert_eq!(job["status"]["targets"][0]["detail"], "confirmed");
    world.end().await;
}

#[tokio::test]
async fn somebody_who_calls_in_and_opts_out_is_not_called() {
    let world = World::new(all_press("9")).await;
    let flow = json!({
        "direction": "Inbound",
        "steps": [
            { "name": "pick-up", "answer": {} },
            { "name": "ask", "gatherUsingSpeak": {
                "payload": "Press nine to be left alone.", "voice": "female", "validDigits": "9", "maximumDigits": 1,
            } },
            { "name": "leave", "optOut": {} },
            { "name": "bye", "speak": { "payload": "Good bye.", "voice": "female" } },
        ],
    });
    world.flow("line", flow).await;
    let line = json!({ "accountRef": { "name": "main" }, "callFlowRef": { "name": "line" } });
    world.create::<CallControlApplication>("line", line).await;
    let ready = |application: &Value| condition(application, "Ready")["status"] == "True";
    let line = world.until::<CallControlApplication>("line", "is Ready", ready).await;
    let order = json!({
        "to": "+15550100002", "from": "+15550000001", "connectionId": line["status"]["id"],
        "person": { "earlyShare": 0, "patienceMs": 600_000, "keys": { "replies": ["9"] } },
    });
    let url = format!("{}/calls", world.simulator.admin_url());
    assert!(world.http.post(url).json(&order).send().await.unwrap().status().is_success());
    let told = |flow: &Value| {
        let steps = flow["status"]["steps"].as_array().cloned().unwrap_or_default();
        steps.iter().any(|step| step["name"] == "bye" && step["entered"] == 1)
    };
    world.until::<CallFlow>("line", "has come to the end", told).await;
    world.list("id,to\na,+15550000001\nb,+15550000002\n").await;
    world.campaign("c", json!({})).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["outcomes"], json!({ "Completed": 1, "ComplianceBlocked": 1 }));
    assert_eq!(world.dials().await, 1);
    world.end().await;
}

#[tokio::test]
async fn an_opt_out_that_is_told_after_the_call_has_ended_still_counts() {
    let world = World::new(|behaviour| {
        behaviour.callees.person = Person { after_message_ms: Spread::Fixed(4000), ..pressing(&["9"]) };
    })
    .await;
    world.flow("appointment", appointment()).await;
    world
        .fault(json!({ "scope": { "event": "call.gather.ended" }, "effect": { "delayWebhook": { "ms": 15_000 } } }))
        .await;
    world.list("id,to\na,+15550000001\n").await;
    world.campaign("first", of_flow("appointment")).await;
    let campaign = world.complete("first").await;
    assert_eq!(campaign["status"]["outcomes"], json!({ "HumanHangup": 1 }), "{:#}", campaign["status"]);
    world.no_more_faults().await;
    world
        .eventually("the key was told", async || {
            let log = world.log();
            if log.contains("opted out") { Ok(()) } else { Err(String::new()) }
        })
        .await;
    world.campaign("second", of_flow("appointment")).await;
    let campaign = world.complete("second").await;
    assert_eq!(campaign["status"]["outcomes"], json!({ "ComplianceBlocked": 1 }), "{:#}", campaign["status"]);
    assert_eq!(world.dials().await, 1);
    world.end().await;
}
