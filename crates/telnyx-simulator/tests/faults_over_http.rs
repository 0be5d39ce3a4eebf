//! Each fault as a client and a webhook receiver meet it on real sockets.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{KEY, Stage};
use telnyx_simulator::config::{Outcome, RequestLimit};

const TO: &str = "+12025550100";

async fn accepted(stage: &Stage) -> Value {
    stage.sim("GET", "/counters", None).await["dials"]["accepted"].clone()
}

#[tokio::test]
async fn a_dropped_response_rings_the_phone_but_a_dropped_request_does_not() {
    for (effect, rung) in [("dropResponse", 1), ("dropRequest", 0)] {
        let stage = Stage::with(Outcome::NoAnswer).await;
        stage.fault(json!({"scope": {"route": "POST /calls"}, "times": 1, "effect": effect})).await;
        let error = stage.try_call("POST", "/calls", Some(stage.dial_body(TO)), KEY).await.unwrap_err();
        assert!(error.is_request() && error.status().is_none(), "{error:?}");
        assert_eq!(accepted(&stage).await, rung, "{effect}");
        let counters = stage.sim("GET", "/counters", None).await;
        assert_eq!(counters["requests"]["POST /calls"]["dropped"], 1);
        stage.dial(TO).await;
        assert_eq!(accepted(&stage).await, rung + 1, "{effect}");
    }
}

#[tokio::test]
async fn a_delayed_response_comes_late_but_the_phone_rings_at_once() {
    let stage = Stage::with(Outcome::NoAnswer).await;
    stage
        .fault(json!({"scope": {"route": "POST /calls"}, "times": 1, "effect": {"delayResponse": {"ms": 1500}}}))
        .await;
    let began = Instant::now();
    let (answered, rang) = tokio::join!(
        async {
            stage.dial(TO).await;
            began.elapsed()
        },
        async {
            stage.receiver.until_type("call.initiated").await;
            began.elapsed()
        }
    );
    assert!(answered >= Duration::from_millis(1500), "{answered:?}");
    assert!(rang < answered, "rang after {rang:?}, answered after {answered:?}");
}

#[tokio::test]
async fn a_held_request_is_carried_out_late_though_nobody_waits_for_it_any_more_and_another_fault_may_strike_it() {
    let stage = Stage::with(Outcome::NoAnswer).await;
    for effect in [json!({"delayRequest": {"ms": 1500}}), json!("dropResponse")] {
        stage.fault(json!({"scope": {"route": "POST /calls"}, "times": 1, "effect": effect})).await;
    }
    let impatient = tokio::time::timeout(Duration::from_millis(300), stage.dial(TO)).await;
    assert!(impatient.is_err() && accepted(&stage).await == 0, "it is held");
    stage.receiver.until_type("call.initiated").await;
    let counters = stage.sim("GET", "/counters", None).await;
    assert_eq!(counters["requests"]["POST /calls"]["dropped"], 1);
}

#[tokio::test]
async fn refusals_empty_answers_and_garbage_are_served_as_ordered() {
    let stage = Stage::with(Outcome::NoAnswer).await;
    for (effect, status, code, rung) in [
        (json!({"refuse": {"status": 503, "code": "10007"}}), 503, json!("10007"), 0),
        (json!({"carryOutThenRefuse": {"status": 500, "code": "10007"}}), 500, json!("10007"), 1),
        (json!("emptyData"), 200, json!(null), 2),
        (json!("garbledBody"), 200, json!(null), 3),
    ] {
        stage.fault(json!({"scope": {"route": "POST /calls"}, "times": 1, "effect": effect})).await;
        let (got, body) = stage.post("/calls", stage.dial_body(TO)).await;
        assert_eq!((got, &body["errors"][0]["code"]), (status, &code), "{effect}");
        assert!(body["data"]["call_control_id"].is_null(), "{effect}");
        assert_eq!(accepted(&stage).await, rung, "{effect}");
    }
    stage.dial(TO).await;
}

