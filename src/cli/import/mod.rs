//! `telnyx-operator import`: manifests for what an account holds already. Reads; writes nothing at Telnyx; needs no cluster.
//!
//! Promises that what it writes plans empty: every field has the value that is there, and `spec.import.id` says which object is
//! meant. Fields that a kind does not know are left out, as are an object's marks of the operator.

mod manifest;
mod names;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;
use telnyx_voice::{BuildError, Class, Client, classify};

use self::manifest::Writer;
use super::api_key::{KeyArgs, KeyError};
use super::progress::Progress;
use crate::api::{AccountRef, DEFAULT_BASE_URL};
use crate::controllers::application::Applications;
use crate::controllers::profile::Profiles;
use crate::controllers::queue::Queues;
use crate::reconcile::{External, Listed};

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "What it writes plans empty: telnyx-operator plan -f DIR exits 0.\n\n\
    Example: telnyx-operator import --all --account main --namespace voice --output-dir manifests")]
pub struct Args {
    #[command(flatten)]
    what: What,
    /// The `TelnyxAccount` that the manifests refer to.
    #[arg(long, value_name = "NAME")]
    account: String,
    /// The manifests' namespace. Unset: none is written, and `kubectl apply -n` says which.
    #[arg(long)]
    namespace: Option<String>,
    /// Address of the API.
    #[arg(long, value_name = "URL", default_value = DEFAULT_BASE_URL)]
    base_url: String,
    #[command(flatten)]
    key: KeyArgs,
    /// Directory for a file per object. Unset: everything goes to standard output.
    #[arg(long, short, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

/// What is imported.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["meant", "all"]))]
pub(in crate::cli) struct What {
    /// What to import: application/ID, profile/ID or queue/NAME.
    #[arg(value_name = "KIND/ID", value_parser = Meant::parse)]
    meant: Vec<Meant>,
    /// Everything that the account holds.
    #[arg(long)]
    all: bool,
}

/// One object that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Meant {
    kind: Kind,
    id: String,
}

/// What can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Kind {
    Profile,
    Application,
    Queue,
}

/// The manifest of one object that the account holds.
pub(in crate::cli) async fn one(
    client: &Client,
    kind: Kind,
    id: &str,
    account: &AccountRef,
) -> Result<Value, ImportError> {
    let mut writer = Writer::new(account, None);
    Ok(match kind {
        Kind::Profile => writer.profile(&held::<Profiles>(client, id).await?),
        Kind::Application => writer.application(&held::<Applications>(client, id).await?),
        Kind::Queue => writer.queue(&held::<Queues>(client, id).await?),
    })
}

async fn held<E: External>(client: &Client, id: &str) -> Result<Listed, ImportError> {
    let found = match E::read(client, id).await {
        Ok(found) => E::listed(found),
        Err(error) if classify(&error, E::ENDPOINT) == Class::NotFound => None,
        Err(error) => return Err(ImportError::Api(error)),
    };
    found.ok_or_else(|| ImportError::Absent(format!("{} {id}", E::KIND)))
}

impl Meant {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "must be application/ID, profile/ID or queue/NAME".to_owned();
        let (kind, id) = text.split_once('/').filter(|(_, id)| !id.is_empty()).ok_or_else(wrong)?;
        let kind = match kind {
            "application" | "callcontrolapplication" => Kind::Application,
            "profile" | "outboundvoiceprofile" => Kind::Profile,
            "queue" => Kind::Queue,
            _ => return Err(wrong()),
        };
        Ok(Self { kind, id: id.to_owned() })
    }
}

