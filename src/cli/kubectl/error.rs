//! What can go wrong, each with what to do about it.

use std::path::PathBuf;

use telnyx_voice::{BuildError, InvalidApiKey};

use super::account::Held;
use crate::cli::api_key::KeyError;
use crate::cli::import::ImportError;
use crate::cli::plan::PlanError;
use crate::results::FileError;

/// Why a command of the plugin did nothing, or not all.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The async runtime cannot be started.
    #[error("cannot start the async runtime")]
    Runtime(#[source] std::io::Error),
    /// The kubeconfig cannot be read, or has no such context.
    #[error("no usable kubeconfig: set KUBECONFIG, or name a file with --kubeconfig and a context with --context")]
    Kubeconfig(#[source] kube::config::KubeconfigError),
    /// The named kubeconfig is not there.
    #[error("cannot read the kubeconfig {}: name another with --kubeconfig", path.display())]
    KubeconfigFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: kube::config::KubeconfigError,
    },
    /// The cluster's client cannot be made from the kubeconfig.
    #[error("cannot make a client for the cluster: check the kubeconfig")]
    Cluster(#[source] kube::Error),
    /// The API server refuses this.
    #[error(
        "you may not {verb} {resource} in namespace {namespace}: ask for that right (kubectl auth can-i {verb} {resource} -n {namespace})"
    )]
    NotAllowed {
        /// What was tried.
        verb: &'static str,
        /// On what.
        resource: String,
        /// Where.
        namespace: String,
    },
    /// The cluster does not have the kinds.
    #[error("the cluster has no {resource}: install the operator's chart first")]
    NoSuchKind {
        /// Which.
        resource: String,
    },
    /// The API server did not answer as it should.
    #[error("cannot {verb} {resource} in namespace {namespace}")]
    Kubernetes {
        /// What was tried.
        verb: &'static str,
        /// On what.
        resource: String,
        /// Where.
        namespace: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// There is no account.
    #[error(
        "no TelnyxAccount in namespace {namespace}: create one, choose another namespace with -n, or name one that admits this namespace with --account NAMESPACE/NAME"
    )]
    NoAccount {
        /// Where.
        namespace: String,
    },
    /// There are several.
    #[error("namespace {namespace} has several accounts ({}): choose one with --account", names.join(", "))]
    SeveralAccounts {
        /// Where.
        namespace: String,
        /// Which.
        names: Vec<String>,
    },
    /// There is none of that name.
    #[error("no TelnyxAccount {name} in namespace {namespace}: correct --account; {}", there(known))]
    AccountNotFound {
        /// Where.
        namespace: String,
        /// Which.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// The account stands elsewhere and does not admit this namespace.
    #[error(
        "TelnyxAccount {account} does not admit namespace {namespace}: its owner can add it to spec.allowedNamespaces"
    )]
    AccountNotAllowed {
        /// Which.
        account: String,
        /// From where.
        namespace: String,
    },
    /// The Secret may not be read.
    #[error(
        "you may not read Secret {secret} in namespace {namespace}, which holds the account's {holds}: ask for the right to get it (kubectl auth can-i get secret/{secret} -n {namespace})"
    )]
    SecretNotAllowed {
        /// Which.
        secret: String,
        /// Where.
        namespace: String,
        /// What it holds.
        holds: Held,
    },
    /// The Secret is not there, or lacks the key.
    #[error("Secret {secret} in namespace {namespace} {problem}: put the account's {holds} there")]
    SecretUnusable {
        /// Which.
        secret: String,
        /// Where.
        namespace: String,
        /// What is wrong with it.
        problem: String,
        /// What it should hold.
        holds: Held,
    },
    /// What the Secret holds is no key.
    #[error("Secret {secret} in namespace {namespace} holds no API key")]
    Key {
        /// Which.
        secret: String,
        /// Where.
        namespace: String,
        /// Why.
        source: InvalidApiKey,
    },
    /// The client for the API cannot be made.
    #[error("cannot make a client for the API: check the account's spec.baseUrl")]
    Client(#[from] BuildError),
    /// No application of the namespace uses the account.
    #[error(
        "no CallControlApplication in namespace {namespace} uses account {account} and exists at Telnyx: calls are reached through the applications that this namespace declares"
    )]
    NoApplications {
        /// Where.
        namespace: String,
        /// Of which account.
        account: String,
    },
    /// No application of that name.
    #[error("no CallControlApplication {name} of this account in namespace {namespace}: {}", there(known))]
    ApplicationNotFound {
        /// Where.
        namespace: String,
        /// Which.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// The API knows no such call.
    #[error("no call {call}: it ended more than 10 minutes ago, or the id is wrong (kubectl telnyx calls list)")]
    CallNotFound {
        /// Which.
        call: String,
    },
    /// Who is named does not take part.
    #[error(
        "call {call} does not take part in conference {name}; kubectl telnyx conference participants {name} lists who does"
    )]
    NotInConference {
        /// Which call.
        call: String,
        /// Which conference.
        name: String,
    },
    /// The call is over.
    #[error("call {call} has ended{}: it takes no more commands", when.as_ref().map(|when| format!(" at {when}")).unwrap_or_default())]
    CallEnded {
        /// Which.
        call: String,
        /// When.
        when: Option<String>,
    },
    /// The call is somebody else's.
    #[error(
        "call {call} is live on none of the applications that namespace {namespace} declares ({}): it is left alone. Choose the namespace of its application with -n",
        applications.join(", ")
    )]
    CallElsewhere {
        /// Which.
        call: String,
        /// From where.
        namespace: String,
        /// The applications that were looked at.
        applications: Vec<String>,
    },
    /// The call must be answered first.
    #[error("call {call} is not answered yet: try again when it is (kubectl telnyx calls watch {call})")]
    NotAnswered {
        /// Which.
        call: String,
    },
    /// No such queue.
    #[error("no Queue {name} of this account in namespace {namespace}: {}", there(known))]
    QueueNotFound {
        /// Where.
        namespace: String,
        /// Which.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// The queue is not at the API.
    #[error(
        "Queue {name} does not exist at Telnyx just now: empty queues vanish, and the operator makes them again (kubectl describe queue.telnyx-operator.io {name})"
    )]
    QueueNotThere {
        /// Which.
        name: String,
    },
    /// The call does not wait in the queue.
    #[error("call {call} is not in Queue {queue} (kubectl telnyx queue calls {queue})")]
    NotInQueue {
        /// Which call.
        call: String,
        /// Which queue.
        queue: String,
    },
    /// No such conference.
    #[error("no conference {name} is live on the applications of namespace {namespace}: {}", there(known))]
    ConferenceNotFound {
        /// Which, by name or id.
        name: String,
        /// Where.
        namespace: String,
        /// Those that are.
        known: Vec<String>,
    },
    /// The conference is over.
    #[error("conference {name} has ended: it takes no more commands")]
    ConferenceEnded {
        /// Which.
        name: String,
    },
    /// No such campaign.
    #[error("no OutboundCampaign {name} in namespace {namespace}: {}", there(known))]
    CampaignNotFound {
        /// Where.
        namespace: String,
        /// Which.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// No such object.
    #[error("no {kind} {name} in namespace {namespace}: {}", there(known))]
    ObjectNotFound {
        /// Its kind.
        kind: String,
        /// Where.
        namespace: String,
        /// Which.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// The operator has not done it in the time that was given.
    #[error(
        "{what} was asked for, and the operator has not done it within {seconds} s ({said}): it goes on trying. If nothing comes of it: kubectl telnyx doctor"
    )]
    NotYet {
        /// What was asked for.
        what: String,
        /// How long was waited.
        seconds: u64,
        /// What the object's `Ready` condition says.
        said: String,
    },
    /// The resource stands for something else already.
    #[error(
        "{kind} {name} stands for {id} already, and cannot change over: take another name, or delete it first (with spec.deletionPolicy: Retain what it stands for stays)"
    )]
    StandsForAnother {
        /// Its kind.
        kind: String,
        /// Which.
        name: String,
        /// What it stands for.
        id: String,
    },
    /// What is to be adopted cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// There is no API key.
    #[error(transparent)]
    NoKey(#[from] KeyError),
    /// The list that a job was made with is missing or altered.
    #[error("the targets of DialJob {job} cannot be read: {problem}")]
    TargetsUnusable {
        /// Whose.
        job: String,
        /// What is wrong.
        problem: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    ReadFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {problem}", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Results cannot be written.
    #[error("cannot write the results")]
    Results(#[source] FileError),
    /// An argument is not what the API takes.
    #[error("{flag} {problem}")]
    Argument {
        /// Which, as it is typed.
        flag: String,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// The API refuses the command.
    #[error("the API refused it: {problems}")]
    Refused {
        /// Each complaint, with the argument that it is about.
        problems: String,
    },
    /// The API refuses the key.
    #[error("the API refused the key of account {account}: put a valid one into its Secret")]
    KeyRefused {
        /// Whose.
        account: String,
    },
    /// The API did not answer as it should.
    #[error("{doing}")]
    Api {
        /// What was tried.
        doing: String,
        /// Why.
        source: telnyx_voice::Error,
    },
    /// Something cannot be written as JSON or YAML: an error of this program.
    #[error("cannot write the answer: {0}")]
    Encode(String),
    /// Standard output is closed.
    #[error("cannot write to standard output")]
    Stdout(#[source] std::io::Error),
}

/// What there is instead.
fn there(known: &[String]) -> String {
    if known.is_empty() { "there is none".to_owned() } else { format!("there is {}", known.join(", ")) }
}

/// Sorts an error of the API server by what its reader can do.
pub(super) fn kubernetes(
    verb: &'static str,
    resource: &str,
    namespace: &str,
) -> impl FnOnce(kube::Error) -> PluginError {
    let (resource, namespace) = (resource.to_owned(), namespace.to_owned());
    move |error| {
        let code = if let kube::Error::Api(status) = &error { Some(status.code) } else { None };
        match code {
            Some(403) => PluginError::NotAllowed { verb, resource, namespace },
            Some(404) if verb == "list" => PluginError::NoSuchKind { resource },
            Some(_) | None => PluginError::Kubernetes { verb, resource, namespace, source: Box::new(error) },
        }
    }
}
