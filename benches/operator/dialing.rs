//! Campaigns: how many calls per second when nothing but the machine limits them, and how exact the pace is when
//! something does.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};
use telnyx_operator::api::OutboundCampaign;
use testbed::{condition, eventually};

use crate::Result;
use crate::installation::{ACCOUNT, Installation, manifest, seconds};
use crate::process::cpu_seconds;
use crate::report::Report;
use crate::yardstick;

/// Targets of the fast campaign, and of the paced one: eleven minutes at 30 calls per second.
const TARGETS: u32 = 20_000;
/// Targets of the campaign that wants more than the account allows: a minute.
const LIMITED: u32 = 1800;

/// A healthy account without limits; people answer quickly, listen to a short message and are hung up on.
pub(crate) const FAST: &str = "
limits: { dialsPerSecond: null }
# Telnyx delivers the webhooks of different calls side by side; a pool of a fixed size is the simulator's own limit.
webhooks: { connections: 1024 }
callees:
  initiatedAfterMs: 10
  ringMs: { min: 300, max: 1200 }
  shares: { person: 80, machine: 0, fax: 0, silence: 0, noAnswer: 0, busy: 15, rejected: 5, notFound: 0, carrierFailure: 0 }
  person: { patienceMs: 60000, earlyShare: 0.0 }
  audio: { speakMsPerCharacter: 10 }
";

/// As fast as it goes, beside a bare dial loop over the official Python package in the same run.
pub(crate) async fn throughput(runs: usize, report: &mut Report) -> Result<()> {
    let python = yardstick::prepare()?;
    let (mut rate, mut per_cpu, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bare_rate, mut bare_per_cpu, mut ratio, mut memory) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let run = campaign(FAST, TARGETS, Pace { campaign: 1000, account: 1000, at_once: 6000 }).await?;
        let bare = yardstick::run(&python).await?;
        rate.push(run.calls_per_second);
        per_cpu.push(run.calls_per_cpu_second);
        shares.push(run.simulator_cpu / run.seconds);
        memory.push(run.memory);
        bare_rate.push(bare.calls_per_second);
        bare_per_cpu.push(bare.calls_per_cpu_second);
        ratio.push(run.calls_per_cpu_second / bare.calls_per_cpu_second);
    }
    let at_least = "at least 500";
    report.add_bounded("dialing", "calls per second, 20,000 targets", "calls/s", &rate, at_least);
    report.add("dialing", "calls per CPU second of the operator", "calls/s", &per_cpu);
    report.add("dialing", "bare loop: calls per second", "calls/s", &bare_rate);
    report.add("dialing", "bare loop: calls per CPU second", "calls/s", &bare_per_cpu);
    let more = "above 1";
    report.add_bounded("dialing", "operator to bare loop, calls per CPU second", "×", &ratio, more);
    report.add("dialing", "cores that the simulator used meanwhile", "cores", &shares);
    report.add("dialing", "operator memory at the end", "MB", &memory);
    Ok(())
}

/// A campaign at 30 calls per second with room above it, and one that asks for more than a new account's limit of 30.
pub(crate) async fn pacing(report: &mut Report) -> Result<()> {
    let free = campaign(FAST, TARGETS, Pace { campaign: 30, account: 40, at_once: 2000 }).await?;
    let error = (free.calls_per_second - 30.0).abs() / 30.0 * 100.0;
    report.add("pacing", "calls per second at 30, limit 40", "calls/s", &[free.calls_per_second]);
    report.add_bounded("pacing", "long-run error at 30 calls per second", "%", &[error], "under 1");
    let most = "at most 200";
    report.add_bounded("pacing", "most dials within any 5 s, limit 40", "dials", &[free.most_in_five_seconds], most);
    let limited = campaign(FAST, LIMITED, Pace { campaign: 60, account: 30, at_once: 2000 }).await?;
    report.add("pacing", "calls per second at 60, limit 30", "calls/s", &[limited.calls_per_second]);
    let most = "at most 150";
    report.add_bounded("pacing", "most dials within any 5 s, limit 30", "dials", &[limited.most_in_five_seconds], most);
    shares(report).await
}

