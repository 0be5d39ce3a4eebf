//! Replicas share the accounts.

use serde_json::json;
use telnyx_operator::api::TelnyxAccount;

use crate::replicas::{Replicas, holders};
use crate::takeover::directly;

/// Besides the one that `a` has from the start.
const ACCOUNTS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn accounts_go_to_the_replica_that_has_fewer() {
    let replicas = Replicas::start(directly).await;
    let main = replicas.api::<TelnyxAccount>().get("main").await.unwrap();
    for number in 0..ACCOUNTS {
        let name = format!("other-{number}");
        replicas.create::<TelnyxAccount>(&name, json!(main.spec)).await;
        replicas
            .eventually(&format!("{name} has a holder"), async || {
                let holders = holders(&replicas).await;
                let held = holders.iter().any(|(lease, holder)| lease.starts_with(&name) && !holder.is_empty());
                if held { Ok(()) } else { Err(format!("{holders:?}")) }
            })
            .await;
    }
    let holders = holders(&replicas).await;
    let of = |instance: &str| holders.values().filter(|holder| *holder == instance).count();
    let (a, b) = (of("a"), of("b"));
    println!("a has {a}, b has {b}");
    assert_eq!(a + b, ACCOUNTS + 1, "{holders:?}");
    // Four and five, or a busy machine was late: then it has the next ones.
    assert!(a.abs_diff(b) <= 3, "{holders:?}");
    replicas.end().await;
}
