//! Large campaigns, and campaigns in trouble: what they cost the API server, and that nothing is lost or doubled.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};
use telnyx_operator::api::{DialJob, OutboundCampaign};
use testbed::{condition, eventually};

use crate::Result;
use crate::dialing::{FAST, Pace, audience, campaign_manifest, completed, twice_rung};
use crate::etcd::Etcd;
use crate::installation::{Installation, seconds};
use crate::report::Report;

/// Campaigns that the 100,000 targets are spread over: a ConfigMap holds no more than 1 MiB.
const CAMPAIGNS: u32 = 4;
/// Targets of each.
const EACH: u32 = 25_000;
/// Targets of the campaign whose writes are counted.
const FEW: u32 = 1000;
/// Targets of the campaign whose operator is killed, and how often it is.
const KILLED: (u32, u32) = (5000, 100);
/// How long every webhook is lost.
const LOST_FOR: Duration = Duration::from_mins(5);
/// Dials per second while webhooks are lost: some 1,500 calls.
const LOST_RATE: u32 = 5;

/// 100,000 targets as fast as they go.
pub(crate) async fn large(report: &mut Report) -> Result<()> {
    let installation = installation(1000, 6000).await?;
    let etcd = Etcd::of(&installation)?;
    let before = etcd.size().await?;
    let begun = Instant::now();
    for number in 0..CAMPAIGNS {
        let name = format!("bench-{number}");
        installation.create::<ConfigMap>([audience(&name, number * EACH, EACH)].into_iter()).await?;
        let campaign = campaign_manifest(&name, Pace { campaign: 500, account: 1000, at_once: 1500 });
        installation.create::<OutboundCampaign>([campaign].into_iter()).await?;
    }
    let all = CAMPAIGNS * EACH;
    let mut memory = 0.0_f64;
    let (mut first_dial, deadline) = (None, Instant::now() + Duration::from_mins(20));
    let dialing = loop {
        memory = memory.max(installation.operator_memory()?);
        let dials = installation.counters().await?.number("/dials/accepted");
        if dials > 0 {
            first_dial.get_or_insert_with(Instant::now);
        }
        if dials >= u64::from(all) {
            break first_dial.map(seconds).unwrap_or_default();
        }
        if Instant::now() > deadline {
            return Err(format!("{dials} of {all} targets were dialled within 20 minutes").into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let mut ended = 0;
    for number in 0..CAMPAIGNS {
        ended += completed(&installation, &format!("bench-{number}")).await?;
    }
    if ended != u64::from(all) {
        return Err(format!("{ended} of {all} targets ended").into());
    }
    twice_rung(&installation).await?;
    let calls = f64::from(all) / dialing;
    report.add_bounded("campaign-100k", "calls per second", "calls/s", &[calls], "at least 500");
    report.add("campaign-100k", "from the first create to the last end", "s", &[seconds(begun)]);
    report.add_bounded("campaign-100k", "operator memory at most", "MB", &[memory], "under 300");
    report.add("campaign-100k", "numbers that rang twice", "numbers", &[0.0]);
    report.add("campaign-100k", "etcd before", "MB", &[before]);
    report.add("campaign-100k", "etcd growth before compaction", "MB", &[etcd.size().await? - before]);
    etcd.compact().await?;
    let growth = etcd.size().await? - before;
    report.add_bounded("campaign-100k", "etcd growth after it", "MB", &[growth], "under 200");
    installation.testbed.stop().await?;
    Ok(())
}

/// What 1,000 targets cost the API server, at the pace of a new account with room above it.
pub(crate) async fn writes(report: &mut Report) -> Result<()> {
    for (rate, bound) in [(30, None), (100, Some("under 60"))] {
        let installation = installation(200, 1000).await?;
        installation.create::<ConfigMap>([audience("bench", 0, FEW)].into_iter()).await?;
        let before = installation.writes().await?;
        let campaign = campaign_manifest("bench", Pace { campaign: rate, account: 200, at_once: 1000 });
        installation.create::<OutboundCampaign>([campaign].into_iter()).await?;
        let ended = completed(&installation, "bench").await?;
        if ended != u64::from(FEW) {
            return Err(format!("{ended} of {FEW} targets ended").into());
        }
        let after = installation.writes().await?;
        let mut all = 0.0;
        for (resource, count) in after {
            let count = count - before.get(&resource).copied().unwrap_or_default();
            all += count;
            if count > 0.0 {
                report.add("campaign-writes", format!("{resource}, 1,000 targets at {rate}/s"), "writes", &[count]);
            }
        }
        let name = format!("all writes, 1,000 targets at {rate}/s");
        report.add_bounded("campaign-writes", name, "writes", &[all], bound);
        installation.testbed.stop().await?;
    }
    Ok(())
}

/// The operator is killed 100 times at moments that have nothing to do with what it is doing.
pub(crate) async fn kills(report: &mut Report) -> Result<()> {
    let (targets, times) = KILLED;
    let installation = installation(40, 1000).await?;
    installation.create::<ConfigMap>([audience("bench", 0, targets)].into_iter()).await?;
    // Slow enough that the campaign lasts as long as the kills.
    let campaign = campaign_manifest("bench", Pace { campaign: 12, account: 40, at_once: 1000 });
    installation.create::<OutboundCampaign>([campaign].into_iter()).await?;
    let mut until_dialing = Vec::new();
    // Multiples of the golden ratio fall anywhere, and replay.
    let mut moment = 0.0_f64;
    for _ in 0..times {
        if !dials_again(&installation, 0).await? {
            break;
        }
        moment = (moment + 0.618_034).fract();
        tokio::time::sleep(Duration::from_secs_f64(moment * 2.0)).await;
        installation.testbed.operator().sigkill().await?;
        let dials = installation.counters().await?.number("/dials/accepted");
        let killed = Instant::now();
        installation.testbed.operator().start().await?;
        if dials_again(&installation, dials).await? {
            until_dialing.push(seconds(killed));
        }
    }
    let ended = completed(&installation, "bench").await?;
    if ended != u64::from(targets) {
        return Err(format!("{ended} of {targets} targets ended").into());
    }
    twice_rung(&installation).await?;
    #[expect(clippy::cast_precision_loss, reason = "a hundred")]
    let kills = until_dialing.len() as f64;
    report.add("kills", "kills while targets were left", "kills", &[kills]);
    report.add("kills", "targets that were lost, or rang twice for one attempt", "targets", &[0.0]);
    until_dialing.sort_by(f64::total_cmp);
    for (name, share) in [("median", 0.5), ("99 %", 0.99), ("longest", 1.0)] {
        let value = crate::webhooks::quantile(&until_dialing, share);
        let bound = (share >= 1.0).then_some("under 10");
        report.add_bounded("kills", format!("from the kill to the next dial, {name}"), "s", &[value], bound);
    }
    installation.testbed.stop().await?;
    Ok(())
}

/// Waits for a dial beyond so many. `false`: the campaign has ended.
async fn dials_again(installation: &Installation, beyond: u64) -> Result<bool> {
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        if installation.counters().await?.number("/dials/accepted") > beyond {
            return Ok(true);
        }
        let campaign = json!(installation.api::<OutboundCampaign>().get("bench").await?);
        if condition(&campaign, "Complete") == Some("True") {
            return Ok(false);
        }
        if Instant::now() > deadline {
            return Err("nothing was dialled for two minutes".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// No webhook arrives for five minutes, while calls are answered, refused and missed; then they arrive again.
pub(crate) async fn lost_webhooks(report: &mut Report) -> Result<()> {
    let installation = Installation::start(MIXED, &limits(40, 1000)).await?;
    installation.create_caller().await?;
    #[expect(clippy::cast_possible_truncation, reason = "1,500")]
    let targets = LOST_FOR.as_secs() as u32 * LOST_RATE;
    installation.create::<ConfigMap>([audience("bench", 0, targets)].into_iter()).await?;
    let simulator = installation.testbed.simulator();
    simulator.post("/faults", &json!({ "effect": "dropWebhook" })).await?;
    let campaign = campaign_manifest("bench", Pace { campaign: LOST_RATE, account: 40, at_once: 1000 });
    installation.create::<OutboundCampaign>([campaign].into_iter()).await?;
    let begun = Instant::now();
    tokio::time::sleep(LOST_FOR).await;
    simulator.delete("/faults").await?;
    let ended = eventually("every target has ended", Duration::from_mins(30), async || {
        completed(&installation, "bench").await.map_err(|error| error.to_string())
    })
    .await?;
    if ended != u64::from(targets) {
        return Err(format!("{ended} of {targets} targets ended").into());
    }
    twice_rung(&installation).await?;
    let none = "none";
    let (wrong, ambiguous) = outcomes_beside_causes(&installation).await?;
    report.add("lost-webhooks", "targets", "targets", &[f64::from(targets)]);
    report.add_bounded("lost-webhooks", "with an outcome other than the call's", "targets", &[wrong], none);
    report.add_bounded("lost-webhooks", "whose outcome nobody knows", "targets", &[ambiguous], none);
    report.add("lost-webhooks", "from the start to the last end", "s", &[seconds(begun)]);
    installation.testbed.stop().await?;
    Ok(())
}

/// Calls of every kind whose end alone tells the outcome; people wait until somebody speaks, and listen to the end.
const MIXED: &str = "
limits: { dialsPerSecond: null }
webhooks: { connections: 1024 }
callees:
  initiatedAfterMs: 10
  ringMs: { min: 300, max: 1200 }
  shares: { person: 60, machine: 0, fax: 0, silence: 0, noAnswer: 10, busy: 15, rejected: 10, notFound: 5, carrierFailure: 0 }
  person: { patienceMs: 1800000, earlyShare: 0.0 }
  audio: { speakMsPerCharacter: 10 }
";

/// Targets whose outcome is not what their call's own end says, and those whose outcome is unknown.
async fn outcomes_beside_causes(installation: &Installation) -> Result<(f64, f64)> {
    let mut told = BTreeMap::<String, u32>::new();
    for job in installation.api::<DialJob>().list(&kube::api::ListParams::default()).await?.items {
        for target in job.status.unwrap_or_default().targets {
            let outcome = json!(target)["outcome"].as_str().unwrap_or("none").to_owned();
            *told.entry(outcome).or_default() += 1;
        }
    }
    let ended = installation.counters().await?.0["endedCalls"].clone();
    // By the outcome that is right for each cause of a hangup. Whoever is reached listens to the end, and we hang up.
    let meant = [
        ("user_busy", "Busy"),
        ("no_answer", "NoAnswer"),
        ("timeout", "NoAnswer"),
        ("call_rejected", "Rejected"),
        ("not_found", "InvalidNumber"),
        ("normal_clearing", "Completed"),
    ];
    let mut expected = BTreeMap::<String, u32>::new();
    for (cause, count) in ended.as_object().into_iter().flatten() {
        let outcome = meant.iter().find(|(of, _)| of == cause).map_or(cause.as_str(), |(_, outcome)| outcome);
        let count = count.as_u64().and_then(|count| u32::try_from(count).ok());
        *expected.entry(outcome.to_owned()).or_default() += count.unwrap_or_default();
    }
    let said = |outcome: &str| told.get(outcome).copied().unwrap_or_default();
    // A target with another outcome is lacking where it belongs.
    let wrong: u32 = expected.iter().map(|(outcome, count)| count.saturating_sub(said(outcome))).sum();
    if wrong > 0 {
        eprintln!("bench: the calls ended {ended}, the targets {told:?}");
    }
    Ok((f64::from(wrong), f64::from(said("Ambiguous"))))
}

async fn installation(account: u32, at_once: u32) -> Result<Installation> {
    let installation = Installation::start(FAST, &limits(account, at_once)).await?;
    installation.create_caller().await?;
    Ok(installation)
}

fn limits(account: u32, at_once: u32) -> Value {
    json!({ "limits": { "dialsPerSecond": account, "concurrentCalls": at_once, "maxConcurrentRequests": 256 } })
}
