//! What the API server fills in, and what it tells before the operator has said anything.

use serde_json::{Value, json};

use crate::bases::{base, get};
use crate::schema;
use crate::server::Server;

const KINDS: [&str; 9] = [
    "TelnyxAccount",
    "CallControlApplication",
    "OutboundVoiceProfile",
    "Queue",
    "Conference",
    "CallFlow",
    "OutboundCampaign",
    "DialJob",
    "DoNotCallList",
];

#[tokio::test]
async fn an_object_is_not_ready_from_its_first_moment() {
    let server = Server::ready().await;
    for kind in KINDS {
        let stored = server.store(&base(kind)).await;
        let ready = json!({
            "type": "Ready",
            "status": "Unknown",
            "reason": "Pending",
            "message": "Waiting for the operator",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        });
        assert_eq!(stored["status"], json!({ "observedGeneration": 0, "conditions": [ready] }), "{kind}");
        // What kstatus reads first: an older generation means "in progress".
        assert_eq!(stored["metadata"]["generation"], json!(1), "{kind}");
    }
    server.release().await;
}

/// What stands in such a list is one value: with a default in it that nobody wrote it is another than the one that was applied, and
/// server-side apply takes it for somebody else's.
#[test]
fn no_item_of_a_list_that_is_applied_as_a_whole_has_a_default() {
    let (mut whole, mut defaults) = (Vec::new(), Vec::new());
    schema::each_field(|kind, path, schema| {
        let is_keyed = matches!(schema.x_kubernetes_list_type.as_deref(), Some("map" | "set"));
        if path.starts_with("spec") && schema.items.is_some() && !is_keyed {
            whole.push(format!("{kind} {path}[0]"));
        }
        if path.starts_with("spec") && schema.default.is_some() {
            defaults.push(format!("{kind} {path}"));
        }
    });
    assert!(whole.len() > 10 && defaults.len() > 10, "{whole:?} {defaults:?}");
    let inside = |path: &&String| whole.iter().any(|list| path.starts_with(list.as_str()));
    assert_eq!(defaults.iter().filter(inside).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test]
async fn what_is_left_out_has_the_documented_value() {
    let server = Server::ready().await;
    let account = server.store(&base("TelnyxAccount")).await;
    check(
        &account,
        &[
            ("spec.baseUrl", json!("https://api.telnyx.com/v2")),
            ("spec.resyncPeriodSecs", json!(600)),
            ("spec.limits", json!({ "dialsPerSecond": 30, "maxConcurrentRequests": 20 })),
            ("spec.defaults", json!({})),
        ],
    );
    let application = server.store(&base("CallControlApplication")).await;
    assert_eq!(application["spec"], json!({ "accountRef": { "name": "demo" }, "webhookApiVersion": "2" }));
    for kind in ["OutboundVoiceProfile", "Queue"] {
        let stored = server.store(&base(kind)).await;
        assert_eq!(stored["spec"], json!({ "accountRef": { "name": "demo" } }), "{kind}");
    }
    let conference = server.store(&base("Conference")).await;
    check(
        &conference,
        &[
            ("spec.recordingFormat", json!("mp3")),
            ("spec.announcements[0].text", json!({ "payload": "Hello.", "voice": "female" })),
            ("spec.participants", json!([{ "callControlId": "v3:a" }])),
        ],
    );
    let flow = server.store(&base("CallFlow")).await;
    check(&flow, &[("spec.revisionHistoryLimit", json!(10)), ("spec.steps", json!([{ "name": "bye", "hangup": {} }]))]);
    let campaign = server.store(&base("OutboundCampaign")).await;
    check(&campaign, &plan("spec"));
    let job = server.store(&base("DialJob")).await;
    check(&job, &plan("spec.plan"));
    server.release().await;
}

fn plan(root: &str) -> Vec<(&'static str, Value)> {
    let fields = [
        ("fromSelection", json!("RoundRobin")),
        ("announcement.text.voice", json!("female")),
        (
            "amd",
            json!({
                "mode": "disabled",
                "totalAnalysisTimeMillis": 3500,
                "onMachine": "LeaveMessage",
                "onFax": "Hangup",
                "onSilence": "Hangup",
                "onNotSure": "TreatAsHuman",
            }),
        ),
        ("ringTimeoutSecs", json!(30)),
        ("maxCallSecs", json!(600)),
        ("pacing", json!({ "mode": "Fixed", "dialsPerSecond": 1, "maxConcurrentCalls": 2, "priority": 3, "share": 1 })),
        (
            "circuitBreaker",
            json!({
                "enabled": true,
                "windowSecs": 3600,
                "minSample": 50,
                "invalidNumberPercent": 30,
                "rejectPercent": 40,
                "shortCallPercent": 50,
            }),
        ),
        (
            "windows",
            json!([
                { "days": ["Mon", "Tue", "Wed", "Thu", "Fri"], "start": "09:00", "end": "20:00" },
                { "days": ["Sat"], "start": "10:00", "end": "17:00" },
            ]),
        ),
        ("calleeTimeZone", json!({ "unknown": "Block" })),
        ("retry", json!({ "maxAttemptsPerTarget": 3, "minGapSecs": 3600, "varyTimeOfDay": false, "infraRetries": 5 })),
        ("onAmbiguous", json!("CountAsAttempt")),
        ("drainPolicy", json!("LetFinish")),
        ("suspend", json!(false)),
    ];
    let leak = |field: &str| -> &'static str { Box::leak(format!("{root}.{field}").into_boxed_str()) };
    fields.into_iter().map(|(field, value)| (leak(field), value)).collect()
}

fn check(object: &Value, fields: &[(&str, Value)]) {
    for (path, value) in fields {
        assert_eq!(get(object, path), value, "{path}");
    }
}

#[tokio::test]
async fn a_misspelt_field_is_refused_by_name() {
    let server = Server::ready().await;
    let mut object = base("Queue");
    object["spec"]["maxsize"] = json!(5);
    let mut apply = server.kubectl();
    apply.args(["create", "--dry-run=server", "--filename=-"]);
    let output = crate::server::pipe(apply, &object.to_string());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && message.contains("spec.maxsize"), "{message}");
    server.release().await;
}

#[tokio::test]
async fn every_field_is_explained() {
    let mut silent = Vec::new();
    schema::each_field(|kind, path, schema| {
        // Items and values of maps are explained with the list or map that they are in.
        let named = !path.ends_with(']') && path.rsplit('.').next() != Some("any");
        if named && schema.description.as_deref().is_none_or(|text| text.trim().is_empty()) {
            silent.push(format!("{kind} {path}"));
        }
    });
    assert!(silent.is_empty(), "without a word: {silent:#?}");

    let server = Server::ready().await;
    let output = server.kubectl().args(["explain", "outboundcampaign.spec.retry.rules.afterSecs"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("Seconds to wait before the retry"), "{text}");
    server.release().await;
}
