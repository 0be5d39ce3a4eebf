//! Deleting a campaign lets its calls finish, and leaves nothing behind.

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;
use telnyx_operator::api::{CallControlApplication, DialJob, OutboundCampaign, OutboundVoiceProfile, TelnyxAccount};
use telnyx_operator::dialing::labels::CAMPAIGN_UID;
use telnyx_simulator::config::Spread;

use crate::world::{World, condition, people, plan};

fn has_ended(call: &serde_json::Value) -> bool {
    call["endedAt"].is_string() || call["state"] == "ended" || call["ended"] == true
}

/// Whom the campaign of [`in_the_middle`] is to call: at ten a second, more than any machine lets pass before a deletion is heard of.
const PEOPLE: usize = 500;

/// A campaign that has called some of its people, slowly enough to be met in the middle.
async fn in_the_middle() -> World {
    let world = World::new(|behaviour| behaviour.callees.ring_ms = Spread::between(1000, 2000)).await;
    world.list(&people(PEOPLE)).await;
    world.campaign("c", json!({ "pacing": { "dialsPerSecond": 10, "maxConcurrentCalls": 100 } })).await;
    world
        .eventually("some phones rang", async || {
            let rang = world.rings().await.len();
            if rang >= 10 { Ok(()) } else { Err(rang.to_string()) }
        })
        .await;
    world
}

#[tokio::test]
async fn a_deleted_campaign_starts_no_call_lets_those_under_way_finish_and_takes_all_along() {
    let world = in_the_middle().await;
    world.api::<OutboundCampaign>().delete("c", &DeleteParams::default()).await.unwrap();
    world
        .eventually("the campaign, its jobs and its Secrets are gone", async || {
            let campaigns = world.all::<OutboundCampaign>().await.len();
            let jobs = world.all::<DialJob>().await.len();
            let of_a_campaign =
                |secret: &Secret| secret.metadata.labels.iter().flatten().any(|(name, _)| name == CAMPAIGN_UID);
            let secrets = world.all::<Secret>().await.into_iter().filter(of_a_campaign).count();
            if campaigns + jobs + secrets == 0 { Ok(()) } else { Err(format!("{campaigns} {jobs} {secrets}")) }
        })
        .await;
    assert!(world.rings().await.len() < PEOPLE);
    let calls = world.sim("/calls").await;
    assert!(calls.as_array().unwrap().iter().all(has_ended), "a call outlived its campaign: {calls:#}");
    world.end().await;
}

#[tokio::test]
async fn a_namespace_deleted_while_its_campaign_dials_goes_with_its_calls_ended_and_nobody_called_twice() {
    let world = in_the_middle().await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    namespaces.delete(&world.namespace, &DeleteParams::default()).await.unwrap();
    world
        .eventually("the namespace is gone", async || match namespaces.get_opt(&world.namespace).await.unwrap() {
            None => Ok(()),
            Some(namespace) => Err(format!("{:?}", namespace.status)),
        })
        .await;
    let rings = world.rings().await;
    assert!(rings.len() < PEOPLE && rings.values().all(|rang| *rang == 1), "{rings:?}");
    let calls = world.sim("/calls").await;
    assert!(calls.as_array().unwrap().iter().all(has_ended), "a call outlived its campaign: {calls:#}");
    let left = world.sim("/objects").await;
    assert!(left.as_object().unwrap().values().all(|count| *count == 0), "{left}");
    world.end().await;
}

#[tokio::test]
async fn a_complete_campaign_goes_when_its_time_is_over() {
    let world = World::new(|_| {}).await;
    world.list(&people(2)).await;
    world.campaign("c", json!({ "ttlSecondsAfterFinished": 0 })).await;
    world
        .eventually("the campaign and its jobs are gone", async || {
            let (campaigns, jobs) = (world.all::<OutboundCampaign>().await.len(), world.all::<DialJob>().await.len());
            if campaigns + jobs == 0 { Ok(()) } else { Err(format!("{campaigns} {jobs}")) }
        })
        .await;
    world.rang_once_per_attempt(2, 1).await;
    world.end().await;
}

