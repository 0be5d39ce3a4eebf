//! `kubectl telnyx status`: how an account and everything that uses it stand.
//!
//! Asks the cluster alone: neither Telnyx nor a running operator is needed. What it shows is what the operator has
//! written into each object's status.

mod draw;
mod seen;
mod tree;

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use futures::TryStreamExt;
use jiff::Timestamp;
use kube::api::{DynamicObject, ListParams};
use serde_json::json;

use self::seen::Seen;
pub(super) use self::seen::condition;
use self::tree::Tree;
use super::error::{PluginError, kubernetes};
use super::kinds::Kind;
use super::options::{Options, Output};
use super::place::Place;
use super::print;
use crate::dialing::labels::CAMPAIGN_UID;
use crate::listing::pages;
use crate::reconcile::AccountKey;

/// Its name on the command line.
pub(super) const COMMAND: &str = "status";
/// Something that was read is not as it should be.
const NOT_WELL: u8 = 3;
/// Objects that are read at once.
const PAGE: u32 = 500;

pub(super) fn command() -> Command {
    Command::new(COMMAND)
        .about("Shows how an account and everything that uses it stand")
        .after_help(
            "Exit codes: 0 everything is Ready or suspended, 3 something is not, 1 it could not be read.\n\
             A DialJob that a campaign was cut into is counted with its campaign.",
        )
        .arg(Arg::new("of").value_name("ACCOUNT").help(
            "The TelnyxAccount, NAME or NAMESPACE/NAME; every one that the namespace has or uses where not given",
        ))
        .arg(
            Arg::new("all-namespaces")
                .long("all-namespaces")
                .short('A')
                .action(ArgAction::SetTrue)
                .help("Looks at the objects of all namespaces"),
        )
}

pub(super) async fn run(matches: &ArgMatches) -> Result<ExitCode, PluginError> {
    let options = Options::read(matches);
    let place = Place::find(&options).await?;
    let named = matches.get_one::<String>("of").or(options.account.as_ref());
    let only = named.map(|named| key(named, &place.namespace));
    let tree = collect(&place, matches.get_flag("all-namespaces"), only.as_ref()).await?;
    match options.output {
        Output::Json | Output::Yaml => print::value(&options, json!(tree))?,
        Output::Table | Output::Wide if tree.accounts.is_empty() && tree.unused.is_empty() => {
            eprintln!("No TelnyxAccount in namespace {}, and nothing that uses one.", place.namespace);
        }
        Output::Table | Output::Wide => {
            print::table(&options, &draw::table(&tree, Timestamp::now()), draw::tint)?;
        }
    }
    Ok(if tree.is_well() { ExitCode::SUCCESS } else { ExitCode::from(NOT_WELL) })
}

/// `NAME` or `NAMESPACE/NAME`.
pub(super) fn key(named: &str, namespace: &str) -> AccountKey {
    let (namespace, name) = named.split_once('/').unwrap_or((namespace, named));
    AccountKey { namespace: namespace.to_owned(), name: name.to_owned() }
}

async fn collect(place: &Place, everywhere: bool, only: Option<&AccountKey>) -> Result<Tree, PluginError> {
    let namespace = (!everywhere).then_some(place.namespace.as_str());
    let mut seen = vec![];
    for kind in Kind::ALL {
        let objects = list(place, kind, namespace).await?;
        seen.extend(objects.iter().map(|object| Seen::of(kind, object)));
    }
    let known: BTreeSet<AccountKey> = seen
        .iter()
        .filter(|one| one.kind == Kind::Account)
        .map(|one| AccountKey { namespace: one.node.namespace.clone(), name: one.node.name.clone() })
        .collect();
    let named: BTreeSet<AccountKey> = seen.iter().filter_map(|one| one.account.clone()).chain(only.cloned()).collect();
    let mut unreadable = BTreeSet::new();
    for account in named.difference(&known) {
        match Kind::Account.api(&place.kube, Some(&account.namespace)).get_opt(&account.name).await {
            Ok(found) => seen.extend(found.iter().map(|object| Seen::of(Kind::Account, object))),
            // Who owns objects may well not see the account of another namespace that they use.
            Err(kube::Error::Api(status)) if status.code == 403 && only != Some(account) => {
                unreadable.insert(account.clone());
            }
            Err(error) => return Err(kubernetes("get", &Kind::Account.full_name(), &account.namespace)(error)),
        }
    }
    let tree = Tree::of(seen, &unreadable, only);
    match only.filter(|_| tree.accounts.is_empty()) {
        None => Ok(tree),
        Some(absent) => Err(PluginError::AccountNotFound {
            namespace: absent.namespace.clone(),
            name: absent.name.clone(),
            known: known.into_iter().filter(|one| one.namespace == absent.namespace).map(|one| one.name).collect(),
        }),
    }
}

/// The objects of a kind, page by page. A campaign's jobs are its parts, thousands of them perhaps: they are left out.
async fn list(place: &Place, kind: Kind, namespace: Option<&str>) -> Result<Vec<DynamicObject>, PluginError> {
    let api = kind.api(&place.kube, namespace);
    let mut params = ListParams::default().limit(PAGE);
    if kind == Kind::Job {
        params = params.labels(&format!("!{CAMPAIGN_UID}"));
    }
    let listed = pages(api, params).try_concat().await;
    listed.map_err(kubernetes("list", &kind.full_name(), namespace.unwrap_or("(all)")))
}