/// Why nothing is imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no API key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The client cannot be made.
    #[error("cannot make a client for the API")]
    Client(#[from] BuildError),
    /// The API did not give it.
    #[error("cannot read what the account holds")]
    Api(#[source] telnyx_voice::Error),
    /// What was asked for does not exist.
    #[error("the account holds no {0}")]
    Absent(String),
    /// The runtime cannot be started.
    #[error("cannot start the async runtime")]
    Runtime(#[source] std::io::Error),
    /// A manifest cannot be written as YAML: an error of this program.
    #[error("cannot write the manifest of {name} as YAML")]
    Encode {
        /// Of what.
        name: String,
        /// Why.
        source: serde_saphyr::ser::Error,
    },
    /// The directory or a file in it cannot be written.
    #[error("cannot write {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Stdout(#[source] std::io::Error),
}

impl Args {
    /// Writes the manifests.
    pub fn execute(self) -> Result<ExitCode, ImportError> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ImportError::Runtime)?;
        let client = Client::builder(self.key.key()?).base_url(self.base_url.clone()).build()?;
        let account = AccountRef { name: self.account.clone(), namespace: None };
        let manifests = runtime.block_on(self.what.manifests(&client, &account, self.namespace.as_deref()))?;
        write(&manifests, self.output_dir.as_deref())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl What {
    /// The manifests of what is meant, each of which refers to the `account`. Without a `namespace` none is written into them.
    pub(in crate::cli) async fn manifests(
        &self,
        client: &Client,
        account: &AccountRef,
        namespace: Option<&str>,
    ) -> Result<Vec<Value>, ImportError> {
        let mut writer = Writer::new(account, namespace);
        let mut manifests = Vec::new();
        let mut progress = Progress::for_eyes();
        // Profiles first: applications refer to them by name.
        progress.at("reads outbound voice profiles (1 of 3)");
        let profiles = self.chosen::<Profiles>(client, Kind::Profile).await?;
        manifests.extend(profiles.iter().map(|profile| writer.profile(profile)));
        progress.at("reads call control applications (2 of 3)");
        let applications = self.chosen::<Applications>(client, Kind::Application).await?;
        manifests.extend(applications.iter().map(|application| writer.application(application)));
        progress.at("reads queues (3 of 3)");
        let queues = self.chosen::<Queues>(client, Kind::Queue).await?;
        manifests.extend(queues.iter().map(|queue| writer.queue(queue)));
        Ok(manifests)
    }

    /// Those of a kind that are asked for.
    async fn chosen<E: External>(&self, client: &Client, kind: Kind) -> Result<Vec<Listed>, ImportError> {
        let meant: Vec<&str> = self.meant.iter().filter(|one| one.kind == kind).map(|one| one.id.as_str()).collect();
        if meant.is_empty() && !self.all {
            return Ok(Vec::new());
        }
        let mut found = E::list(client).await.map_err(ImportError::Api)?;
        found.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        if let Some(absent) = meant.iter().find(|id| !found.iter().any(|one| one.id == **id)) {
            return Err(ImportError::Absent(format!("{} {absent}", E::KIND)));
        }
        found.retain(|one| self.all || meant.contains(&one.id.as_str()));
        Ok(found)
    }
}

/// Writes a file for each into a directory, or all of them to standard output where none is named.
pub(in crate::cli) fn write(manifests: &[Value], directory: Option<&Path>) -> Result<(), ImportError> {
    match directory {
        Some(directory) => write_files(directory, manifests),
        None => print(manifests),
    }
}

fn yaml(manifest: &Value) -> Result<String, ImportError> {
    serde_saphyr::to_string(manifest).map_err(|source| ImportError::Encode { name: name_of(manifest), source })
}

fn name_of(manifest: &Value) -> String {
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{}-{}", text("/kind").to_lowercase(), text("/metadata/name"))
}

fn print(manifests: &[Value]) -> Result<(), ImportError> {
    let mut out = std::io::stdout().lock();
    for manifest in manifests {
        write!(out, "---\n{}", yaml(manifest)?).map_err(ImportError::Stdout)?;
    }
    out.flush().map_err(ImportError::Stdout)
}

fn write_files(directory: &Path, manifests: &[Value]) -> Result<(), ImportError> {
    let complain = |path: &Path, source| ImportError::File { path: path.to_owned(), source };
    std::fs::create_dir_all(directory).map_err(|source| complain(directory, source))?;
    for manifest in manifests {
        let path = directory.join(format!("{}.yaml", name_of(manifest)));
        std::fs::write(&path, yaml(manifest)?).map_err(|source| complain(&path, source))?;
    }
    Ok(())
}