/// What is asked for and what is allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The campaign's dials per second.
    pub(crate) campaign: u32,
    /// The account's limit of dials per second.
    pub(crate) account: u32,
    /// Calls at once, for both.
    pub(crate) at_once: u32,
}

struct Run {
    seconds: f64,
    calls_per_second: f64,
    calls_per_cpu_second: f64,
    simulator_cpu: f64,
    most_in_five_seconds: f64,
    memory: f64,
}

async fn campaign(simulator: &str, targets: u32, pace: Pace) -> Result<Run> {
    let Pace { account, at_once, .. } = pace;
    let limits =
        json!({ "limits": { "dialsPerSecond": account, "concurrentCalls": at_once, "maxConcurrentRequests": 256 } });
    let installation = Installation::start(simulator, &limits).await?;
    installation.create_caller().await?;
    installation.create::<ConfigMap>([audience("bench", 0, targets)].into_iter()).await?;
    let simulator_pid = installation.testbed.simulator().pid().ok_or("the simulator does not run")?;
    let cpu_before = (installation.operator_cpu()?, cpu_seconds(simulator_pid).unwrap_or_default());
    installation.create::<OutboundCampaign>([campaign_manifest("bench", pace)].into_iter()).await?;

    let (dialing, most_in_five_seconds) = dial_time(&installation, targets, pace).await?;
    let simulator_cpu = cpu_seconds(simulator_pid).unwrap_or_default() - cpu_before.1;
    let counts = completed(&installation, "bench").await?;
    let cpu = installation.operator_cpu()? - cpu_before.0;
    let memory = installation.operator_memory()?;
    twice_rung(&installation).await?;
    if counts != u64::from(targets) {
        return Err(format!("{counts} of {targets} targets ended").into());
    }
    installation.testbed.stop().await?;
    let calls = f64::from(targets);
    Ok(Run {
        seconds: dialing,
        calls_per_second: calls / dialing,
        calls_per_cpu_second: calls / cpu,
        simulator_cpu,
        most_in_five_seconds,
        memory,
    })
}

/// A campaign over the ConfigMap of its name.
pub(crate) fn campaign_manifest(name: &str, pace: Pace) -> Value {
    let spec = json!({
        "accountRef": { "name": ACCOUNT },
        "applicationRef": { "name": "bench" },
        "from": ["+14155550100"],
        "purpose": "Informational",
        "announcement": { "text": { "payload": "Hello, this is a test. Thank you and goodbye.", "language": "en-US" } },
        "pacing": { "dialsPerSecond": pace.campaign, "maxConcurrentCalls": pace.at_once },
        "windows": [{ "days": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], "start": "00:00", "end": "24:00" }],
        "retry": { "maxAttemptsPerTarget": 1 },
        "targetsFrom": { "configMap": { "name": name, "key": "list.csv" } },
    });
    manifest("OutboundCampaign", name, &spec)
}

/// A ConfigMap of so many targets, with numbers from the `first` on.
pub(crate) fn audience(name: &str, first: u32, targets: u32) -> Value {
    let mut text = "id,to,timeZone\n".to_owned();
    for number in first..first + targets {
        let _ = writeln!(text, "t{number},+1312{:07},America/Chicago", 2_000_000 + number);
    }
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "list.csv": text } })
}

