//! From an edit to its PATCH: how long a person waits until a change is at the API.

use std::time::{Duration, Instant};

use kube::api::{Patch, PatchParams};
use serde_json::json;
use telnyx_operator::api::CallControlApplication;

use crate::Result;
use crate::installation::{Installation, seconds};
use crate::report::Report;

const EDITS: usize = 50;

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let installation = Installation::start("latencyMs: 0\n", &json!({})).await?;
    installation.create_caller().await?;
    let mut latencies = Vec::new();
    for number in 0..EDITS {
        latencies.push(edit(&installation, number).await? * 1000.0);
    }
    report.add("edits", "from the edit's answer to its PATCH at the API", "ms", &latencies);
    installation.testbed.stop().await?;
    Ok(())
}

async fn edit(installation: &Installation, number: usize) -> Result<f64> {
    const PATCHES: &str = "PATCH /call_control_applications/{id}";
    let before = installation.counters().await?.requests(PATCHES);
    let patch = Patch::Merge(json!({ "spec": { "applicationName": format!("Edit {number}") } }));
    installation.api::<CallControlApplication>().patch("bench", &PatchParams::default(), &patch).await?;
    let begun = Instant::now();
    while installation.counters().await?.requests(PATCHES) == before {
        if begun.elapsed() > Duration::from_secs(10) {
            return Err("an edit was not patched within 10 s".into());
        }
    }
    let latency = seconds(begun);
    // The next edit meets an idle operator, as a person's would.
    installation.until_ready::<CallControlApplication>(1, Duration::from_secs(10)).await?;
    Ok(latency)
}
