//! Memory that the operator holds with 1,000 and with 10,000 applications, once they are Ready and it is quiet.

use std::time::Duration;

use serde_json::json;
use telnyx_operator::api::CallControlApplication;

use crate::Result;
use crate::installation::{Installation, application};
use crate::report::Report;

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let limits = json!({ "limits": { "maxConcurrentRequests": 64, "dialsPerSecond": 30 } });
    let installation = Installation::start("latencyMs: 0\n", &limits).await?;
    report.add("memory", "resident with no applications", "MB", &[installation.operator_memory()?]);
    let mut created = 0;
    for (count, bound) in [(1000, None), (10_000, Some("under 250 MB"))] {
        let applications = (created..count).map(application);
        installation.create::<CallControlApplication>(applications).await?;
        created = count;
        installation.until_ready::<CallControlApplication>(count, Duration::from_mins(5)).await?;
        let name = format!("resident with {count} applications");
        report.add_bounded("memory", name, "MB", &[installation.operator_memory()?], bound);
    }
    installation.testbed.operator().restart().await?;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let name = "resident with 10000 applications, 15 s after a restart";
    report.add("memory", name, "MB", &[installation.operator_memory()?]);
    installation.testbed.stop().await?;
    Ok(())
}
