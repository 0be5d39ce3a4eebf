//! Makes a book of `docs/`: a preprocessor of mdBook, and a check of what it has built.
//!
//! Promises that a page reads the same in the repository and in the book: links to files that are no pages lead to the
//! repository, and flowcharts are drawn. Does not know what the pages say.

mod check;
mod links;
mod paths;
mod pictures;
mod preprocess;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Without a subcommand: mdBook's book on standard input becomes the book to render on standard output.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Subcommands>,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Asked by mdBook: exit code 0 if books for this renderer can be prepared.
    Supports {
        /// Name of the renderer.
        renderer: String,
    },
    /// Follow every link within a built book.
    Check {
        /// The folder of the built book.
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    let done: Result<ExitCode, Box<dyn Error>> = match Arguments::parse().command {
        None => preprocess::run().map(|()| ExitCode::SUCCESS).map_err(Into::into),
        Some(Subcommands::Supports { renderer }) => Ok(ExitCode::from(u8::from(renderer != "html"))),
        Some(Subcommands::Check { folder }) => check::run(&folder).map_err(Into::into),
    };
    done.unwrap_or_else(|error| {
        eprintln!("book: {error}{}", error.source().map(|cause| format!(": {cause}")).unwrap_or_default());
        ExitCode::FAILURE
    })
}
