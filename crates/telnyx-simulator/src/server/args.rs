//! The command line, for the binary and for whoever embeds the simulator as a subcommand.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::json;

use super::{Running, ServeError, Simulator};
use crate::config::{ApiKey, Config, SigningSeed};

/// Arguments of `telnyx-simulator`; a parser of its own and, flattened, the arguments of a subcommand.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "telnyx-simulator", version, about = "The Telnyx Voice API in memory, with real signed webhooks")]
pub struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:12111", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Behaviour file (YAML). Without it the account behaves like a healthy one.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Bearer key to accept instead of those in the behaviour file. May be given several times.
    #[arg(long, env = "TELNYX_SIMULATOR_API_KEY", hide_env_values = true, value_name = "KEY")]
    pub api_key: Vec<ApiKey>,
    /// Seed of the key that signs webhooks: base64 of 32 bytes.
    #[arg(long, env = "TELNYX_SIMULATOR_SIGNING_SEED", hide_env_values = true, value_name = "BASE64")]
    pub signing_seed: Option<SigningSeed>,
    /// File to which every request to the API is appended as a line of JSON: method, path, query, body, status. Off by
    /// default.
    #[arg(long, env = super::JOURNAL_VARIABLE, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// File written once the simulator listens: JSON with `baseUrl`, `adminUrl` and `publicKey`.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// Runs the simulator until Ctrl-C or SIGTERM.
pub async fn serve(args: Args) -> Result<(), ServeError> {
    let mut config = args.config.as_deref().map_or_else(|| Ok(Config::default()), Config::load)?;
    if !args.api_key.is_empty() {
        config.keys = args.api_key;
    }
    if let Some(seed) = args.signing_seed {
        config.signing_seed = seed;
    }
    let running = Simulator::builder().config(config).listen(args.listen).journal(args.journal).start().await?;
    tracing::info!(base_url = %running.base_url(), admin_url = %running.admin_url(), "the simulator listens");
    if let Some(path) = &args.ready_file {
        write_ready_file(path, &running)?;
    }
    until_asked_to_stop().await;
    running.stop().await;
    Ok(())
}

/// Writes beside the file and renames, so that whoever waits for it never reads half of it.
fn write_ready_file(path: &std::path::Path, running: &Running) -> Result<(), ServeError> {
    let ready = json!({
        "baseUrl": running.base_url(),
        "adminUrl": running.admin_url(),
        "publicKey": running.public_key_base64(),
    });
    let unready = |source| ServeError::ReadyFile { path: path.to_owned(), source };
    let partial = path.with_extension("partial");
    std::fs::write(&partial, ready.to_string()).map_err(unready)?;
    std::fs::rename(&partial, path).map_err(unready)
}

async fn until_asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        // Without a SIGTERM handler the default one ends the process, which is a stop as well.
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}
