//! The demo's command line.

mod demo;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut message = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                message.push_str(": ");
                message.push_str(&cause.to_string());
                source = cause.source();
            }
            eprintln!("demo: {message}");
            ExitCode::FAILURE
        }
    }
}
