//! The demo's command line.

mod demo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dev_cluster::chain;

/// What shells and their users take for "ended by Ctrl-C": 128 and the number of SIGINT.
const INTERRUPTED: u8 = 130;

/// A whole installation on loopback: a cluster, a simulated Voice API and the operator.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Show what the operator does, from an empty cluster to an empty account.
    Demo(demo::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Subcommands::Demo(options) = Arguments::parse().command;
    match demo::run(&options).await {
        Ok(demo::End::Told) => ExitCode::SUCCESS,
        Ok(demo::End::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            eprintln!("demo: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}
