//! `campaign watch`: looks at a campaign again and again until it has ended.
//!
//! On a terminal one picture is drawn over the last; elsewhere a line is printed whenever something has changed.

mod frame;

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use jiff::Timestamp;
use serde_json::json;

use self::frame::{Sample, Style, frame, line};
use crate::api::OutboundCampaign;
use crate::cli::kubectl::error::PluginError;
use crate::cli::kubectl::options::{Options, Output};
use crate::cli::kubectl::place::Place;
use crate::cli::kubectl::print;
use crate::dialing::labels::MayBeOver as _;

/// Rates are of this long.
const SPAN: Duration = Duration::from_mins(1);

pub(super) fn command() -> Command {
    Command::new("watch").about("Shows how a campaign goes on, live, until it has ended").arg(
        Arg::new("interval")
            .long("interval")
            .value_name("SECONDS")
            .default_value("2")
            .value_parser(value_parser!(u64).range(1..=60))
            .help("Seconds between two looks. Allowed: 1 to 60"),
    )
}

pub(super) async fn run(place: &Place, options: &Options, name: &str, matches: &ArgMatches) -> Result<(), PluginError> {
    let pace = Duration::from_secs(matches.get_one("interval").copied().unwrap_or(2));
    let terminal = io::stdout().is_terminal();
    let style = if print::coloured() { Style::Coloured } else { Style::Plain };
    let (mut samples, mut drawn, mut said) = (VecDeque::new(), 0, String::new());
    loop {
        let campaign = place.campaign(name).await?;
        let sample = Sample::of(&campaign, Timestamp::now());
        remember(&mut samples, sample.clone());
        let first = samples.front().unwrap_or(&sample);
        match options.output {
            Output::Json | Output::Yaml => say(options, &campaign, &mut said)?,
            Output::Table | Output::Wide if terminal => {
                let picture = frame(name, first, &sample, style);
                print::text(&over(drawn, &picture))?;
                drawn = picture.lines().count();
            }
            Output::Table | Output::Wide => {
                let line = line(first, &sample);
                // The time alone is no news.
                let news = line.split_once(' ').map_or("", |(_, news)| news).to_owned();
                if news != said {
                    print::text(&format!("{line}\n"))?;
                    said = news;
                }
            }
        }
        if campaign.is_over() {
            return Ok(());
        }
        tokio::time::sleep(pace).await;
    }
}

fn say(options: &Options, campaign: &OutboundCampaign, said: &mut String) -> Result<(), PluginError> {
    let status = json!({ "name": campaign.metadata.name, "status": campaign.status });
    let text = status.to_string();
    if text != *said {
        print::line(options, status)?;
        *said = text;
    }
    Ok(())
}

fn remember(samples: &mut VecDeque<Sample>, sample: Sample) {
    let oldest = sample.at.checked_sub(SPAN).unwrap_or(sample.at);
    samples.push_back(sample);
    while samples.len() > 2 && samples.get(1).is_some_and(|second| second.at <= oldest) {
        samples.pop_front();
    }
}

/// Draws over so many lines: up, then clears to the end (ECMA-48: CPL, ED).
fn over(lines: usize, picture: &str) -> String {
    if lines == 0 { picture.to_owned() } else { format!("\x1b[{lines}F\x1b[J{picture}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_drawn_over_the_last_one() {
        assert_eq!(over(0, "a\nb\n"), "a\nb\n");
        assert_eq!(over(2, "c\n"), "\x1b[2F\x1b[Jc\n");
    }

    #[test]
    fn rates_are_of_the_last_minute() {
        let mut samples = VecDeque::new();
        for second in (0..=200).step_by(2) {
            remember(&mut samples, Sample::at_second(second));
        }
        let span = samples.back().unwrap().at.duration_since(samples.front().unwrap().at).as_secs();
        assert_eq!(span, 60);
    }
}
