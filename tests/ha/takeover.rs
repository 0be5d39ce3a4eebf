//! Whatever becomes of the replica that acts for an account, the other goes on, and no phone rings twice for one attempt.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::proxy::Proxy;
use crate::replicas::Replicas;

/// How a process ends that has lost its lease.
const LOST: i32 = 75;
/// Counts leases that ran out before they were renewed.
const LAPSED: &str = "telnyx_operator_lease_changes_total{subject=\"account\",change=\"lost\"}";

pub(crate) async fn directly(kubeconfig: &Path) -> PathBuf {
    kubeconfig.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_killed_is_replaced_within_20_seconds() {
    let mut replicas = Replicas::start(directly).await;
    replicas.begin_campaign().await;
    assert_eq!(replicas.b.metric(&replicas, "telnyx_operator_lease_held{subject=\"account\"}").await, 0);
    replicas.a.signal("-KILL").await;
    let killed = Instant::now();
    replicas.a.ended().await;
    replicas.webhooks.turn(Some(replicas.b.webhooks.address()));
    replicas.until_held_by("b").await;
    let replaced = killed.elapsed();
    println!("replaced after {replaced:?}");
    assert!(replaced < Duration::from_secs(20), "{replaced:?}");
    let rung = replicas.rings().await.len();
    replicas.until_rung(rung + 1).await;
    println!("dialled after {:?}", killed.elapsed());
    replicas.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_told_to_stop_hands_over_and_the_next_dials_at_once() {
    let mut replicas = Replicas::start(directly).await;
    replicas.begin_campaign().await;
    let told = Instant::now();
    replicas.a.signal("-TERM").await;
    assert!(replicas.a.ended().await.success());
    let ended = told.elapsed();
    replicas.webhooks.turn(Some(replicas.b.webhooks.address()));
    replicas.until_held_by("b").await;
    let handed_over = told.elapsed();
    // Fifteen seconds are what a lease lasts; the rest is for a busy machine.
    assert!(handed_over.saturating_sub(ended) < Duration::from_secs(10), "{handed_over:?}");
    let rung = replicas.rings().await.len();
    replicas.until_rung(rung + 1).await;
    let dialled = told.elapsed();
    println!("ended after {ended:?}, handed over after {handed_over:?}, dialled after {dialled:?}");
    // It takes less than two. Who does not know what the one before has dialled waits for five, half a second after the hand-over.
    assert!(
        dialled.saturating_sub(handed_over) < Duration::from_secs(5),
        "{dialled:?}; b said:\n{}",
        replicas.b.tail()
    );
    replicas.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_wakes_up_after_another_took_its_place_rings_no_phone_and_ends() {
    let mut replicas = Replicas::start(directly).await;
    replicas.begin_campaign().await;
    // In the middle of whatever it does, requests to Telnyx and claims under way included.
    replicas.a.signal("-STOP").await;
    replicas.webhooks.turn(Some(replicas.b.webhooks.address()));
    replicas.until_held_by("b").await;
    let rung = replicas.rings().await.len();
    replicas.until_rung(rung + 5).await;
    replicas.a.signal("-CONT").await;
    assert_eq!(replicas.a.ended().await.code(), Some(LOST), "{}", replicas.a.tail());
    replicas.ends_well().await;
}

/// The way of `a` to the API server, which can be cut.
struct Way {
    proxy: Proxy,
    server: SocketAddr,
}

impl Way {
    fn cut(&self) {
        self.proxy.turn(None);
    }

    fn mend(&self) {
        self.proxy.turn(Some(self.server));
    }
}

/// Two replicas, of which `a` reaches the API server by a way of its own.
async fn by_a_way_of_its_own() -> (Replicas, Way) {
    let mut way = None;
    let replicas = Replicas::start(async |kubeconfig: &Path| {
        let text = std::fs::read_to_string(kubeconfig).unwrap();
        let named = text.split("https://").nth(1).unwrap().split(['"', '\n', '/']).next().unwrap().trim().to_owned();
        let server = named.parse().unwrap();
        let proxy = Proxy::start("127.0.0.1:0", Some(server)).await;
        let path = kubeconfig.with_extension("through-proxy");
        std::fs::write(&path, text.replace(&named, &proxy.address.to_string())).unwrap();
        way = Some(Way { proxy, server });
        path
    })
    .await;
    (replicas, way.unwrap())
}

async fn until_lapsed(replicas: &Replicas) {
    let lapsed = async || match replicas.a.metric(replicas, LAPSED).await {
        0 => Err(replicas.a.tail()),
        _ => Ok(()),
    };
    replicas.eventually("a's lease has lapsed", lapsed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_cut_off_from_the_api_server_stops_before_another_begins_and_ends_once_it_knows() {
    let (mut replicas, way) = by_a_way_of_its_own().await;
    replicas.begin_campaign().await;
    way.cut();
    replicas.webhooks.turn(Some(replicas.b.webhooks.address()));
    replicas.until_held_by("b").await;
    // It can still reach Telnyx; that it may not act any more it finds out alone.
    until_lapsed(&replicas).await;
    let rung = replicas.rings().await.len();
    replicas.until_rung(rung + 5).await;
    way.mend();
    assert_eq!(replicas.a.ended().await.code(), Some(LOST), "{}", replicas.a.tail());
    replicas.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_alone_and_cut_off_from_the_api_server_lives_on_and_acts_again_when_it_is_back() {
    let (mut replicas, way) = by_a_way_of_its_own().await;
    replicas.b.signal("-KILL").await;
    replicas.b.ended().await;
    replicas.begin_campaign().await;
    way.cut();
    let cut = Timestamp::now();
    until_lapsed(&replicas).await;
    let rung = replicas.rings().await.len();
    let webhook = format!("http://{}/webhooks/{}/main/some-object", replicas.a.webhooks, replicas.namespace);
    assert_eq!(replicas.http.post(webhook).body("{}").send().await.unwrap().status(), 401, "it looks at signatures");
    // What is signed, and about calls that were under way, it asks for again.
    replicas.until_put_off_since(cut).await;
    replicas.a.until_it_says(&replicas, "the Kubernetes API server has not answered since ").await;
    assert_eq!(replicas.a.asked(&replicas, "/livez").await, 200, "a new start would not help");
    assert_eq!(replicas.rings().await.len(), rung, "nobody is called without a lease");
    way.mend();
    replicas.a.until_it_says(&replicas, "the Kubernetes API server answers again, after ").await;
    let log = replicas.a.log();
    assert_eq!(log.matches("has not answered since").count(), 1, "it is said once: {log}");
    replicas.until_rung(rung + 5).await;
    assert!(replicas.a.is_running(), "{}", replicas.a.tail());
    replicas.ends_well().await;
}
