//! A thousand applications: how long until all are Ready, what a quiet resync costs, what 100 edits cost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::ResourceExt as _;
use kube::api::{ListParams, Patch, PatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::json;
use telnyx_operator::api::CallControlApplication;
use testbed::{eventually, is_ready};

use crate::Result;
use crate::installation::{Counters, Installation, application, next_within, seconds};
use crate::report::Report;

/// How many applications.
const COUNT: usize = 1000;
/// What a request to the real API costs from afar; everything below is measured at this latency.
const LATENCY_MS: u64 = 50;
/// Requests under way at once, the account's `maxConcurrentRequests`.
const CONCURRENCY: u64 = 40;
/// Long enough to do the edits between two resyncs, short enough to wait for one.
const RESYNC_SECS: u64 = 15;
const CREATE: &str = "POST /call_control_applications";
const LIST: &str = "GET /call_control_applications";
const UPDATE: &str = "PATCH /call_control_applications/{id}";

pub(crate) async fn measure(runs: usize, report: &mut Report) -> Result<()> {
    let mut figures = Figures::default();
    for _ in 0..runs {
        run(&mut figures).await?;
    }
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let bound = (COUNT as u64 * LATENCY_MS) as f64 / CONCURRENCY as f64 / 1000.0;
    let ratios: Vec<f64> = figures.converge.iter().map(|seconds| seconds / bound).collect();
    let name = "converge 1,000 applications";
    report.add_bounded("applications", name, "s", &figures.converge, "under 3.5 s");
    report.add("applications", format!("ratio to {COUNT} × {LATENCY_MS} ms ÷ {CONCURRENCY}"), "×", &ratios);
    report.add("applications", "operator CPU to converge", "s", &figures.converge_cpu);
    report.add("applications", "API server CPU to converge", "s", &figures.api_server_cpu);
    report.add_bounded(
        "applications",
        "API server writes per application",
        "",
        &figures.converge_writes,
        "2: finalizer, status",
    );
    report.add_bounded("applications", "POST requests to converge", "", &figures.creates, "1,000");
    report.add_bounded("applications", "requests of a quiet resync", "", &figures.quiet, "4 lists");
    report.add_bounded("applications", "API server writes of a quiet resync", "", &figures.writes, "0");
    report.add("applications", "operator CPU of a quiet resync", "s", &figures.quiet_cpu);
    report.add("applications", "100 edits to the last Ready", "s", &figures.edit);
    report.add_bounded("applications", "PATCH requests of 100 edits", "", &figures.patches, "100");
    report.add_bounded("applications", "other requests of 100 edits", "", &figures.others, "0");
    Ok(())
}

#[derive(Debug, Default)]
struct Figures {
    converge: Vec<f64>,
    converge_cpu: Vec<f64>,
    api_server_cpu: Vec<f64>,
    converge_writes: Vec<f64>,
    creates: Vec<f64>,
    quiet: Vec<f64>,
    quiet_cpu: Vec<f64>,
    writes: Vec<f64>,
    edit: Vec<f64>,
    patches: Vec<f64>,
    others: Vec<f64>,
}

async fn run(figures: &mut Figures) -> Result<()> {
    let account = json!({
        "resyncPeriodSecs": RESYNC_SECS, "limits": { "maxConcurrentRequests": CONCURRENCY, "dialsPerSecond": 30 },
    });
    let installation = Installation::start(&format!("latencyMs: {LATENCY_MS}\n"), &account).await?;
    installation.testbed.operator().stop().await?;
    installation.create::<CallControlApplication>((0..COUNT).map(application)).await?;
    converge(&installation, figures).await?;
    quiet_resync(&installation, figures).await?;
    edit(&installation, figures).await?;
    installation.testbed.stop().await?;
    Ok(())
}

/// From the first create at the API (the first finalizer, which comes just before it) to the last Ready.
async fn converge(installation: &Installation, figures: &mut Figures) -> Result<()> {
    let api = installation.api::<CallControlApplication>();
    let mut events = watcher(api, watcher::Config::default()).applied_objects().boxed();
    for _ in 0..COUNT {
        next_within(&mut events, Duration::from_secs(30)).await.ok_or("the watch is silent")??;
    }
    let before = (installation.api_server_cpu()?, installation.application_writes().await?);
    installation.testbed.operator().start().await?;
    let mut begun = None;
    let mut ready: BTreeMap<String, bool> = BTreeMap::new();
    while ready.values().filter(|ready| **ready).count() < COUNT {
        let object = next_within(&mut events, Duration::from_mins(2)).await.ok_or("not all became Ready")??;
        if !object.finalizers().is_empty() {
            begun.get_or_insert_with(Instant::now);
        }
        ready.insert(object.name_any(), is_ready(&json!(object)));
    }
    figures.converge.push(seconds(begun.ok_or("no finalizer was seen")?));
    figures.converge_cpu.push(installation.operator_cpu()?);
    figures.api_server_cpu.push(installation.api_server_cpu()? - before.0);
    let writes = installation.application_writes().await? - before.1;
    figures.converge_writes.push(writes / float(COUNT as u64));
    figures.creates.push(float(installation.counters().await?.requests(CREATE)));
    Ok(())
}

/// One resync in which nothing differs: requests, CPU, and writes seen as changed resource versions.
async fn quiet_resync(installation: &Installation, figures: &mut Figures) -> Result<()> {
    next_resync(installation).await?;
    let before = (versions(installation).await?, installation.counters().await?, installation.operator_cpu()?);
    let after = next_resync(installation).await?;
    figures.quiet_cpu.push(installation.operator_cpu()? - before.2);
    figures.quiet.push(float(after.all_requests() - before.1.all_requests()));
    let now = versions(installation).await?;
    figures
        .writes
        .push(float(now.iter().filter(|(name, version)| before.0.get(*name) != Some(version)).count() as u64));
    Ok(())
}

/// Waits until a resync has begun and ended: all its list pages are counted and no more follow.
async fn next_resync(installation: &Installation) -> Result<Counters> {
    let before = installation.counters().await?.requests(LIST);
    let pages = COUNT.div_ceil(250) as u64;
    let within = Duration::from_secs(RESYNC_SECS * 3);
    eventually("a resync", within, async || {
        let counters = installation.counters().await.map_err(|error| error.to_string())?;
        let seen = counters.requests(LIST) - before;
        if seen >= pages { Ok(()) } else { Err(format!("{seen} list requests")) }
    })
    .await?;
    // What the resync causes beyond its lists would follow at once.
    tokio::time::sleep(Duration::from_secs(2)).await;
    installation.counters().await
}

async fn versions(installation: &Installation) -> Result<BTreeMap<String, Option<String>>> {
    let list = installation.api::<CallControlApplication>().list_metadata(&ListParams::default()).await?;
    Ok(list.items.iter().map(|object| (object.name_any(), object.resource_version())).collect())
}

/// 100 edits at once, right after a resync so that none falls in between.
async fn edit(installation: &Installation, figures: &mut Figures) -> Result<()> {
    let api = &installation.api::<CallControlApplication>();
    let before = next_resync(installation).await?;
    let begun = Instant::now();
    stream::iter((0..100).map(Ok))
        .try_for_each_concurrent(16, |number| async move {
            let patch = Patch::Merge(json!({ "spec": { "applicationName": format!("Changed {number}") } }));
            api.patch(&format!("application-{number:05}"), &PatchParams::default(), &patch).await.map(drop)
        })
        .await?;
    installation.until_ready::<CallControlApplication>(COUNT, Duration::from_mins(1)).await?;
    figures.edit.push(seconds(begun));
    let after = installation.counters().await?;
    let patches = after.requests(UPDATE) - before.requests(UPDATE);
    figures.patches.push(float(patches));
    figures.others.push(float(after.all_requests() - before.all_requests() - patches));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
