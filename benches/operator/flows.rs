//! Calls in flows: from a webhook's receipt to the command that follows, with 500 callers who press a key each second; and 2,000
//! calls at once, none of which may be lost.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, CallFlow};
use testbed::eventually;

use crate::Result;
use crate::installation::{ACCOUNT, Installation, manifest};
use crate::report::Report;

/// Times that each caller is asked for a key.
const QUESTIONS: u64 = 10;
/// Calls that are placed side by side.
const AT_ONCE: usize = 32;
const PATIENCE: Duration = Duration::from_mins(5);

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    for (callers, name) in [(500, "flows, 500 calls"), (2000, "flows, 2,000 calls")] {
        run(callers, name, report).await?;
    }
    Ok(())
}

async fn run(callers: u64, name: &'static str, report: &mut Report) -> Result<()> {
    // A key a second of each of 500; of 2,000 as many keys in all.
    let reaction = callers * 2;
    let behaviour = json!({ "callees": {
        "audio": { "speakMsPerCharacter": 1 },
        "person": {
            "earlyShare": 0, "afterMessageMs": 600_000, "patienceMs": 600_000,
            "keys": { "replies": vec!["1"; 32], "reactionMs": { "min": reaction / 2, "max": reaction * 3 / 2 } },
        },
    }, "webhooks": { "connections": 1024 } });
    let account = json!({ "limits": { "maxConcurrentRequests": 256 } });
    let installation = Installation::start(&behaviour.to_string(), &account).await?;
    installation.create::<CallFlow>([manifest("CallFlow", "bench", &flow())].into_iter()).await?;
    let application = json!({ "accountRef": { "name": ACCOUNT }, "callFlowRef": { "name": "bench" } });
    let application = manifest("CallControlApplication", "bench", &application);
    installation.create::<CallControlApplication>([application].into_iter()).await?;
    installation.until_ready::<CallControlApplication>(1, PATIENCE).await?;
    installation.until_ready::<CallFlow>(1, PATIENCE).await?;
    let line = installation.api::<CallControlApplication>().get("bench").await?;
    let line = line.status.and_then(|status| status.id).ok_or("an application without id")?;

    let (cpu, begun) = (installation.operator_cpu()?, Instant::now());
    let simulator = installation.testbed.simulator();
    stream::iter(0..callers)
        .map(|caller| {
            let call = json!({ "to": "+15550100002", "from": format!("+1555{caller:07}"), "connectionId": line });
            async move { simulator.post("/calls", &call).await }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    let api = installation.api::<CallFlow>();
    let most = std::cell::Cell::new(0);
    eventually("every call has come to its end", PATIENCE, async || {
        let flow = json!(api.get("bench").await.map_err(|error| error.to_string())?);
        most.set(most.get().max(flow["status"]["activeCalls"].as_u64().unwrap_or_default()));
        let ended = entered(&flow, "bye");
        let left = flow["status"]["activeCalls"].as_u64();
        if ended == callers && left == Some(0) { Ok(()) } else { Err(format!("{ended} of {callers}, {left:?} active")) }
    })
    .await?;
    let took = begun.elapsed().as_secs_f64();
    let flow = json!(api.get("bench").await?);
    let asked = entered(&flow, "ask");
    if asked != callers * QUESTIONS {
        return Err(format!("{asked} questions were asked, not {}", callers * QUESTIONS).into());
    }
    let metrics =
        reqwest::get(format!("{}/metrics", installation.testbed.operator().admin_url())).await?.text().await?;
    for (label, share) in [("median", 0.5), ("99 %", 0.99), ("99.9 %", 0.999)] {
        let bound = quantile(&metrics, "telnyx_operator_flow_reaction_seconds", share)?;
        report.add(name, format!("webhook to next command, {label} at most"), "ms", &[bound * 1000.0]);
    }
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let commands = (callers * (QUESTIONS * 2 + 2)) as f64;
    let cpu = installation.operator_cpu()? - cpu;
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    report.add(name, "most calls at once", "calls", &[most.get() as f64]);
    report.add(name, "commands per second", "1/s", &[commands / took]);
    report.add(name, "commands per CPU second of the operator", "1/s", &[commands / cpu]);
    report.add(name, "memory of the operator", "MB", &[installation.operator_memory()?]);
    installation.testbed.stop().await?;
    Ok(())
}

fn flow() -> Value {
    json!({
        "direction": "Inbound",
        "steps": [
            { "name": "answer", "answer": {} },
            { "name": "ask", "gatherUsingSpeak": {
                "payload": "Key?", "voice": "female", "validDigits": "1", "maximumDigits": 1 } },
            { "name": "thanks", "speak": { "payload": "Thanks", "voice": "female" } },
            { "name": "again", "loop": { "to": "ask", "times": QUESTIONS - 1 } },
            { "name": "bye", "hangup": {} },
        ],
    })
}

fn entered(flow: &Value, step: &str) -> u64 {
    let steps = flow["status"]["steps"].as_array();
    let step = steps.and_then(|steps| steps.iter().find(|one| one["name"] == step));
    step.and_then(|step| step["entered"].as_u64()).unwrap_or_default()
}

/// The upper bound of the bucket that holds this share of a histogram's observations.
fn quantile(metrics: &str, histogram: &str, share: f64) -> Result<f64> {
    let prefix = format!("{histogram}_bucket{{le=\"");
    let buckets: Vec<(f64, f64)> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix)?.split_once("\"} "))
        .map(|(bound, count)| (bound.parse().unwrap_or(f64::INFINITY), count.parse().unwrap_or_default()))
        .collect();
    let all = buckets.last().map_or(0.0, |(_, count)| *count);
    let found = buckets.iter().find(|(_, count)| *count >= all * share && all > 0.0);
    found.map(|(bound, _)| *bound).ok_or_else(|| format!("{histogram} has counted nothing").into())
}
