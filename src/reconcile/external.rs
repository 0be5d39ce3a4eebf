//! What a kind supplies to the loop.

use super::accounts::Account;
use super::managed::Managed;
use super::view::Listed;
use futures::future::BoxFuture;
use reconcile_plan::{Fields, Names, Outcome, Rules};
use std::fmt;
use std::future::Future;
use telnyx_voice::{Client, Endpoint, Error};

/// The kinds of remote objects. A label in metrics, a key for listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RemoteKind {
    /// `/call_control_applications`.
    Application,
    /// `/outbound_voice_profiles`.
    Profile,
    /// `/queues`.
    Queue,
}

impl RemoteKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Application, Self::Profile, Self::Queue];

    /// The word for messages and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Profile => "profile",
            Self::Queue => "queue",
        }
    }
}

impl fmt::Display for RemoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What the spec asks for, references and defaults resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The name of the remote object.
    pub name: String,
    /// What the user set, in the API's spelling.
    pub fields: Fields,
    /// Sent on create, not compared afterwards.
    pub create_only: Fields,
    /// How the remote object can be told to be ours when the answer to its create was lost.
    pub proof: Proof,
}

/// What proves that a remote object was made for a Kubernetes object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It carries the object's UID.
    Mark,
    /// It carries nothing. Its name was free before our create, and we wrote that down before creating.
    NameWasFree,
}

/// What is known of an object that another one refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// There is no such object.
    Missing,
    /// It has no remote id yet.
    NotReady,
    /// Its remote id.
    Id(String),
}

/// Looks up the objects that a spec refers to. In memory; never waits.
pub trait References: fmt::Debug + Send + Sync {
    /// The outbound voice profile `name` in `namespace`.
    fn profile(&self, namespace: &str, name: &str) -> Reference;

    /// Ends when every object that exists has been seen once, so that "missing" is the truth. False: that cannot happen any
    /// more, the process ends.
    fn synced(&self) -> BoxFuture<'_, bool>;
}

/// The remote side of one kind.
///
/// The loop calls it; it never calls the loop. Every method names one request, apart from `list`, which reads pages to
/// the end. None of them retries: the loop does, and it knows what is safe.
pub trait External: Send + Sync + 'static {
    /// The Kubernetes kind.
    type Object: Managed;

    /// Which remote kind.
    const KIND: RemoteKind;
    /// Whose errors these are.
    const ENDPOINT: Endpoint;
    /// How its fields compare.
    const RULES: Rules;
    /// Can names repeat?
    const NAMES: Names;
    /// Fields that change by themselves and would make status change with them.
    const VOLATILE: &'static [&'static str];

    /// From spec to fields. Pure: it may look at nothing but its arguments, because listings call it for every object
    /// to find those that differ. `Err` says what is waited for, or which field cannot be resolved.
    fn resolve(object: &Self::Object, account: &Account, references: &dyn References) -> Result<Wanted, Outcome>;

    /// Does `object` refer to the profile `name` of its namespace? Then it is woken when that changes.
    fn refers_to_profile(object: &Self::Object, name: &str) -> bool;

    /// A remote object as the loop keeps it: which field is the id, which the name, where the mark is.
    fn listed(fields: Fields) -> Option<Listed>;

    /// How many calls keep it from being deleted, out of its fields. `None`: nothing of the kind is known.
    #[must_use]
    fn occupants(_fields: &Fields) -> Option<u64> {
        None
    }

    /// All of the account's, pages read to the end.
    fn list(client: &Client) -> impl Future<Output = Result<Vec<Listed>, Error>> + Send;

    /// One of them. The API's 404 is an error here; the loop reads it as absence.
    fn read(client: &Client, id: &str) -> impl Future<Output = Result<Fields, Error>> + Send;

    /// Makes one. It returns success at most once per remote object, and nothing that can fail may follow the API's
    /// acceptance: the id must reach the loop whenever an answer was read. What needs a second request belongs into an
    /// update, which the next comparison finds by itself.
    fn create(client: &Client, body: Fields) -> impl Future<Output = Result<Fields, Error>> + Send;

    /// Changes one. Returns it as it is now.
    fn update(client: &Client, id: &str, body: Fields) -> impl Future<Output = Result<Fields, Error>> + Send;

    /// Asks for its removal. Needs nothing but the id. That it is gone is found by a read.
    fn delete(client: &Client, id: &str) -> impl Future<Output = Result<(), Error>> + Send;
}
