//! The bare dial loop over the official Python package, and the environment it needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::json;
use telnyx_simulator::{Config, Simulator};

use crate::Result;
use crate::installation::API_KEY;

const CALLS: u32 = 5000;
/// More did not make it faster when it was measured.
const WORKERS: u32 = 64;

/// What the loop reached.
pub(crate) struct Bare {
    pub(crate) calls_per_second: f64,
    pub(crate) calls_per_cpu_second: f64,
}

/// Installs the package into a virtual environment under the build folder, once; the interpreter to use.
pub(crate) fn prepare() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let environment = root.join("target/bench/python");
    let python = environment.join("bin/python");
    if !python.exists() {
        check(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    let requirements = root.join("benches/python/requirements.txt");
    check(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
    Ok(python)
}

/// Runs the loop against a simulator of its own.
pub(crate) async fn run(python: &Path) -> Result<Bare> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Figures {
        calls: f64,
        refused: u64,
        wall_seconds: f64,
        cpu_seconds: f64,
    }
    let config = Config::parse("limits: { dialsPerSecond: null }\n")?;
    let simulator = Simulator::builder().config(config).start().await?;
    let connection = application(&simulator.base_url()).await?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/python/bare_dial.py");
    let output = tokio::process::Command::new(python)
        .arg(script)
        .args([&simulator.base_url(), API_KEY, &connection, &CALLS.to_string(), &WORKERS.to_string()])
        .output()
        .await?;
    simulator.stop().await;
    if !output.status.success() {
        return Err(format!("the bare loop failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let figures: Figures = serde_json::from_slice(&output.stdout)?;
    if figures.refused > 0 {
        return Err(format!("{} dials of the bare loop were refused", figures.refused).into());
    }
    Ok(Bare {
        calls_per_second: figures.calls / figures.wall_seconds,
        calls_per_cpu_second: figures.calls / figures.cpu_seconds,
    })
}

/// A profile and an application that may call; the application's id.
async fn application(base_url: &str) -> Result<String> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let create = async |path: &str, body: serde_json::Value| -> Result<String> {
        let answer = http.post(format!("{base_url}{path}")).bearer_auth(API_KEY).json(&body).send().await?;
        let answer: serde_json::Value = answer.error_for_status()?.json().await?;
        Ok(answer["data"]["id"].as_str().ok_or("an answer without id")?.to_owned())
    };
    let profile =
        create("/outbound_voice_profiles", json!({ "name": "bare", "whitelisted_destinations": ["US"] })).await?;
    let application = json!({
        "application_name": "bare",
        "webhook_event_url": "http://127.0.0.1:9/nowhere",
        "webhook_api_version": "2",
        "outbound": { "outbound_voice_profile_id": profile },
    });
    create("/call_control_applications", application).await
}

fn check(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)).into())
}
