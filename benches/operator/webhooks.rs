//! From a webhook's departure to its acknowledgement, at 2,000 per second: verified, deduplicated and judged, for calls
//! that no campaign knows, so that the receiver is measured and not the store.

use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::json;
use telnyx_operator::api::CallControlApplication;
use telnyx_voice::webhook::{SIGNATURE_HEADER, TIMESTAMP_HEADER, public_key, sign};
use tokio::time::{MissedTickBehavior, interval};

use crate::Result;
use crate::installation::Installation;
use crate::report::Report;

const PER_SECOND: u32 = 2000;
const SECONDS: u32 = 10;
/// Webhooks sent together; ticks of a millisecond are as fine as the timer goes.
const PER_TICK: u32 = 2;

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let account = json!({ "webhookPublicKey": public_key(&key).to_base64() });
    let installation = Installation::start("{}\n", &account).await?;
    installation.create_caller().await?;
    let application = installation.api::<CallControlApplication>().get("bench").await?;
    let uid = application.metadata.uid.ok_or("an application without uid")?;
    let account = crate::installation::ACCOUNT;
    let namespace = installation.testbed.namespace();
    let url = format!("{}/webhooks/{namespace}/{account}/{uid}", installation.testbed.operator().webhook_url());

    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(256).build()?;
    send(&http, &url, &key, PER_SECOND / 2).await?;
    let cpu = installation.operator_cpu()?;
    let begun = Instant::now();
    let mut latencies = send(&http, &url, &key, PER_SECOND * SECONDS).await?;
    let cpu = (installation.operator_cpu()? - cpu) / begun.elapsed().as_secs_f64();
    let rate = f64::from(PER_SECOND * SECONDS) / begun.elapsed().as_secs_f64();
    latencies.sort_by(f64::total_cmp);
    report.add("webhooks", "webhooks per second", "1/s", &[rate]);
    for (name, share) in [("median", 0.5), ("99 %", 0.99), ("99.9 %", 0.999)] {
        report.add("webhooks", format!("sent to acknowledged, {name}"), "ms", &[quantile(&latencies, share)]);
    }
    report.add("webhooks", "cores that the operator used", "cores", &[cpu]);
    installation.testbed.stop().await?;
    Ok(())
}

/// Sends `count` webhooks at the pace, none waiting for another; milliseconds of each.
async fn send(http: &reqwest::Client, url: &str, key: &SigningKey, count: u32) -> Result<Vec<f64>> {
    let mut ticks = interval(Duration::from_secs(1) * PER_TICK / PER_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sent = Vec::new();
    for number in 0..count {
        if number % PER_TICK == 0 {
            ticks.tick().await;
        }
        let request = request(http, url, key);
        sent.push(tokio::spawn(async move {
            let begun = Instant::now();
            let status = request.send().await?.status();
            Ok::<_, reqwest::Error>((status, begun.elapsed().as_secs_f64() * 1000.0))
        }));
    }
    let mut latencies = Vec::new();
    for answer in join_all(sent).await {
        let (status, latency) = answer??;
        if !status.is_success() {
            return Err(format!("a webhook was answered {status}").into());
        }
        latencies.push(latency);
    }
    Ok(latencies)
}

/// A signed webhook of a call that nobody here has placed, with an id of its own.
fn request(http: &reqwest::Client, url: &str, key: &SigningKey) -> reqwest::RequestBuilder {
    let now = Timestamp::now();
    let leg = uuid::Uuid::new_v4();
    let body = json!({
        "data": {
            "record_type": "event",
            "event_type": "call.initiated",
            "id": uuid::Uuid::new_v4(),
            "occurred_at": now,
            "payload": {
                "call_control_id": format!("v3:{leg}"),
                "call_leg_id": leg,
                "call_session_id": uuid::Uuid::new_v4(),
                "connection_id": "1494404757140276705",
                "client_state": null,
                "direction": "outgoing",
                "from": "+14155550100",
                "to": "+13125550100",
                "state": "bridging",
            },
        },
        "meta": { "attempt": 1, "delivered_to": url },
    });
    let body = body.to_string();
    let signed = sign(key, body.as_bytes(), now);
    http.post(url)
        .header("content-type", "application/json")
        .header(TIMESTAMP_HEADER, signed.timestamp)
        .header(SIGNATURE_HEADER, signed.signature)
        .body(body)
}

/// The value that this share of the sorted values does not exceed.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or(f64::NAN)
}
