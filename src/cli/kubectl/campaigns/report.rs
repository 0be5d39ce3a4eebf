//! `campaign report`: one page of HTML.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kube::ResourceExt as _;

use super::targets::{Numbers, each_page};
use crate::api::OutboundCampaign;
use crate::cli::kubectl::error::PluginError;
use crate::cli::kubectl::place::Place;
use crate::cli::kubectl::print;
use crate::dialing::preset;
use crate::results::{Subject, Summary, report};

pub(super) fn command() -> Command {
    Command::new("report")
        .about(
            "Writes a page of HTML with plots: progress, outcomes, answer rate by hour, attempts, pacing, compliance",
        )
        .after_help("The page needs no other file, runs no script, and names nobody.")
        .arg(
            // In the place of the option that every command has.
            Arg::new("output")
                .long("output")
                .short('o')
                .value_name("FILE")
                .help("Where to; standard output where not given")
                .value_parser(value_parser!(PathBuf)),
        )
}

pub(super) async fn run(place: &Place, name: &str, matches: &ArgMatches) -> Result<(), PluginError> {
    let campaign = place.campaign(name).await?;
    let subject = subject(&campaign, Timestamp::now());
    let mut summary = Summary::new(subject.zone.clone());
    each_page(place, &campaign, Numbers::Hidden, |rows| {
        for row in &rows {
            summary.add(row);
        }
        Ok(())
    })
    .await?;
    let page = report(&subject, &summary);
    match matches.try_get_one::<PathBuf>("output").ok().flatten() {
        Some(path) => std::fs::write(path, page).map_err(|source| PluginError::File { path: path.clone(), source }),
        None => print::text(&page),
    }
}

fn subject(campaign: &OutboundCampaign, made: Timestamp) -> Subject {
    let status = campaign.status.clone().unwrap_or_default();
    let plan = &campaign.spec.plan;
    let zone = plan.callee_time_zone.default.as_deref().and_then(|name| TimeZone::get(name).ok());
    Subject {
        namespace: campaign.namespace().unwrap_or_default(),
        name: campaign.name_any(),
        phase: status.phase.unwrap_or_else(|| "Pending".to_owned()),
        started: status.start_time.map(|at| at.0),
        ended: status.completion_time.map(|at| at.0),
        targets: status.audience.map_or(0, |audience| audience.total),
        dials_per_second: plan.pacing.dials_per_second,
        max_concurrent: plan.pacing.max_concurrent_calls,
        preset: preset(plan).map(|preset| format!("{preset:?}")),
        zone: zone.unwrap_or(TimeZone::UTC),
        made,
    }
}
