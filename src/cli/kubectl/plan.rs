//! `kubectl telnyx plan`: what the operator would do with manifests, by the account that is in the cluster.
//!
//! What is compared and how it is printed, [`crate::cli::plan`] knows; here is where key and account come from.

use std::process::ExitCode;

use clap::{ArgMatches, Args as _, Command, FromArgMatches as _};

use super::account::{api_key, choose};
use super::error::PluginError;
use super::options::{self, Options};
use super::place::Place;
use super::without_cluster;
use crate::cli::plan::{Files, Opened, Output};
use crate::reconcile::{AccountKey, Object as _};

/// Its name on the command line.
pub(super) const COMMAND: &str = "plan";

/// Namespace of manifests that name none, where no cluster says another.
const DEFAULT_NAMESPACE: &str = "default";

pub(super) fn command() -> Command {
    let command = Command::new(COMMAND)
        .about("Shows what the operator would do with a directory of manifests, and changes nothing")
        .after_help(
            "Takes key, addresses and defaults of the account that the manifests use, as it is in the cluster; a TelnyxAccount \
             among the manifests wins over that. --account chooses where they use several.\n\
             Exit codes: 0 nothing to do, 2 changes, 1 an error; each error names file and field.",
        );
    without_cluster::add(Files::augment_args(command))
}

pub(super) async fn run(matches: &ArgMatches) -> Result<ExitCode, PluginError> {
    let options = Options::read(matches);
    let files = Files::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    let named = options.account.as_deref();
    let output = match options.output {
        options::Output::Table | options::Output::Wide => Output::Text,
        options::Output::Json => Output::Json,
        options::Output::Yaml => Output::Yaml,
    };
    if let Some(key) = without_cluster::key(matches) {
        let namespace = options.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        let prepared = files.read(named, namespace)?;
        let opened = prepared.account.as_ref().map(|_| key.key()).transpose()?;
        return Ok(prepared.plan(opened.map(|key| Opened { key, spec: None }), output).await?);
    }
    let place = Place::find(&options).await?;
    let prepared = files.read(named, &place.namespace)?;
    let opened = match &prepared.account {
        Some(account) => Some(open(&place, account).await?),
        None => None,
    };
    Ok(prepared.plan(opened, output).await?)
}

async fn open(place: &Place, account: &AccountKey) -> Result<Opened, PluginError> {
    let account = choose(place, Some(&account.to_string())).await?;
    let key = api_key(place, account.namespace(), &account.spec.api_key_secret_ref).await?;
    Ok(Opened { key, spec: Some(account.spec) })
}
