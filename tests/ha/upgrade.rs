//! A newer operator goes on with what an older one has stored and with the calls that it has placed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::replicas::Replicas;
use crate::takeover::directly;
use crate::world::{asking, of_flow, pressing, rule};

/// Another build of the program, such as the last release's: `make test-upgrade` sets it. Unset, one build takes over from
/// itself.
const BEFORE: &str = "TELNYX_OPERATOR_BEFORE";
/// Calls that wait in a flow for somebody to press a key while the operator is replaced.
const IN_FLOW: usize = 6;

fn number(n: usize) -> String {
    format!("+1555100{n:04}")
}

fn target(n: usize) -> String {
    format!("g{n}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_replaces_an_older_one_in_the_middle_of_campaigns_ends_them_and_its_calls_well() {
    let before = std::env::var_os(BEFORE).map_or_else(|| env!("CARGO_BIN_EXE_telnyx-operator").into(), PathBuf::from);
    let waiting = |n| rule(&number(n), pressing(&[]));
    let mut replicas = Replicas::with(&before, directly, |behaviour| {
        behaviour.numbers.extend((0..IN_FLOW).map(waiting));
    })
    .await;
    replicas.flow("ask", asking("confirmed")).await;
    let targets: Vec<Value> = (0..IN_FLOW).map(|n| json!({ "id": target(n), "to": number(n) })).collect();
    let mut in_flow = of_flow("ask");
    in_flow["targetsFrom"] = Value::Null;
    in_flow["targets"] = json!(targets);
    replicas.campaign("f", in_flow).await;
    let mut calls = Vec::new();
    for n in 0..IN_FLOW {
        calls.push(replicas.in_flow(&target(n)).await);
    }
    replicas.begin_campaign().await;

    replicas.a.signal("-TERM").await;
    assert!(replicas.a.ended().await.success(), "{}", replicas.a.tail());
    replicas.webhooks.turn(Some(replicas.b.webhooks.address()));
    replicas.until_held_by("b").await;
    for call in &calls {
        replicas.press(call, "1").await;
    }

    replicas.complete("f").await;
    let of_flows = replicas.ended_states().await;
    let details: BTreeMap<_, _> = (0..IN_FLOW).map(|n| (n, of_flows[&target(n)]["detail"].clone())).collect();
    assert!(details.values().all(|detail| detail == "confirmed"), "{details:?}; b said:\n{}", replicas.b.tail());
    let announced = replicas.complete("c").await;
    // Whoever was listening when the operator was replaced has heard it to its end all the same.
    assert_eq!(announced["status"]["counts"]["completed"], 60, "{:#}", announced["status"]);
    replicas.rang_once_per_attempt(60 + IN_FLOW, 1).await;
    replicas.end().await;
}
