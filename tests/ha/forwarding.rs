//! A webhook may reach any replica.

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::ListParams;
use serde_json::json;

use crate::replicas::Replicas;
use crate::takeover::directly;
use crate::world::people;

const PEOPLE: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_reaches_the_replica_that_stands_by_leads_the_call_on() {
    let replicas = Replicas::start(directly).await;
    let listed = |lease: &Lease| lease.metadata.annotations.as_ref()?.get("telnyx-operator.io/replicas").cloned();
    replicas
        .eventually("both replicas are written down", async || {
            let leases = replicas.api::<Lease>().list(&ListParams::default()).await.unwrap();
            let text = leases.iter().find_map(listed).unwrap_or_default();
            if text.lines().count() >= 2 { Ok(()) } else { Err(text) }
        })
        .await;
    // From now on none reaches the one that acts.
    replicas.webhooks.turn(Some(replicas.b.webhooks.address()));
    replicas.list(&people(PEOPLE)).await;
    replicas.campaign("c", json!({ "pacing": { "dialsPerSecond": 20, "maxConcurrentCalls": 60 } })).await;
    let campaign = replicas.complete("c").await;
    // What was heard to its end was told by webhooks: by a look-up alone nobody knows that.
    let counts = &campaign["status"]["counts"];
    assert_eq!(counts["completed"], PEOPLE, "{:#}; b said:\n{}", campaign["status"], replicas.b.tail());
    let deliveries = "telnyx_operator_webhook_deliveries_total";
    // One is counted there before it is counted here.
    let all_came_that_way = async || {
        let taken = replicas.a.metric(&replicas, &format!("{deliveries}{{result=\"acknowledged\"")).await;
        let passed_on = replicas.b.metric(&replicas, &format!("{deliveries}{{result=\"passed_on\"")).await;
        let told = format!("{passed_on} webhooks were passed on, {taken} led a call on");
        if passed_on >= taken && taken >= 3 * PEOPLE as u64 { Ok(told) } else { Err(told) }
    };
    println!("{}", replicas.eventually("every webhook came that way", all_came_that_way).await);
    replicas.rang_once_per_attempt(PEOPLE, 1).await;
    replicas.end().await;
}