/// Three campaigns that want more than the account's 30 dials per second, for ten minutes: what each gets of them, in
/// percent of what its share is.
async fn shares(report: &mut Report) -> Result<()> {
    /// With nine tenths of it in use at most, some 30 a second are left to divide.
    const LIMIT: u32 = 34;
    const SHARES: [u32; 3] = [1, 2, 3];
    let limits =
        json!({ "limits": { "dialsPerSecond": LIMIT, "concurrentCalls": 3000, "maxConcurrentRequests": 256 } });
    let installation = Installation::start(FAST, &limits).await?;
    installation.create_caller().await?;
    for (first, share) in (0..).step_by(20_000).zip(SHARES) {
        let name = format!("share-{share}");
        installation.create::<ConfigMap>([audience(&name, first, 15_000)].into_iter()).await?;
        let mut campaign = campaign_manifest(&name, Pace { campaign: 30, account: LIMIT, at_once: 1000 });
        campaign["spec"]["pacing"]["share"] = json!(share);
        installation.create::<OutboundCampaign>([campaign].into_iter()).await?;
    }
    // Not before all three are dialling.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let before = called(&installation).await?;
    tokio::time::sleep(Duration::from_mins(10)).await;
    let after = called(&installation).await?;
    let got: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    let all: f64 = got.iter().sum();
    report.add("pacing", "three campaigns: calls per second together, limit 34", "calls/s", &[all / 600.0]);
    for (got, share) in got.iter().zip(SHARES) {
        let fair = all * f64::from(share) / f64::from(SHARES.iter().sum::<u32>());
        let name = format!("three campaigns: error of the one with share {share} of 6");
        let error = (got - fair).abs() / fair * 100.0;
        report.add_bounded("pacing", name, "%", &[error], "under 3");
    }
    installation.testbed.stop().await?;
    Ok(())
}

/// Numbers called so far, by campaign.
async fn called(installation: &Installation) -> Result<[f64; 3]> {
    let dials = installation.testbed.simulator().get("/dials?atLeast=1").await?;
    let mut counts = [0.0; 3];
    for number in dials.as_array().into_iter().flatten() {
        let ordinal = number["to"].as_str().and_then(|to| to.get(5..)?.parse::<usize>().ok());
        let campaign = ordinal.and_then(|ordinal| ordinal.checked_sub(2_000_000)).map(|ordinal| ordinal / 20_000);
        if let Some(count) = campaign.and_then(|campaign| counts.get_mut(campaign)) {
            *count += 1.0;
        }
    }
    Ok(counts)
}

/// Seconds from the first accepted dial to the last, as the simulator sees them, and the most within five seconds.
async fn dial_time(installation: &Installation, targets: u32, pace: Pace) -> Result<(f64, f64)> {
    let mut begun = None;
    let planned = Duration::from_secs(u64::from(targets / pace.campaign.min(pace.account)));
    let deadline = Instant::now() + planned * 2 + Duration::from_mins(4);
    let targets = u64::from(targets);
    loop {
        let counters = installation.counters().await?;
        let dials = counters.number("/dials/accepted");
        if dials > 0 && begun.is_none() {
            begun = Some(Instant::now());
        }
        if dials >= targets {
            let most = counters.number("/dials/maxInFiveSeconds");
            #[expect(clippy::cast_precision_loss, reason = "tens of thousands at most")]
            return Ok((seconds(begun.unwrap_or_else(Instant::now)), most as f64));
        }
        if Instant::now() > deadline {
            return Err(format!("{dials} of {targets} targets were dialled in time").into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits for the end; the number of targets that ended.
pub(crate) async fn completed(installation: &Installation, name: &str) -> Result<u64> {
    let api = installation.api::<OutboundCampaign>();
    let status = eventually("the campaign is Complete", Duration::from_mins(20), async || {
        let campaign = json!(api.get(name).await.map_err(|error| error.to_string())?);
        let status = campaign["status"].clone();
        if condition(&campaign, "Complete") == Some("True") { Ok(status) } else { Err(status["counts"].to_string()) }
    })
    .await?;
    let ended = ["completed", "failed", "blocked", "expired"];
    Ok(ended.into_iter().filter_map(|name| status["counts"][name].as_u64()).sum())
}

/// No number may have rung more than once: every target has a number of its own and one attempt.
pub(crate) async fn twice_rung(installation: &Installation) -> Result<()> {
    let twice = installation.testbed.simulator().get("/dials?atLeast=2").await?;
    match twice.as_array().map(Vec::len) {
        Some(0) => Ok(()),
        Some(count) => Err(format!("{count} numbers rang more than once").into()),
        None => Err("the simulator does not say which numbers rang twice".into()),
    }
}
