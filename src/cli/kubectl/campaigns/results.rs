//! `campaign results`: one row per target, as CSV, JSON Lines or Parquet.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};

use super::targets::{Numbers, each_page};
use crate::cli::kubectl::error::PluginError;
use crate::cli::kubectl::options::Options;
use crate::cli::kubectl::place::Place;
use crate::cli::progress::Progress;
use crate::results::{FileError, Format, ResultsFile};

/// Rows of one Parquet row group, at least: a group a page would make an index longer than its data.
const ROWS_AT_ONCE: usize = 10_000;

pub(super) fn command() -> Command {
    Command::new("results")
        .about("Writes one row per target: how it ended, after how many calls, when, and why")
        .after_help(
            "Numbers are left out unless --show-numbers asks for them, which takes the right to read the Secrets of the \
             campaign's jobs. So do targets that nobody has touched yet: they are known from there alone.",
        )
        .args([
            // In the place of the option that every command has: a results file is no table.
            Arg::new("output")
                .long("output")
                .short('o')
                .value_name("FORMAT")
                .help("How rows are written")
                .default_value("csv")
                .value_parser(PossibleValuesParser::new(Format::WORDS)),
            Arg::new("file")
                .long("file")
                .short('f')
                .value_name("FILE")
                .help("Where to; standard output where not given")
                .value_parser(value_parser!(PathBuf)),
        ])
}

pub(super) async fn run(place: &Place, options: &Options, name: &str, matches: &ArgMatches) -> Result<(), PluginError> {
    let format = format(matches)?;
    let path = matches.get_one::<PathBuf>("file");
    if format == Format::Parquet && path.is_none() && io::stdout().is_terminal() {
        let problem = "names no file: Parquet is not for terminals".to_owned();
        return Err(PluginError::Argument { flag: "--file".to_owned(), problem });
    }
    let campaign = place.campaign(name).await?;
    let out = destination(path)?;
    let status = campaign.status.clone().unwrap_or_default();
    let total = status.audience.map_or(0, |audience| usize::try_from(audience.total).unwrap_or(usize::MAX));
    // Rows that go to the terminal show by themselves how far they have come.
    let elsewhere = path.is_some() || !io::stdout().is_terminal();
    let mut progress = elsewhere.then(Progress::for_eyes);
    let mut so_far = 0;
    let written = write(place, options, &campaign, ResultsFile::new(format, out, options.show_numbers), |rows| {
        so_far += rows;
        if let Some(progress) = &mut progress {
            progress.at(&format!("{so_far} of {total} targets"));
        }
    });
    let written = written.await?;
    drop(progress);
    if written < total {
        eprintln!("{} of {total} targets were not cut into jobs yet, or their jobs were deleted", total - written);
    }
    Ok(())
}

fn format(matches: &ArgMatches) -> Result<Format, PluginError> {
    let word = matches.try_get_one::<String>("output").ok().flatten();
    word.and_then(|word| Format::of(word)).ok_or_else(|| PluginError::Argument {
        flag: "--output".to_owned(),
        problem: format!("must be one of {} and stand after `results`", Format::WORDS.join(", ")),
    })
}

type Destination = Box<dyn Write + Send>;

fn destination(path: Option<&PathBuf>) -> Result<Destination, PluginError> {
    match path {
        None => Ok(Box::new(io::stdout())),
        Some(path) => match File::create(path) {
            Ok(file) => Ok(Box::new(BufWriter::new(file))),
            Err(error) => Err(PluginError::File { path: path.clone(), source: error }),
        },
    }
}

async fn write(
    place: &Place,
    options: &Options,
    campaign: &crate::api::OutboundCampaign,
    file: Result<ResultsFile<Destination>, FileError>,
    mut come: impl FnMut(usize),
) -> Result<usize, PluginError> {
    let mut file = file.map_err(PluginError::Results)?;
    let numbers = if options.show_numbers { Numbers::Shown } else { Numbers::Hidden };
    let mut gathered = Vec::new();
    let count = each_page(place, campaign, numbers, |rows| {
        come(rows.len());
        gathered.extend(rows);
        if gathered.len() >= ROWS_AT_ONCE {
            file.write(&gathered).map_err(PluginError::Results)?;
            gathered.clear();
        }
        Ok(())
    })
    .await?;
    file.write(&gathered).and_then(|()| file.end()).map_err(PluginError::Results)?;
    Ok(count)
}
