//! `campaign simulate`: a manifest in virtual time. Needs neither a cluster nor an account, and calls nobody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use audience::{Audience, Row};
use clap::{Arg, ArgMatches, Command, value_parser};
use dialer::spec::{AccountLimits, FlowKey};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kube::ResourceExt as _;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::beside::Beside;
use super::do_not_call::Lists;
use crate::api::{self, OutboundCampaign, TargetsFrom, TelnyxAccount};
use crate::cli::kubectl::error::PluginError;
use crate::cli::kubectl::options::{Options, Output};
use crate::cli::kubectl::print::{self, span};
use crate::controllers::campaign::how::{how, how_of_file, pinned};
use crate::controllers::do_not_call_list::offline::Kept;
use crate::dialing::{limits, resolve_campaign, targets};
use crate::reconcile::AccountKey;
use crate::rehearsal::{Assumptions, Estimate, Rehearsal};

/// Its name on the command line.
pub(super) const COMMAND: &str = "simulate";

pub(super) fn command() -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let share = |name, help| option(name, "SHARE", help).value_parser(value_parser!(f64));
    Command::new(COMMAND)
        .about("Runs a campaign's manifest in virtual time, and says when it would end and what it would cost")
        .after_help(
            "The dialer that would call people is driven through the campaign; only the people are made up, with the shares \
             that are given. Nobody is called, and neither a cluster nor an account is asked. The campaign is taken to have \
             its account for itself, and a suspension to be over.",
        )
        .args([
            option("file", "FILE", "Manifests in YAML or JSON: the OutboundCampaign, the TelnyxAccount if its limits count, its DoNotCallLists, and the ConfigMaps and Secrets that they name")
                .short('f')
                .required(true)
                .value_parser(value_parser!(PathBuf)),
            option("name", "NAME", "The OutboundCampaign; the only one of the file where not given"),
            option("targets", "FILE", "The list, .csv or .jsonl, also with .gz or .zst; read as spec.targetsFrom says. Needed where the file of manifests does not hold it")
                .value_parser(value_parser!(PathBuf)),
            share("answer-rate", "Of all calls, those that a person answers. 0 to 1").default_value("0.25"),
            share("machine-rate", "Of all calls, those that a machine answers. 0 to 1").default_value("0.25"),
            share("invalid-rate", "Of all calls, those to numbers that do not exist. 0 to 1").default_value("0.02"),
            option("talk", "DURATION", "How long the announcement, or the flow, takes, such as 40s or 1m30s")
                .default_value("40s")
                .value_parser(duration),
            option("cost-per-minute", "COST", "What a minute of an answered call costs; the prices of spec.budget.cost where not given").value_parser(value_parser!(f64)),
            option("start", "TIME", "When the campaign is applied, as 2026-06-01T09:00:00-05:00; now where not given")
                .value_parser(instant),
            option("seed", "NUMBER", "Another number draws other people").default_value("1").value_parser(value_parser!(u64)),
        ])
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    let known = parsed.filter(|talk| (Duration::from_secs(1)..=Duration::from_hours(4)).contains(talk));
    known.ok_or_else(|| "must be 1s to 4h, such as 40s or 1m30s".to_owned())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "must be an instant with its offset, such as 2026-06-01T09:00:00-05:00".to_owned())
}

pub(super) fn run(options: &Options, matches: &ArgMatches) -> Result<(), PluginError> {
    let Some(path) = matches.get_one::<PathBuf>("file") else { return Ok(()) };
    let manifests = Manifests::read(path)?;
    let campaign = manifests.campaign(path, matches.get_one::<String>("name").map(String::as_str))?;
    let plan = &campaign.spec.plan;
    // Any revision does: a flow is taken to come to its end.
    let flow = plan.call_flow_ref.as_ref().map(|_| FlowKey { flow: 0, revision: 0 });
    let spec = resolve_campaign(&campaign, "simulated", flow).map_err(|errors| {
        let problems: Vec<String> = errors.iter().map(ToString::to_string).collect();
        PluginError::Manifest { path: path.clone(), problem: problems.join("; ") }
    })?;
    let (rows, rejected) = manifests.list(&campaign, path, matches.get_one("targets"))?;
    let number = |name: &str, default: f64| matches.get_one(name).copied().unwrap_or(default);
    let fallback = Assumptions::default();
    let assumptions = Assumptions {
        people: number("answer-rate", fallback.people),
        machines: number("machine-rate", fallback.machines),
        invalid: number("invalid-rate", fallback.invalid),
        talk: matches.get_one("talk").copied().unwrap_or(fallback.talk),
        cost_per_minute: matches.get_one("cost-per-minute").copied(),
        seed: matches.get_one("seed").copied().unwrap_or(fallback.seed),
    };
    let assumptions = assumptions.check().map_err(|problem| PluginError::Argument {
        flag: "--answer-rate, --machine-rate, --invalid-rate, --cost-per-minute".to_owned(),
        problem: format!("cannot be so: {problem}"),
    })?;
    let start = matches.get_one("start").copied().unwrap_or_else(Timestamp::now);
    let limits = manifests.limits(&campaign);
    let screened = manifests.lists.of(&campaign, &manifests.beside);
    let targets = targets::specs(rows).to_vec();
    let rehearsal = Rehearsal { spec, limits, targets, states: Vec::new(), start, assumptions };
    let estimate = rehearsal.run(screened.screening.clone());
    match options.output {
        Output::Json | Output::Yaml => {
            let screened = screened.to_json();
            print::value(options, json!({ "estimate": estimate, "rejectedRows": rejected, "doNotCall": screened }))
        }
        Output::Table | Output::Wide => {
            let zone = plan.callee_time_zone.default.as_deref().and_then(|name| TimeZone::get(name).ok());
            print::text(&(told(&estimate, rejected, &zone.unwrap_or(TimeZone::UTC)) + &screened.told()))
        }
    }
}

