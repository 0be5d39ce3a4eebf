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
use telnyx_voice::{ApiKey, BuildError, Client};

use self::compare::{Planned, PlannedProfiles, compare};
use self::manifests::{Manifests, Read};
use self::print::Summary;
use super::api_key::{KeyArgs, KeyError};
use super::progress::Progress;
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
    #[command(flatten)]
    files: Files,
    /// Only the objects of this `TelnyxAccount`: NAME or NAMESPACE/NAME. Needed where the manifests use several, since
    /// one key opens one account.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Namespace of manifests that name none.
    #[arg(long, default_value = "default")]
    namespace: String,
    #[command(flatten)]
    key: KeyArgs,
    /// How the plan is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// What is planned, and for which addresses.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Files {
    /// A manifest, or a directory of them.
    #[arg(short, long, value_name = "PATH")]
    filename: PathBuf,
    /// Address of the API; the account's `spec.baseUrl` where not given.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Public address of the webhook receiver; the account's `spec.webhookBaseUrl` where not given.
    #[arg(long, value_name = "URL")]
    webhook_base_url: Option<String>,
}

/// How a plan is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Output {
    /// A diff for people.
    #[default]
    Text,
    /// JSON for programs.
    Json,
    /// The same as YAML.
    Yaml,
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
    /// The plan cannot be written as YAML: an error of this program.
    #[error("cannot write the plan as YAML")]
    EncodeYaml(#[source] serde_saphyr::ser::Error),
}

impl Args {
    /// Prints the plan.
    pub fn execute(self) -> Result<ExitCode, PlanError> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(PlanError::Runtime)?;
        runtime.block_on(self.plan())
    }

    async fn plan(self) -> Result<ExitCode, PlanError> {
        let prepared = self.files.read(self.account.as_deref(), &self.namespace)?;
        let opened = prepared.account.as_ref().map(|_| self.key.key()).transpose()?;
        prepared.plan(opened.map(|key| Opened { key, spec: None }), self.output).await
    }
}

impl Files {
    /// Reads the manifests, of which those of the `account` count: NAME or NAMESPACE/NAME, the only one that they use where not
    /// given. `namespace` is that of manifests that name none.
    pub(in crate::cli) fn read(self, account: Option<&str>, namespace: &str) -> Result<Prepared, PlanError> {
        let manifests = Manifests::read(&self.filename, namespace);
        if !manifests.complaints.is_empty() {
            return Err(PlanError::Manifests(manifests.complaints));
        }
        let account = choose(&manifests, account)?;
        Ok(Prepared { files: self, manifests, account })
    }
}

/// Manifests that were read and have no mistakes of their own.
pub(in crate::cli) struct Prepared {
    files: Files,
    manifests: Manifests,
    /// The account that is planned for; `None` when nothing uses any.
    pub(in crate::cli) account: Option<AccountKey>,
}

/// What opens an account.
pub(in crate::cli) struct Opened {
    /// Its API key.
    pub(in crate::cli) key: ApiKey,
    /// What a cluster holds of it, if one was asked. A manifest of the account wins.
    pub(in crate::cli) spec: Option<TelnyxAccountSpec>,
}

impl Prepared {
    /// Compares with what the account holds, and prints the plan. Without an account there is nothing to compare.
    pub(in crate::cli) async fn plan(self, opened: Option<Opened>, output: Output) -> Result<ExitCode, PlanError> {
        let (Some(key), Some(opened)) = (&self.account, opened) else { return print(&[], output) };
        let account = self.open(key.clone(), opened)?;
        let planned = everything(&self.manifests, &account).await.map_err(PlanError::Api)?;
        print(&planned, output)
    }

    /// The account with a client for it.
    fn open(&self, key: AccountKey, opened: Opened) -> Result<std::sync::Arc<Account>, PlanError> {
        let declared = self.manifests.accounts.iter().map(|read| &read.object);
        let mut spec = declared
            .filter(|account| account.namespace() == key.namespace && account.name() == key.name)
            .map(|account| account.spec.clone())
            .next()
            .or(opened.spec)
            .unwrap_or_else(undeclared);
        if let Some(url) = &self.files.base_url {
            spec.base_url.clone_from(url);
        }
        if let Some(url) = &self.files.webhook_base_url {
            spec.webhook_base_url = Some(url.clone());
        }
        let client = Client::builder(opened.key).base_url(spec.base_url.clone()).build()?;
        let connection =
            Connection { secret_version: String::new(), base_url: spec.base_url.clone(), limits: spec.limits.clone() };
        let (accounts, _nobody_rechecks) = Accounts::new(News::default(), Ownership::open().0);
        Ok(accounts.admit(Account::of(key, String::new(), spec, None, connection), client, None))
    }
}

fn print(planned: &[Planned], output: Output) -> Result<ExitCode, PlanError> {
    let summary = Summary::of(planned);
    let plan = || serde_json::json!({ "objects": planned, "summary": summary });
    match output {
        Output::Text => print!("{}", print::text(planned, &summary)),
        Output::Json => println!("{}", serde_json::to_string_pretty(&plan()).map_err(PlanError::Encode)?),
        Output::Yaml => print!("{}", serde_saphyr::to_string(&plan()).map_err(PlanError::EncodeYaml)?),
    }
    Ok(match (summary.error > 0, print::changes(planned)) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::from(2),
        (false, false) => ExitCode::SUCCESS,
    })
}

/// The one account that is planned for; `None` when nothing uses any.
fn choose(manifests: &Manifests, chosen: Option<&str>) -> Result<Option<AccountKey>, PlanError> {
    let mut used = BTreeSet::new();
    used.extend(manifests.profiles.iter().map(|read| account_of(&read.object)));
    used.extend(manifests.applications.iter().map(|read| account_of(&read.object)));
    used.extend(manifests.queues.iter().map(|read| account_of(&read.object)));
    if let Some(chosen) = chosen {
        used.retain(|key| key.name == chosen || key.to_string() == chosen);
    }
    if used.len() > 1 {
        return Err(PlanError::SeveralAccounts(used.iter().map(ToString::to_string).collect()));
    }
    Ok(used.pop_first())
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
    let mut progress = Progress::for_eyes();
    progress.at("compares outbound voice profiles (1 of 3)");
    for (one, id) in compare::<Profiles>(&of(&manifests.profiles, account), account, &profiles).await? {
        match id {
            Some(id) => profiles.exists(&one.namespace, &one.name, id),
            None => profiles.note(&one),
        }
        planned.push(one);
    }
    progress.at("compares queues (2 of 3)");
    let queues = compare::<Queues>(&of(&manifests.queues, account), account, &profiles).await?;
    progress.at("compares call control applications (3 of 3)");
    let applications = compare::<Applications>(&of(&manifests.applications, account), account, &profiles).await?;
    planned.extend(queues.into_iter().chain(applications).map(|(one, _)| one));
    Ok(planned)
}

/// The objects of the account.
fn of<'a, K: Managed>(all: &'a [Read<K>], account: &Account) -> Vec<&'a Read<K>> {
    all.iter().filter(|read| account_of(&read.object) == account.key).collect()
}
