//! The running operator: starts every part, and ends when all of them have.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::calling::{self, Doors, Opened};
use crate::controllers::application::Applications;
use crate::controllers::profile::Profiles;
use crate::controllers::queue::Queues;
use crate::controllers::{WatchedReferences, account, call_flow, campaign, conference, dial_job, queue};
use crate::fetch::{Fetcher, Reach, SetupError};
use crate::flows::ConferencePolicies;
use crate::ownership::{self, Contact, Directory, Gained, Keeper, Lost, Ownership, Process, Registrar, Subject};
use crate::parts::{Worked, together};
use crate::reconcile::{
    self, Accounts, Budgets, Change, Context, External as _, News, Scope, Stores, Users, Watches, accounts_state,
};
use crate::telemetry::traces::{self, Exporter, FLUSHING, TraceError, Traces};
use crate::telemetry::{self, Events, Health, Metrics, States};
use crate::webhook::{Identity, IdentityError, PeerDoor};

/// What a run needs to be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the admin port listens.
    pub admin_listen: SocketAddr,
    /// Where webhooks are received.
    pub webhook_listen: SocketAddr,
    /// Where other replicas pass webhooks on to this one. `None`: they do not, and Telnyx has to send them again.
    pub peers: Option<PeerOptions>,
    /// Namespaces to watch; empty for all.
    pub namespaces: Vec<String>,
    /// Hosts, or hosts with `:port`, that results may be taken to though they are on this machine or its link.
    pub results_hosts: Vec<String>,
    /// The like, that `callWebhook` steps may ask.
    pub flow_webhook_hosts: Vec<String>,
    /// Names this process among replicas, in leases and events: a Pod name, say. Two processes of one name act in turns only if the
    /// later starts when the earlier has ended.
    pub instance: String,
    /// What URLs in users' specs may lead to.
    pub reach: Reach,
    /// Where traces go; nowhere if it is `None`.
    pub traces: Option<traces::Settings>,
}

/// How a replica meets the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerOptions {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address that others reach it by; where it listens if it is `None`.
    pub address: Option<IpAddr>,
}

