//! `kubectl telnyx import`: manifests for what an account holds already, with the key of the account that is in the cluster.
//!
//! What is read and how it is written, [`crate::cli::import`] knows; here is where key and account come from.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args as _, Command, FromArgMatches as _, value_parser};
use telnyx_voice::Client;

use super::account::Desk;
use super::error::PluginError;
use super::options::Options;
use super::without_cluster;
use crate::api::{AccountRef, DEFAULT_BASE_URL};
use crate::cli::import::{What, write};

/// Its name on the command line.
pub(super) const COMMAND: &str = "import";

pub(super) fn command() -> Command {
    let command = Command::new(COMMAND)
        .about("Writes manifests for what an account holds already, and changes nothing")
        .after_help(
            "What it writes plans empty: kubectl telnyx plan -f DIR exits 0. Numbers are written whole: they are your own \
             manifests. With -n the manifests name the namespace; without it, kubectl apply -n says which.\n\n\
             Example: kubectl telnyx import --all -n voice --output-dir manifests",
        );
    without_cluster::add(What::augment_args(command)).args([
        Arg::new("base-url")
            .long("base-url")
            .value_name("URL")
            .help("Address of the API; the account's spec.baseUrl where not given"),
        Arg::new("output-dir")
            .long("output-dir")
            .short('d')
            .value_name("DIR")
            .help("Directory for a file per object; everything goes to standard output where not given")
            .value_parser(value_parser!(PathBuf)),
    ])
}

pub(super) async fn run(matches: &ArgMatches) -> Result<(), PluginError> {
    let options = Options::read(matches);
    let what = What::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    let base_url = matches.get_one::<String>("base-url");
    let (client, account) = if let Some(key) = without_cluster::key(matches) {
        let account = reference(options.account.as_deref())?;
        let base_url = base_url.map_or(DEFAULT_BASE_URL, String::as_str).to_owned();
        (Client::builder(key.key()?).base_url(base_url).build()?, account)
    } else {
        let desk = Desk::open_at(&options, base_url).await?;
        let account = desk.reference();
        (desk.client, account)
    };
    let manifests = what.manifests(&client, &account, options.namespace.as_deref()).await?;
    Ok(write(&manifests, matches.get_one::<PathBuf>("output-dir").map(PathBuf::as_path))?)
}

/// The account that nobody looked up.
fn reference(named: Option<&str>) -> Result<AccountRef, PluginError> {
    let named = named.ok_or_else(|| PluginError::Argument {
        flag: "--account".to_owned(),
        problem: "must name the TelnyxAccount that the manifests refer to, since no cluster is asked".to_owned(),
    })?;
    Ok(match named.split_once('/') {
        Some((namespace, name)) => AccountRef { name: name.to_owned(), namespace: Some(namespace.to_owned()) },
        None => AccountRef { name: named.to_owned(), namespace: None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_is_not_looked_up_must_be_named() {
        let named = |named| reference(Some(named)).map(|account| (account.namespace, account.name)).unwrap();
        assert_eq!(named("main"), (None, "main".to_owned()));
        assert_eq!(named("voice/main"), (Some("voice".to_owned()), "main".to_owned()));
        assert!(reference(None).unwrap_err().to_string().contains("--account must name"));
    }
}
