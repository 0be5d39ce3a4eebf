//! How many calls per second the simulator carries: dials, signed webhooks, hangups, all over loopback sockets.
//!
//! `cargo run --release -p telnyx-simulator --example throughput -- [calls] [connections]`. The receiver and the client
//! run in the same process, so the CPU time is that of all three.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_precision_loss, reason = "a measuring tool")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use serde_json::{Value, json};
use telnyx_simulator::Simulator;
use telnyx_simulator::config::{DEFAULT_KEY, Outcome, Shares, Spread};

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u64>().unwrap());
    let (calls, connections) = (args.next().unwrap_or(20_000), args.next().unwrap_or(64));
    let received = Arc::new(AtomicU64::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/", listener.local_addr().unwrap());
    let counter = Arc::clone(&received);
    let app = Router::new().fallback(move || async move {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    let simulator = Simulator::builder()
        .configure(|config| {
            config.limits.dials_per_second = None;
            config.callees.shares = Shares::only(Outcome::Person);
            config.callees.ring_ms = Spread::Fixed(100);
            config.callees.person.patience_ms = Spread::Fixed(100);
        })
        .start()
        .await
        .unwrap();
    let client = reqwest::Client::new();
    let post = async |path: &str, body: Value| -> Value {
        let url = format!("{}{path}", simulator.base_url());
        let answer = client.post(url).bearer_auth(DEFAULT_KEY).json(&body).send().await.unwrap();
        answer.json().await.unwrap()
    };
    let profile = post("/outbound_voice_profiles", json!({"name": "load"})).await;
    let application = json!({
        "application_name": "load", "webhook_event_url": hook, "webhook_api_version": "2",
        "outbound": {"outbound_voice_profile_id": profile["data"]["id"]},
    });
    let application = post("/call_control_applications", application).await;
    let next = Arc::new(AtomicU64::new(0));
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let dialling = (0..connections).map(|_| {
        let (client, next) = (client.clone(), Arc::clone(&next));
        let (url, connection) = (format!("{}/calls", simulator.base_url()), application["data"]["id"].clone());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= calls {
                    return;
                }
                let body = json!({
                    "to": format!("+1202{:07}", 5_550_100 + n % 1_000_000), "from": "+12025550001",
                    "connection_id": connection, "command_id": n.to_string(), "client_state": "c3RhdGU=",
                });
                let answer = client.post(&url).bearer_auth(DEFAULT_KEY).json(&body).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                answer.bytes().await.unwrap();
            }
        })
    });
    for task in dialling.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let dialled = began.elapsed();
    while received.load(Ordering::Relaxed) < calls * 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (delivered, cpu) = (began.elapsed(), cpu_seconds() - cpu);
    let per_second = |count: u64, time: Duration| count as f64 / time.as_secs_f64();
    println!("dials/s               {:8.0}", per_second(calls, dialled));
    println!("webhooks/s            {:8.0}", per_second(calls * 3, delivered));
    println!("CPU s, all three      {cpu:8.2}");
    println!("CPU us per call       {:8.0}", cpu * 1e6 / calls as f64);
    simulator.stop().await;
}

/// User and system time of this process, from `/proc/self/stat` (proc(5), fields 14 and 15, in hundredths of a second).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).unwrap().parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}
