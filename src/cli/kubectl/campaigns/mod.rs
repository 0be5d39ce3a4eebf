//! `kubectl telnyx campaign …`: how campaigns stand, what became of their targets, and their suspension.
//!
//! Asks the cluster alone: neither Telnyx nor a running operator is needed. A simulation asks nobody.

mod beside;
mod do_not_call;
mod list;
mod report;
mod results;
mod simulate;
mod targets;
mod watch;

use clap::{Arg, ArgMatches, Command};
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::error::{PluginError, kubernetes};
use super::kinds::Kind;
use super::options::Options;
use super::place::Place;
use super::suspension::{self, Wish};
use crate::api::OutboundCampaign;

/// Its name on the command line.
pub(super) const COMMAND: &str = "campaign";
const KIND: &str = "outboundcampaigns.telnyx-operator.io";

pub(super) fn command() -> Command {
    let campaign = || Arg::new("campaign").value_name("NAME").required(true).help("The OutboundCampaign");
    Command::new(COMMAND)
        .visible_alias("campaigns")
        .about("Shows how campaigns stand and what became of their targets, suspends and resumes them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            Command::new("list").visible_alias("ls").about("Lists the campaigns of the namespace"),
            watch::command().arg(campaign()),
            results::command().arg(campaign()),
            report::command().arg(campaign()),
            simulate::command(),
            Command::new("suspend")
                .about("Starts no more calls; calls under way follow spec.drainPolicy")
                .arg(campaign()),
            Command::new("resume").about("Goes on where a suspended campaign stopped").arg(campaign()),
        ])
}

pub(super) async fn run(matches: &ArgMatches) -> Result<(), PluginError> {
    let Some((verb, matches)) = matches.subcommand() else { return Ok(()) };
    let options = Options::read(matches);
    if verb == simulate::COMMAND {
        return simulate::run(&options, matches);
    }
    let place = Place::find(&options).await?;
    let name = matches.try_get_one::<String>("campaign").ok().flatten().cloned().unwrap_or_default();
    match verb {
        "list" => list::run(&place, &options).await,
        "results" => results::run(&place, &options, &name, matches).await,
        "watch" => watch::run(&place, &options, &name, matches).await,
        "report" => report::run(&place, &name, matches).await,
        "suspend" => suspension::set(&place, Kind::Campaign, &name, Wish::Suspend).await,
        _ => suspension::set(&place, Kind::Campaign, &name, Wish::Resume).await,
    }
}

impl Place {
    fn campaigns(&self) -> Api<OutboundCampaign> {
        Api::namespaced(self.kube.clone(), &self.namespace)
    }

    /// The campaign of this name.
    async fn campaign(&self, name: &str) -> Result<OutboundCampaign, PluginError> {
        let found = self.campaigns().get_opt(name).await.map_err(kubernetes("get", KIND, &self.namespace))?;
        match found {
            Some(found) => Ok(found),
            None => Err(self.no_campaign(name).await),
        }
    }

    async fn no_campaign(&self, name: &str) -> PluginError {
        let known = match self.campaigns().list_metadata(&ListParams::default()).await {
            Ok(listed) => listed.items.iter().map(ResourceExt::name_any).collect(),
            Err(error) => return kubernetes("list", KIND, &self.namespace)(error),
        };
        PluginError::CampaignNotFound { namespace: self.namespace.clone(), name: name.to_owned(), known }
    }
}