/// Why the operator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// An address is taken or not ours.
    #[error("cannot listen on {address} ({what})")]
    Listen {
        /// What for.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Others cannot be told where this process is.
    #[error(
        "--peer-listen={listen} needs --peer-address (or POD_IP): the address that other replicas reach this one by"
    )]
    NoPeerAddress {
        /// Where it is to listen.
        listen: SocketAddr,
    },
    /// This process cannot make itself known to other replicas.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The client for the webhooks of users' own programs cannot be made.
    #[error("cannot set up TLS for callWebhook steps and sinks of results")]
    Tls(#[from] reqwest::Error),
    /// The client for documents that users name by URL cannot be made.
    #[error(transparent)]
    Fetcher(#[from] SetupError),
    /// Traces cannot be exported as the environment asks.
    #[error(transparent)]
    Traces(#[from] TraceError),
    /// It cannot go on.
    #[error(transparent)]
    Fallen(#[from] Fallen),
}

/// An operator whose ports are bound and whose parts have not started.
pub struct Operator {
    context: Context,
    parts: Vec<BoxFuture<'static, ()>>,
    keeper: Keeper,
    exporter: Option<Exporter>,
    admin: TcpListener,
    webhook_address: SocketAddr,
}

impl Operator {
    /// Binds the ports and lays the parts out. `shutdown` ends the run.
    pub async fn prepare(
        kube: kube::Client,
        options: Options,
        shutdown: CancellationToken,
    ) -> Result<Self, OperatorError> {
        let admin = listen("admin", options.admin_listen).await?;
        let webhooks = listen("webhooks", options.webhook_listen).await?;
        let scope = Scope::new(options.namespaces);
        let news = News::default();
        let (ownership, wants) = Ownership::open();
        let me = Process::named(options.instance.clone());
        let unguarded = kube;
        let metrics = Arc::new(Metrics::default());
        let (traces, exporter) = match options.traces {
            Some(settings) => {
                let (traces, exporter) = Traces::open(settings, &options.instance, &metrics)?;
                (traces, Some(exporter))
            }
            None => (Traces::default(), None),
        };
        // Leases alone are written when one has run out.
        let kube = traces.over(ownership.guard(&unguarded));
        let (accounts, rechecks) = Accounts::new(news.clone(), ownership.clone());
        let (events, publisher) = Events::new(kube.clone(), Arc::clone(&metrics), options.instance.clone());
        let keeper = Keeper::new(
            (ownership, wants),
            unguarded.clone(),
            me.clone(),
            &scope,
            gained(Arc::clone(&accounts), news.clone()),
            metrics.register(ownership::Metrics::new),
            shutdown.clone(),
        );
        let (applications, application_caches) = Stores::open(&scope);
        let (profiles, profile_caches) = Stores::open(&scope);
        let (queues, queue_caches) = Stores::open(&scope);
        let context = Context {
            kube,
            accounts,
            references: Arc::new(WatchedReferences { profiles: profiles.clone() }),
            users: Users::default(),
            news,
            events,
            fetcher: Fetcher::new(options.reach)?,
            metrics,
            traces,
            health: Health::default(),
            watches: Watches::default(),
            states: States::default(),
            scope,
            shutdown: shutdown.clone(),
        };
        show(&context);
        let policies = ConferencePolicies::default();
        // Before any part runs, so that nobody takes an operator that has not begun for one that is ready.
        for kind in [
            account::KIND,
            Profiles::KIND.word(),
            Queues::KIND.word(),
            Applications::KIND.word(),
            conference::KIND,
            call_flow::KIND,
        ] {
            context.health.expect(kind);
        }
        // Before the accounts are looked at: one that is being deleted goes once nobody needs it.
        for kind in
            [Profiles::KIND.word(), Queues::KIND.word(), Applications::KIND.word(), campaign::KIND, dial_job::KIND]
        {
            context.users.expect(kind);
        }
        let mut parts = vec![
            account::run(context.clone(), rechecks).boxed(),
            reconcile::run::<Profiles>(context.clone(), profiles, profile_caches).boxed(),
            reconcile::run::<Queues>(context.clone(), queues.clone(), queue_caches).boxed(),
            reconcile::run::<Applications>(context.clone(), applications.clone(), application_caches).boxed(),
            publisher.run(shutdown).boxed(),
            queue::watch_occupancy(context.clone(), queues).boxed(),
            conference::run(context.clone(), applications.clone(), policies.clone()).boxed(),
        ];
        let bound = |source| OperatorError::Listen { what: "webhooks", address: options.webhook_listen, source };
        let webhook_address = webhooks.local_addr().map_err(bound)?;
        let peers = match options.peers {
            Some(peers) => {
                let (peers, registrar) = meet(peers, unguarded, &context.scope, &me).await?;
                parts.push(registrar.run(context.shutdown.clone()).boxed());
                Some(peers)
            }
            None => None,
        };
        let doors = Doors { webhooks, peers };
        let opened = Opened {
            results: options.results_hosts.iter().collect(),
            flow_webhooks: options.flow_webhook_hosts.iter().collect(),
        };
        parts.extend(calling::parts(&context, applications, policies, doors, opened)?);
        Ok(Self { context, parts, keeper, exporter, admin, webhook_address })
    }

    /// What controllers get; for parts that are added.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Adds a part. It must end soon after shutdown.
    pub fn add(&mut self, part: impl Future<Output = ()> + Send + 'static) {
        self.parts.push(part.boxed());
    }

    /// Where the admin port listens, with the port that was chosen for 0.
    pub fn admin_address(&self) -> std::io::Result<SocketAddr> {
        self.admin.local_addr()
    }

    /// Where webhooks are received, with the port that was chosen for 0.
    pub fn webhook_address(&self) -> std::io::Result<SocketAddr> {
        Ok(self.webhook_address)
    }

    /// Runs until shutdown, then until every part has finished what it began, 25 s at most, and its leases are given up. Dropping
    /// it ends all parts where they stand.
    ///
    /// # Errors
    /// See [`Fallen`].
    pub async fn run(self) -> Result<(), Fallen> {
        let Self { context, parts, keeper, exporter, admin, .. } = self;
        let (told, mut exporting) = (CancellationToken::new(), JoinSet::new());
        if let Some(exporter) = exporter {
            exporting.spawn(exporter.run(told.clone()));
        }
        // Ends with this future, however that ends.
        let mut keeping = JoinSet::new();
        keeping.spawn(keeper.run());
        let ownership = context.accounts.ownership().clone();
        let kept = async {
            match keeping.join_next().await {
                Some(Ok(kept)) => kept,
                // It panicked: nothing is renewed any more.
                Some(Err(error)) => {
                    tracing::error!(task = %error.id(), "the keeper of leases ended in a panic");
                    Err(Lost::all())
                }
                None => Ok(()),
            }
        };
        tokio::pin!(kept);
        let worked = tokio::select! {
            biased;
            kept = &mut kept => return Ok(kept?),
            worked = work(context, parts, admin) => worked,
        };
        let result = if worked.well { Ok(()) } else { Err(Fallen::Part) };
        if !worked.all_ended {
            // What still runs may still act: nobody may take over before the leases have run out.
            return result;
        }
        ownership.release();
        told.cancel();
        let flushing = tokio::time::timeout(FLUSHING, exporting.join_next());
        let (kept, flushed) = tokio::join!(tokio::time::timeout(RELEASING, kept), flushing);
        if flushed.is_err() {
            tracing::warn!("stopped without waiting longer for the collector to take the last spans");
        }
        match kept {
            Ok(kept) => kept?,
            Err(_) => {
                tracing::warn!("stopped without waiting longer for leases to be given up: they run out by themselves");
            }
        }
        result
    }
}

/// Why a process cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fallen {
    /// Every part has to end where it stands, and only the end of the process makes sure that all do.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// What that part did nobody would do any more. The others were shut down.
    #[error("a part of the operator ended in a panic: please report what the log says of it")]
    Part,
}

/// Listens for other replicas, under a certificate that this process is known by, and writes it down for them.
async fn meet(
    options: PeerOptions,
    kube: kube::Client,
    scope: &Scope,
    me: &Process,
) -> Result<(calling::Peers, Registrar), OperatorError> {
    let listener = listen("other replicas", options.listen).await?;
    let bound = |source| OperatorError::Listen { what: "other replicas", address: options.listen, source };
    let listens = listener.local_addr().map_err(bound)?;
    let ip = options.address.unwrap_or(listens.ip());
    if ip.is_unspecified() {
        return Err(OperatorError::NoPeerAddress { listen: options.listen });
    }
    let (identity, directory) = (Arc::new(Identity::make()?), Directory::default());
    let contact = Contact { address: SocketAddr::new(ip, listens.port()), fingerprint: identity.fingerprint() };
    let known = directory.clone();
    let door = PeerDoor::new(listener, &identity, Arc::new(move |fingerprint| known.knows(fingerprint)))?;
    // All replicas watch the same namespaces, and may write leases there; those that watch all are in one.
    let first = scope.namespaces().into_iter().flatten().min();
    let namespace = first.unwrap_or_else(|| kube.default_namespace().to_owned());
    let registrar = Registrar::new(directory.clone(), kube, &namespace, me, contact);
    Ok((calling::Peers { door, identity, directory }, registrar))
}

/// How long giving up leases may take. The next process waits for no more than that they run out.
const RELEASING: Duration = Duration::from_secs(3);

/// Wakes whoever waits for what this process acts for from now on.
fn gained(accounts: Arc<Accounts>, news: News) -> Gained {
    Box::new(move |subject| match subject {
        Subject::Account(key) => {
            accounts.recheck(key.clone());
            news.tell(Change::Account(key.clone()));
        }
        Subject::Namespace(namespace) => news.tell(Change::Namespace(namespace.clone())),
    })
}

/// Serves the admin port and runs the parts until shutdown, then until the parts have ended.
async fn work(context: Context, parts: Vec<BoxFuture<'static, ()>>, admin: TcpListener) -> Worked {
    let (metrics, health, states) = (Arc::clone(&context.metrics), context.health.clone(), context.states.clone());
    let shutdown = context.shutdown;
    let serving = telemetry::serve(admin, metrics, health, states, shutdown.clone());
    let serving = async {
        if let Err(error) = serving.await {
            tracing::error!(error = %error, "the admin port failed");
        }
    };
    together(parts.into_iter().collect(), serving, &shutdown).await
}

/// Adds what the admin port shows of accounts and watches.
fn show(context: &Context) {
    let (accounts, watches) = (Arc::clone(&context.accounts), context.watches.clone());
    context.metrics.register(|registry| {
        registry.register_collector(Box::new(Budgets::new(Arc::clone(&accounts))));
        registry.register_collector(Box::new(watches.clone()));
    });
    let (started, health) = (Instant::now(), context.health.clone());
    context.states.add("process", move || {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "upSeconds": started.elapsed().as_secs(),
            "notReady": health.missing(),
        })
    });
    context.states.add("accounts", move || accounts_state(&accounts));
    context.states.add("watches", move || watches.state(Timestamp::now()));
}

async fn listen(what: &'static str, address: SocketAddr) -> Result<TcpListener, OperatorError> {
    TcpListener::bind(address).await.map_err(|source| OperatorError::Listen { what, address, source })
}

/// Binds, starts and runs an operator until `shutdown`.
pub async fn run(kube: kube::Client, options: Options, shutdown: CancellationToken) -> Result<(), OperatorError> {
    Ok(Operator::prepare(kube, options, shutdown).await?.run().await?)
}