#[tokio::test]
async fn a_503_is_followed_by_a_retry_that_is_signed_and_counted_anew() {
    let stage = Stage::with(Outcome::Busy).await;
    stage.receiver.answer_next(&[503, 429]);
    stage.dial(TO).await;
    stage.receiver.until("one attempt", |all| all.len() == 1).await;
    settle(&stage, "retried", 1).await;
    stage.pass(Duration::from_secs(1)).await;
    stage.receiver.until("two attempts", |all| all.len() == 2).await;
    settle(&stage, "retried", 2).await;
    stage.pass(Duration::from_millis(900)).await;
    assert_eq!(stage.receiver.types().len(), 2, "the wait before the next attempt doubles");
    stage.pass(Duration::from_millis(1100)).await;
    let all = stage.receiver.until("hangup too", |all| all.len() == 4).await;
    assert!(all.iter().all(|one| one.signature_fits));
    let attempts: Vec<&Value> =
        all.iter().filter(|one| one.event_type() == "call.initiated").map(|one| &one.body["meta"]["attempt"]).collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!(all[0].body["data"], all[1].body["data"]);
    assert_eq!(all[0].body["meta"]["delivered_to"], stage.receiver.url.as_str());
}

/// Waits until a webhook counter has this value.
async fn settle(stage: &Stage, counter: &str, value: u64) {
    for _ in 0..500 {
        if stage.sim("GET", "/counters", None).await["webhooks"][counter] == value {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{counter} never became {value}: {}", stage.sim("GET", "/counters", None).await["webhooks"]);
}

#[tokio::test]
async fn a_4xx_is_final_and_readable_among_the_deliveries() {
    let stage = Stage::with(Outcome::NoAnswer).await;
    stage.receiver.answer_next(&[404]);
    stage.dial(TO).await;
    settle(&stage, "failed", 1).await;
    let (_, failed) = stage.get("/webhook_deliveries?filter%5Bstatus%5D%5Beq%5D=failed").await;
    assert_eq!(failed["meta"]["total_results"], 1);
    let delivery = &failed["data"][0];
    assert_eq!(delivery["webhook"]["event_type"], "call.initiated");
    assert_eq!(delivery["attempts"][0]["http"]["response"]["status"], 404);
    let received = stage.receiver.received();
    assert_eq!(delivery["webhook"]["payload"], *received[0].payload());
}

#[tokio::test]
async fn a_receiver_slower_than_the_patience_of_the_application_is_asked_again() {
    let stage = Stage::configured(Outcome::NoAnswer, |config| config.webhooks.patience_ms = 100).await;
    stage.receiver.sleep_next(Duration::from_secs(5));
    stage.dial(TO).await;
    settle(&stage, "retried", 1).await;
    stage.pass(Duration::from_secs(1)).await;
    settle(&stage, "delivered", 1).await;
    assert_eq!(stage.receiver.types(), ["call.initiated", "call.initiated"]);
}

#[tokio::test]
async fn the_failover_url_takes_over_after_two_failures() {
    let stage = Stage::with(Outcome::NoAnswer).await;
    let failover = support::Receiver::start().await;
    failover.trust(stage.simulator.public_key_base64());
    let body = json!({
        "application_name": "stage", "webhook_event_url": stage.receiver.url, "webhook_api_version": "2",
        "webhook_event_failover_url": failover.url,
    });
    let path = format!("/call_control_applications/{}", stage.application);
    assert_eq!(stage.call("PATCH", &path, Some(body)).await.0, 200);
    stage.receiver.answer_next(&[500, 500]);
    stage.dial(TO).await;
    settle(&stage, "retried", 1).await;
    stage.pass(Duration::from_secs(1)).await;
    settle(&stage, "retried", 2).await;
    stage.pass(Duration::from_secs(2)).await;
    let arrived = failover.until_type("call.initiated").await;
    assert!(arrived.signature_fits);
    assert_eq!(arrived.body["meta"], json!({"attempt": 3, "delivered_to": failover.url}));
}

#[tokio::test]
async fn forged_and_doubled_webhooks_arrive_as_such() {
    let stage = Stage::with(Outcome::Busy).await;
    stage.fault(json!({"scope": {"event": "call.initiated"}, "effect": "forgeWebhook"})).await;
    stage.fault(json!({"scope": {"event": "call.hangup"}, "effect": {"duplicateWebhook": {"copies": 2}}})).await;
    stage.dial(TO).await;
    stage.pass(Duration::from_secs(2)).await;
    let all = stage.receiver.until("three webhooks", |all| all.len() == 3).await;
    let fits: Vec<(&str, bool)> = all.iter().map(|one| (one.event_type(), one.signature_fits)).collect();
    assert!(fits.contains(&("call.initiated", false)), "{fits:?}");
    assert_eq!(fits.iter().filter(|one| **one == ("call.hangup", true)).count(), 2, "{fits:?}");
}

#[tokio::test]
async fn a_timestamp_may_be_that_of_the_event_however_old() {
    let stage = Stage::configured(Outcome::Busy, |config| {
        config.switches.webhook_timestamp = telnyx_simulator::config::TimestampOrigin::Event;
    })
    .await;
    let delay = json!({"scope": {"event": "call.initiated"}, "effect": {"delayWebhook": {"ms": 600_000}}});
    stage.fault(delay).await;
    stage.dial(TO).await;
    stage.pass(Duration::from_secs(601)).await;
    let all = stage.receiver.until("both", |all| all.len() == 2).await;
    let age = |event: &str| {
        let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs())
            .unwrap();
        now - all.iter().find(|one| one.event_type() == event).unwrap().timestamp
    };
    assert!((599..620).contains(&age("call.initiated")), "{}", age("call.initiated"));
    assert!(all.iter().all(|one| one.signature_fits));
}

#[tokio::test]
async fn rate_headers_ride_on_responses_and_429_tells_when_to_come_back() {
    let stage = Stage::configured(Outcome::NoAnswer, |config| {
        config.limits.requests = Some(RequestLimit { count: 3, per_secs: 60, headers: true });
    })
    .await;
    let url = format!("{}/queues", stage.simulator.base_url());
    let mut last = None;
    for _ in 0..2 {
        last = Some(stage.client.get(&url).bearer_auth(KEY).send().await.unwrap());
    }
    let refused = last.unwrap();
    assert_eq!(refused.status(), 429);
    let header = |name: &str| refused.headers()[name].to_str().unwrap().parse::<u64>().unwrap();
    assert_eq!((header("x-ratelimit-limit"), header("x-ratelimit-remaining")), (3, 0));
    assert!((50..=60).contains(&header("x-ratelimit-reset")));
}

#[tokio::test]
async fn keys_can_be_revoked_and_accepted_while_it_runs() {
    let stage = Stage::with(Outcome::NoAnswer).await;
    assert_eq!(stage.call_with_key("GET", "/queues", None, "KEY_NEW").await.0, 401);
    stage.sim("POST", "/keys", Some(json!({"revoke": [KEY], "accept": ["KEY_NEW"]}))).await;
    let (status, body) = stage.get("/queues").await;
    assert_eq!((status, &body["errors"][0]["code"]), (401, &json!("10009")));
    assert_eq!(stage.call_with_key("GET", "/queues", None, "KEY_NEW").await.0, 200);
}

#[tokio::test]
async fn faults_are_listed_with_their_strikes_and_taken_back() {
    let stage = Stage::with(Outcome::NoAnswer).await;
    stage
        .fault(json!({"scope": {"route": "GET /queues"}, "effect": {"refuse": {"status": 503, "code": "10007"}}}))
        .await;
    assert_eq!(stage.get("/queues").await.0, 503);
    let faults = stage.sim("GET", "/faults", None).await;
    assert_eq!((&faults[0]["struck"], &faults[0]["scope"]["route"]), (&json!(1), &json!("GET /queues")));
    let id = faults[0]["id"].as_u64().unwrap();
    stage.sim("DELETE", &format!("/faults/{id}"), None).await;
    assert_eq!(stage.get("/queues").await.0, 200);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_a_400() {
    let stage = Stage::with(Outcome::NoAnswer).await;
    let url = format!("{}/calls", stage.simulator.base_url());
    for body in ["{", "[]", "\"x\""] {
        let response = stage.client.post(&url).bearer_auth(KEY).body(body).send().await.unwrap();
        assert_eq!(response.status(), 400, "{body}");
    }
}
