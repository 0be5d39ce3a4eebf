//! What a thousand applications cost that nobody touches: memory above the bare process, CPU, and writes.

use std::time::Duration;

use serde_json::json;
use telnyx_operator::api::CallControlApplication;

use crate::Result;
use crate::installation::{Installation, application};
use crate::report::Report;

/// How many applications.
const COUNT: usize = 1000;
/// How long nothing happens; between two resyncs at the default period of ten minutes.
const IDLE: Duration = Duration::from_mins(1);
/// For what a start brings along to end.
const SETTLING: Duration = Duration::from_secs(15);

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let installation = Installation::start("latencyMs: 0\n", &json!({})).await?;
    tokio::time::sleep(SETTLING).await;
    let bare = installation.operator_memory()?;
    let applications = (0..COUNT).map(application);
    installation.create::<CallControlApplication>(applications).await?;
    installation.until_ready::<CallControlApplication>(COUNT, Duration::from_mins(3)).await?;
    // Making them takes memory that idling does not need: the process that idles has found them.
    installation.testbed.operator().restart().await?;
    tokio::time::sleep(SETTLING).await;
    let before = (installation.operator_cpu()?, installation.own_writes().await?, installation.counters().await?);
    tokio::time::sleep(IDLE).await;
    let cpu = installation.operator_cpu()? - before.0;
    let writes = installation.own_writes().await? - before.1;
    let requests = installation.counters().await?.all_requests() - before.2.all_requests();
    let memory = installation.operator_memory()?;
    report.add("idle", "resident with no applications", "MB", &[bare]);
    report.add_bounded("idle", "above it with 1,000 applications", "MB", &[memory - bare], "under 30 MB");
    let share = cpu / IDLE.as_secs_f64() * 100.0;
    report.add_bounded("idle", "share of a core over a minute", "%", &[share], "under 0.5 %");
    report.add_bounded("idle", "API server writes in it, leases apart", "", &[writes], "0");
    #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
    report.add_bounded("idle", "requests to the Voice API in it", "", &[requests as f64], "0");
    installation.testbed.stop().await?;
    Ok(())
}