#[tokio::test]
async fn an_account_stays_until_its_campaign_has_hung_up_and_one_that_was_torn_away_holds_nobody() {
    let world = World::new(|behaviour| behaviour.callees.ring_ms = Spread::between(2000, 3000)).await;
    world.list(&people(5)).await;
    world.campaign("c", json!({})).await;
    world
        .eventually("a phone rings", async || {
            let rang = world.rings().await.len();
            if rang > 0 { Ok(()) } else { Err(rang.to_string()) }
        })
        .await;
    world.api::<TelnyxAccount>().delete("main", &DeleteParams::default()).await.unwrap();
    world.complete("c").await;

    // The longest call may take four hours: a campaign that waited for it would outlast every patience here.
    world.list(&people(6)).await;
    let account = world.get::<TelnyxAccount>("main").await;
    assert!(account["metadata"]["deletionTimestamp"].is_string(), "the profile and the application still need it");
    world.campaign("torn", json!({})).await;
    world
        .eventually("phones ring again", async || {
            let rang = world.rings().await.len();
            if rang > 5 { Ok(()) } else { Err(rang.to_string()) }
        })
        .await;
    let let_go = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    world.api::<TelnyxAccount>().patch("main", &PatchParams::default(), &let_go).await.unwrap();
    world.api::<OutboundCampaign>().delete("torn", &DeleteParams::default()).await.unwrap();
    world
        .eventually("the campaign is gone", async || {
            let campaigns = world.all::<OutboundCampaign>().await;
            let left = campaigns.iter().filter(|campaign| campaign.metadata.name.as_deref() == Some("torn")).count();
            if left == 0 { Ok(()) } else { Err(format!("{campaigns:#?}")) }
        })
        .await;
    world.end().await;
}

#[tokio::test]
async fn an_account_stays_until_a_job_that_stands_alone_has_ended() {
    let world = World::new(|behaviour| behaviour.callees.ring_ms = Spread::between(2000, 3000)).await;
    let targets = json!([{ "id": "a", "to": "+15550000100" }]);
    world.create::<DialJob>("alone", json!({ "plan": plan(), "targets": targets })).await;
    world
        .eventually("the phone rings", async || {
            let rang = world.rings().await.len();
            if rang > 0 { Ok(()) } else { Err(rang.to_string()) }
        })
        .await;
    // A call that is under way needs neither.
    world.api::<CallControlApplication>().delete("announcements", &DeleteParams::default()).await.unwrap();
    world.api::<OutboundVoiceProfile>().delete("out", &DeleteParams::default()).await.unwrap();
    world.api::<TelnyxAccount>().delete("main", &DeleteParams::default()).await.unwrap();
    let job =
        world.until::<DialJob>("alone", "is complete", |job| condition(job, "Complete")["status"] == "True").await;
    assert_eq!(job["status"]["counts"]["completed"], 1, "{:#}", job["status"]);
    world
        .eventually("the account is gone", async || match world.api::<TelnyxAccount>().get_opt("main").await.unwrap() {
            None => Ok(()),
            Some(account) => Err(format!("{:?}", account.status)),
        })
        .await;
    world.end().await;
}

#[tokio::test]
async fn a_campaign_that_is_deleted_together_with_its_jobs_and_its_account_goes_at_once() {
    let world = World::new(|_| {}).await;
    world.list(&people(300)).await;
    // No window is open, so that jobs are made and nobody is called.
    world.campaign("c", json!({ "windows": [] })).await;
    world
        .eventually("both jobs are made", async || {
            let jobs = world.all::<DialJob>().await.len();
            if jobs == 2 { Ok(()) } else { Err(jobs.to_string()) }
        })
        .await;
    // In the order in which `kubectl delete telnyx --all` comes to them.
    let (how, all) = (DeleteParams::default(), ListParams::default());
    drop(world.api::<CallControlApplication>().delete_collection(&how, &all).await.unwrap());
    drop(world.api::<DialJob>().delete_collection(&how, &all).await.unwrap());
    drop(world.api::<OutboundCampaign>().delete_collection(&how, &all).await.unwrap());
    drop(world.api::<OutboundVoiceProfile>().delete_collection(&how, &all).await.unwrap());
    drop(world.api::<TelnyxAccount>().delete_collection(&how, &all).await.unwrap());
    world
        .eventually("everything is gone", async || {
            let left = (
                world.all::<OutboundCampaign>().await.len(),
                world.all::<DialJob>().await.len(),
                world.all::<TelnyxAccount>().await.len(),
            );
            if left == (0, 0, 0) { Ok(()) } else { Err(format!("campaigns, jobs, accounts: {left:?}")) }
        })
        .await;
    assert!(world.rings().await.is_empty());
    world.end().await;
}
