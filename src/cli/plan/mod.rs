//! `telnyx-operator plan`: what the operator would do with a directory of manifests. Reads; writes nothing; needs no
//! cluster.

mod compare;
mod manifests;
mod print;
mod schema;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use telnyx_voice::{BuildError, Client};

use self::compare::{Planned, PlannedProfiles, compare};
use self::manifests::{Manifests, Read};
use self::print::Summary;
use super::api_key::{KeyArgs, KeyError};
use crate::api::{AccountLimits, Policies, SecretKeyRef, TelnyxAccountSpec};
use crate::controllers::application::Applications;
use crate::controllers::profile::Profiles;
use crate::controllers::queue::Queues;
use crate::ownership::Ownership;
use crate::reconcile::{Account, AccountKey, Accounts, Connection, Managed, News, Object as _};

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing to do, 2 changes, 1 an error; each error names file and field.")]
pub struct Args {
    /// A manifest, or a directory of them.
    #[arg(short, long, value_name = "PATH")]
    filename: PathBuf,
    /// Only the objects of this `TelnyxAccount`: NAME or NAMESPACE/NAME. Needed where the manifests use several, since
    /// one key opens one account.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Namespace of manifests that name none.
    #[arg(long, default_value = "default")]
    namespace: String,
    /// Address of the API; the account's `spec.baseUrl` where not given.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Public address of the webhook receiver; the account's `spec.webhookBaseUrl` where not given.
    #[arg(long, value_name = "URL")]
    webhook_base_url: Option<String>,
    #[command(flatten)]
    key: KeyArgs,
    /// How the plan is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// How a plan is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A diff for people.
    #[default]
    Text,
    /// JSON for programs.
    Json,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The manifests cannot be used.
    #[error("the manifests have errors:\n{}", .0.join("\n"))]
    Manifests(Vec<String>),
    /// The manifests use several accounts.
    #[error("the manifests use several accounts ({}): choose one with --account", .0.join(", "))]
    SeveralAccounts(Vec<String>),
    /// There is no API key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The client cannot be made.
    #[error("cannot make a client for the API")]
    Client(#[from] BuildError),
    /// The API did not give its lists.
    #[error("cannot list what the account holds")]
    Api(#[source] telnyx_voice::Error),
    /// The runtime cannot be started.
    #[error("cannot start the async runtime")]
    Runtime(#[source] std::io::Error),
    /// The plan cannot be written as JSON: an error of this program.
    #[error("cannot write the plan as JSON")]
    Encode(#[source] serde_json::Error),
}

impl Args {
    /// Prints the plan.
    pub fn execute(self) -> Result<ExitCode, PlanError> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(PlanError::Runtime)?;
        runtime.block_on(self.plan())
    }

    async fn plan(self) -> Result<ExitCode, PlanError> {
        let manifests = Manifests::read(&self.filename, &self.namespace);
        if !manifests.complaints.is_empty() {
            return Err(PlanError::Manifests(manifests.complaints));
        }
        let Some(key) = self.choose(&manifests)? else {
            return self.print(&[]);
        };
        let account = self.account(key, &manifests)?;
        let planned = everything(&manifests, &account).await.map_err(PlanError::Api)?;
        self.print(&planned)
    }

    fn print(&self, planned: &[Planned]) -> Result<ExitCode, PlanError> {
        let summary = Summary::of(planned);
        match self.output {
            Output::Text => print!("{}", print::text(planned, &summary)),
            Output::Json => {
                let plan = serde_json::json!({ "objects": planned, "summary": summary });
                println!("{}", serde_json::to_string_pretty(&plan).map_err(PlanError::Encode)?);
            }
        }
        Ok(match (summary.error > 0, print::changes(planned)) {
            (true, _) => ExitCode::FAILURE,
            (false, true) => ExitCode::from(2),
            (false, false) => ExitCode::SUCCESS,
        })
    }

    /// The one account that is planned for; `None` when nothing uses any.
    fn choose(&self, manifests: &Manifests) -> Result<Option<AccountKey>, PlanError> {
        let mut used = BTreeSet::new();
        used.extend(manifests.profiles.iter().map(|read| account_of(&read.object)));
        used.extend(manifests.applications.iter().map(|read| account_of(&read.object)));
        used.extend(manifests.queues.iter().map(|read| account_of(&read.object)));
        if let Some(chosen) = &self.account {
            used.retain(|key| key.name == *chosen || key.to_string() == *chosen);
        }
        if used.len() > 1 {
            return Err(PlanError::SeveralAccounts(used.iter().map(ToString::to_string).collect()));
        }
        Ok(used.pop_first())
    }

    /// The account of the manifests, if they have it, with a client for it.
    fn account(&self, key: AccountKey, manifests: &Manifests) -> Result<std::sync::Arc<Account>, PlanError> {
        let declared = manifests.accounts.iter().map(|read| &read.object);
        let mut spec = declared
            .filter(|account| account.namespace() == key.namespace && account.name() == key.name)
            .map(|account| account.spec.clone())
            .next()
            .unwrap_or_else(undeclared);
        if let Some(url) = &self.base_url {
            spec.base_url.clone_from(url);
        }
        if let Some(url) = &self.webhook_base_url {
            spec.webhook_base_url = Some(url.clone());
        }
        let client = Client::builder(self.key.key()?).base_url(spec.base_url.clone()).build()?;
        let connection =
            Connection { secret_version: String::new(), base_url: spec.base_url.clone(), limits: spec.limits.clone() };
        let (accounts, _nobody_rechecks) = Accounts::new(News::default(), Ownership::open().0);
        Ok(accounts.admit(Account::of(key, String::new(), spec, None, connection), client, None))
    }
}

fn account_of<K: Managed>(object: &K) -> AccountKey {
    AccountKey::of(object.account_ref(), object.namespace())
}

/// An account that no manifest declares: everything at its default.
fn undeclared() -> TelnyxAccountSpec {
    TelnyxAccountSpec {
        api_key_secret_ref: SecretKeyRef { name: String::new(), key: String::new() },
        webhook_public_key: None,
        webhook_public_key_secret_ref: None,
        base_url: crate::api::DEFAULT_BASE_URL.to_owned(),
        webhook_base_url: None,
        webhook_failover_base_url: None,
        limits: AccountLimits::default(),
        resync_period_secs: 600,
        allowed_namespaces: vec![],
        defaults: Policies::default(),
    }
}

/// Profiles first: applications refer to them.
async fn everything(manifests: &Manifests, account: &Account) -> Result<Vec<Planned>, telnyx_voice::Error> {
    let mut planned = vec![];
    let mut profiles = PlannedProfiles::default();
    for (one, id) in compare::<Profiles>(&of(&manifests.profiles, account), account, &profiles).await? {
        match id {
            Some(id) => profiles.exists(&one.namespace, &one.name, id),
            None => profiles.note(&one),
        }
        planned.push(one);
    }
    let queues = compare::<Queues>(&of(&manifests.queues, account), account, &profiles).await?;
    let applications = compare::<Applications>(&of(&manifests.applications, account), account, &profiles).await?;
    planned.extend(queues.into_iter().chain(applications).map(|(one, _)| one));
    Ok(planned)
}

/// The objects of the account.
fn of<'a, K: Managed>(all: &'a [Read<K>], account: &Account) -> Vec<&'a Read<K>> {
    all.iter().filter(|read| account_of(&read.object) == account.key).collect()
}