/// Higher priority is called first, otherwise as listed.
fn in_order(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| std::cmp::Reverse(row.priority));
    rows
}

/// What a file of manifests has of interest.
struct Manifests {
    campaigns: Vec<OutboundCampaign>,
    accounts: Vec<TelnyxAccount>,
    lists: Lists,
    beside: Beside,
}

impl Manifests {
    fn read(path: &Path) -> Result<Self, PluginError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| PluginError::ReadFile { path: path.to_owned(), source })?;
        let bad = |problem: String| PluginError::Manifest { path: path.to_owned(), problem };
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(&text).map_err(|error| bad(error.without_snippet().to_string()))?;
        let mut found =
            Self { campaigns: vec![], accounts: vec![], lists: Lists::default(), beside: Beside::default() };
        for document in documents {
            let kind = document.get("kind").and_then(Value::as_str).map(ToOwned::to_owned);
            match kind.as_deref() {
                Some("OutboundCampaign") => found.campaigns.push(
                    OutboundCampaign::deserialize(document)
                        .map_err(|error| bad(format!("an OutboundCampaign: {error}")))?,
                ),
                Some("TelnyxAccount") => found.accounts.push(
                    TelnyxAccount::deserialize(document).map_err(|error| bad(format!("a TelnyxAccount: {error}")))?,
                ),
                Some("DoNotCallList") => found.lists.take(document).map_err(|error| bad(error.to_string()))?,
                Some(kind) => found.beside.take(kind, document).map_err(|error| bad(error.to_string()))?,
                None => {}
            }
        }
        Ok(found)
    }

    fn campaign(&self, path: &Path, name: Option<&str>) -> Result<OutboundCampaign, PluginError> {
        let names = || {
            let names: Vec<&str> =
                self.campaigns.iter().filter_map(|campaign| campaign.metadata.name.as_deref()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let bad = |problem: String| PluginError::Manifest { path: path.to_owned(), problem };
        let mut fitting =
            self.campaigns.iter().filter(|campaign| name.is_none() || campaign.metadata.name.as_deref() == name);
        match (fitting.next(), fitting.next()) {
            (Some(campaign), None) => Ok(campaign.clone()),
            (None, _) => Err(bad(format!("has no such OutboundCampaign; it has {}", names()))),
            (Some(_), Some(_)) => {
                Err(bad(format!("has several OutboundCampaigns: choose one of {} with --name", names())))
            }
        }
    }

    /// The rows that can be called, in the order of calling, and how many others there are: of the `named` file, or of the list
    /// that the campaign names.
    fn list(
        &self,
        campaign: &OutboundCampaign,
        file: &Path,
        named: Option<&PathBuf>,
    ) -> Result<(Vec<Row>, usize), PluginError> {
        let bad = |path: &Path, problem: String| PluginError::Manifest { path: path.to_owned(), problem };
        let from = campaign.spec.targets_from.as_ref();
        if let Some(path) = named {
            let bytes = std::fs::read(path).map_err(|source| PluginError::ReadFile { path: path.clone(), source })?;
            let how = how_of_file(from, &path.to_string_lossy()).map_err(|problem| PluginError::Argument {
                flag: "--targets".to_owned(),
                problem: from
                    .map_or_else(|| problem.clone(), |_| format!("cannot be read by spec.targetsFrom.{problem}")),
            })?;
            let audience = Audience::parse(&how, &bytes).map_err(|error| bad(path, error.to_string()))?;
            return Ok((in_order(audience.rows), audience.complaints.len()));
        }
        let absent = |problem: &str| PluginError::Argument {
            flag: "--targets".to_owned(),
            problem: format!("must name the list: {problem} {}", file.display()),
        };
        let Some(from) = from else {
            if campaign.spec.targets.is_empty() {
                return Err(absent("the campaign has no targets in"));
            }
            let rows = targets::inline(&campaign.spec.targets).map_err(|error| bad(file, error.to_string()))?;
            return Ok((in_order(rows), 0));
        };
        let of_field = |problem: String| bad(file, format!("spec.targetsFrom.{problem}"));
        let bytes = self.kept(campaign, from).ok_or_else(|| absent("what spec.targetsFrom names is not in"))?;
        let audience =
            Audience::parse(&how(from).map_err(of_field)?, &bytes).map_err(|error| bad(file, error.to_string()))?;
        pinned(from, audience.digest).map_err(of_field)?;
        Ok((in_order(audience.rows), audience.complaints.len()))
    }

    /// The campaign's list, if it is among the manifests.
    fn kept(&self, campaign: &OutboundCampaign, from: &TargetsFrom) -> Option<Vec<u8>> {
        let kept = match (&from.config_map, &from.secret) {
            (Some(reference), _) => Kept::InConfigMap(&reference.name, &reference.key),
            (None, Some(reference)) => Kept::InSecret(&reference.name, &reference.key),
            (None, None) => return None,
        };
        self.beside.find(campaign.metadata.namespace.as_deref(), kept)
    }

    /// What the campaign's account may do, if it is among the manifests.
    fn limits(&self, campaign: &OutboundCampaign) -> AccountLimits {
        let key = AccountKey::of(&campaign.spec.plan.account_ref, &campaign.namespace().unwrap_or_default());
        let is_its = |account: &&TelnyxAccount| {
            account.namespace().unwrap_or_default() == key.namespace && account.name_any() == key.name
        };
        let account = self.accounts.iter().find(is_its);
        account.map_or_else(|| limits(&api::AccountLimits::default()), |account| limits(&account.spec.limits))
    }
}

/// The estimate for people, on the campaign's own clock.
fn told(estimate: &Estimate, rejected: usize, zone: &TimeZone) -> String {
    let at = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string();
    let seconds = |secs: u64| span(i64::try_from(secs).unwrap_or(i64::MAX));
    let line = |name: &str, value: String| format!("{:<14}{value}\n", format!("{name}:"));
    let finish = match (estimate.finish, &estimate.stopped_by) {
        (Some(finish), Some(why)) => format!("{}, early, by {why}", at(finish)),
        (Some(finish), None) => at(finish),
        (None, Some(why)) => format!("never; stopped by {why}"),
        (None, None) => "not within a year".to_owned(),
    };
    let mut out = [
        line("Start", at(estimate.start)),
        line("First call", estimate.first_dial.map_or_else(|| "none".to_owned(), at)),
        line("Finish", finish),
        line("Targets", format!("{} ({rejected} rows cannot be called)", estimate.targets)),
        line("Calls", format!("{}, at most {} at once", estimate.dials, estimate.most_at_once)),
        line("Blocked", estimate.blocked.to_string()),
        line("Talk", seconds(estimate.talk_secs)),
    ]
    .concat();
    if let Some(cost) = estimate.cost {
        out.push_str(&line("Cost", format!("{cost:.2}")));
    }
    let mut section = |title: &str, rows: Vec<(String, String)>| {
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let rows: Vec<String> = rows.iter().map(|(name, value)| format!("  {name:<width$}   {value}\n")).collect();
        if !rows.is_empty() {
            out.push_str(&["\n", title, "\n", &rows.concat()].concat());
        }
    };
    section("Outcomes", estimate.outcomes.iter().map(|(name, count)| (name.clone(), count.to_string())).collect());
    let calls = estimate.calls_per_target.iter();
    section(
        "Calls per target",
        calls.map(|(calls, targets)| (calls.to_string(), format!("{targets} targets"))).collect(),
    );
    let held = estimate.held_up_secs.iter();
    section("Held up by", held.map(|(what, secs)| (what.clone(), seconds(*secs))).collect());
    section("Calls per hour", estimate.per_hour.iter().map(|hour| (at(hour.at), hour.dials.to_string())).collect());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_told_on_the_campaigns_own_clock() {
        let start: Timestamp = "2026-06-01T14:00:00Z".parse().unwrap();
        let estimate = Estimate {
            start,
            first_dial: Some(start),
            finish: None,
            stopped_by: Some("Budget".to_owned()),
            targets: 3,
            dials: 2,
            most_at_once: 1,
            outcomes: [("Completed".to_owned(), 2)].into(),
            blocked: 1,
            calls_per_target: [(0, 1), (1, 2)].into(),
            per_hour: vec![crate::rehearsal::Hour { at: start, dials: 2 }],
            held_up_secs: [("Window".to_owned(), 7200)].into(),
            talk_secs: 80,
            cost: Some(0.5),
        };
        let text = told(&estimate, 4, &TimeZone::get("America/Chicago").unwrap());
        for line in [
            "First call:   Mon 2026-06-01 09:00 CDT",
            "Finish:       never; stopped by Budget",
            "Targets:      3 (4 rows cannot be called)",
            "Talk:         1m20s",
            "Cost:         0.50",
            "  Window   2h0m",
            "  1   2 targets",
            "  Mon 2026-06-01 09:00 CDT   2",
        ] {
            assert!(text.contains(line), "{line:?} is missing in\n{text}");
        }
    }
}
