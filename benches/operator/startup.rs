//! From the start of the process to the moment when it has looked at each of 10,000 applications that exist already.

use std::time::{Duration, Instant};

use serde_json::json;
use telnyx_operator::api::CallControlApplication;
use testbed::eventually;

use crate::Result;
use crate::installation::{Installation, application, seconds};
use crate::report::Report;

/// How many applications.
const COUNT: usize = 10_000;

pub(crate) async fn measure(runs: usize, report: &mut Report) -> Result<()> {
    let limits = json!({ "limits": { "maxConcurrentRequests": 64, "dialsPerSecond": 30 } });
    let installation = Installation::start("latencyMs: 50\n", &limits).await?;
    let applications = (0..COUNT).map(application);
    installation.create::<CallControlApplication>(applications).await?;
    installation.until_ready::<CallControlApplication>(COUNT, Duration::from_mins(10)).await?;
    let (mut times, mut requests, mut throttled, mut writes) = (vec![], vec![], vec![], vec![]);
    for _ in 0..runs {
        installation.testbed.operator().stop().await?;
        let before = (installation.counters().await?, installation.own_writes().await?);
        let begun = Instant::now();
        installation.testbed.operator().start().await?;
        let what = format!("{COUNT} applications are known");
        eventually(&what, Duration::from_mins(2), async || {
            let known = passes(&installation).await.map_err(|error| error.to_string())?;
            if known >= COUNT { Ok(()) } else { Err(format!("{known} are")) }
        })
        .await?;
        times.push(seconds(begun));
        let after = installation.counters().await?;
        requests.push(float(after.all_requests() - before.0.all_requests()));
        throttled.push(float(after.answers(429) - before.0.answers(429)));
        writes.push(installation.own_writes().await? - before.1);
    }
    let name = "start to as many passes as there are applications, 10,000";
    report.add_bounded("startup", name, "s", &times, "under 15 s");
    let few = format!("{} lists, and those of the other kinds and of the account", COUNT.div_ceil(250));
    report.add_bounded("startup", "requests to the Voice API until then", "", &requests, few.as_str());
    report.add_bounded("startup", "those answered 429", "", &throttled, "0");
    report.add_bounded("startup", "API server writes until then, leases apart", "", &writes, "0");
    installation.testbed.stop().await?;
    Ok(())
}

/// Passes over applications that the operator has ended, by its own metrics.
async fn passes(installation: &Installation) -> Result<usize> {
    let url = format!("{}/metrics", installation.testbed.operator().admin_url());
    let text = reqwest::Client::builder().no_proxy().build()?.get(url).send().await?.text().await?;
    let count = text.lines().find_map(|line| {
        line.strip_prefix(r#"telnyx_operator_reconcile_seconds_count{kind="application"} "#)?.parse().ok()
    });
    Ok(count.unwrap_or_default())
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
