//! A node whose disk is full: nothing can be logged, and everything else goes on.

use std::fs::OpenOptions;
use std::process::Stdio;

use serde_json::json;
use telnyx_operator::api::Queue;
use testbed::Port;
use tokio::process::Command;

use crate::cluster;
use crate::world::{World, eventually};

#[tokio::test]
async fn an_operator_that_cannot_log_works_and_counts_the_lines_that_are_lost() {
    let mut world = World::with_account().await;
    world.stop_operator().await;
    let home = tempfile::tempdir().unwrap();
    let kubeconfig = cluster::kubeconfig(world.access.as_ref().unwrap(), &world.client, home.path()).await;
    let admin = Port::keep().unwrap();
    // Every write to it ends with "no space left on device" (null(4)).
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
    command.args(["run", "--instance=full", "--webhook-listen=127.0.0.1:0", "--namespace", &world.namespace]);
    command.arg(format!("--admin-listen={admin}")).arg("--log-level=debug");
    command.env_clear().env("KUBECONFIG", kubeconfig).stdin(Stdio::null()).stdout(full()).stderr(full());
    let mut operator = command.kill_on_drop(true).spawn().unwrap();
    let http = reqwest::Client::new();
    let get = async |path: &str| {
        let answer = http.get(format!("http://{admin}{path}")).send().await.map_err(|error| error.to_string())?;
        let is_well = answer.status().is_success();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if is_well { Ok(text) } else { Err(text) }
    };
    eventually("the operator is ready", || get("/readyz")).await;
    world.queue("waiting-room", json!({ "maxSize": 30 })).await;
    world.ready::<Queue>("waiting-room").await;
    let metrics = get("/metrics").await.unwrap();
    let lost = metrics.lines().find_map(|line| line.strip_prefix("telnyx_operator_log_lines_lost_total "));
    assert!(lost.unwrap().parse::<u64>().unwrap() > 0, "{lost:?}");
    let pid = operator.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    assert!(operator.wait().await.unwrap().success(), "it ends as it is told");
    world.start_operator().await;
    world.end().await;
}

#[tokio::test]
async fn an_operator_that_can_tell_nobody_why_it_fails_says_so_by_its_exit_code() {
    let full = Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
    command.args(["run", "--log-level=="]).env_clear().stdin(Stdio::null()).stderr(full);
    assert_eq!(command.status().await.unwrap().code(), Some(1));
}
