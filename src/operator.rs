//! The running operator: starts every part, and ends when all of them have.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::controllers::application::Applications;
use crate::controllers::profile::Profiles;
use crate::controllers::queue::Queues;
use crate::controllers::{WatchedReferences, account, call_flow, conference, queue};
use crate::fetch::{Fetcher, Reach, SetupError};
use crate::flows::ConferencePolicies;
use crate::reconcile::{self, Accounts, Context, External as _, News, Scope, Stores, Users};
use crate::telemetry::{self, Events, Health, Metrics};

/// What a run needs to be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the admin port listens.
    pub admin_listen: SocketAddr,
    /// Where webhooks are received.
    pub webhook_listen: SocketAddr,
    /// Namespaces to watch; empty for all.
    pub namespaces: Vec<String>,
    /// Hosts, or hosts with `:port`, that results may be taken to though they are on this machine or its link.
    pub results_hosts: Vec<String>,
    /// Names this process among replicas, in events: a Pod name, say.
    pub instance: String,
    /// What URLs in users' specs may lead to.
    pub reach: Reach,
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
    /// The client for the webhooks of users' own programs cannot be made.
    #[error("cannot set up TLS for callWebhook steps and sinks of results")]
    Tls(#[from] reqwest::Error),
    /// The client for documents that users name by URL cannot be made.
    #[error(transparent)]
    Fetcher(#[from] SetupError),
}

/// An operator whose ports are bound and whose parts have not started.
pub struct Operator {
    context: Context,
    parts: Vec<BoxFuture<'static, ()>>,
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
        let (accounts, rechecks) = Accounts::new(news.clone());
        let metrics = Arc::new(Metrics::default());
        let (events, publisher) = Events::new(kube.clone(), Arc::clone(&metrics), options.instance);
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
            health: Health::default(),
            scope,
            shutdown: shutdown.clone(),
        };
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
        parts.extend(crate::calling::parts(&context, applications, policies, webhooks, options.results_hosts)?);
        Ok(Self { context, parts, admin, webhook_address })
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

    /// Runs until shutdown, then until every part has finished what it began, 25 s at most. Dropping it ends all parts
    /// where they stand.
    pub async fn run(self) {
        let Self { context, parts, admin, .. } = self;
        let mut running: JoinSet<()> = parts.into_iter().collect();
        let serving =
            telemetry::serve(admin, Arc::clone(&context.metrics), context.health.clone(), context.shutdown.clone());
        if let Err(error) = serving.await {
            tracing::error!(error = %error, "the admin port failed");
            context.shutdown.cancel();
        }
        if tokio::time::timeout(FINISHING, finish(&mut running)).await.is_err() {
            tracing::warn!(parts = running.len(), "stopped without waiting longer: every part may stop anywhere");
        }
    }
}

/// How long parts may take to finish what they began. A Pod gets 30 s by default before it is killed.
const FINISHING: Duration = Duration::from_secs(25);

async fn finish(running: &mut JoinSet<()>) {
    while let Some(ended) = running.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = %error, "a part of the operator ended in a panic");
        }
    }
}

async fn listen(what: &'static str, address: SocketAddr) -> Result<TcpListener, OperatorError> {
    TcpListener::bind(address).await.map_err(|source| OperatorError::Listen { what, address, source })
}

/// Binds, starts and runs an operator until `shutdown`.
pub async fn run(kube: kube::Client, options: Options, shutdown: CancellationToken) -> Result<(), OperatorError> {
    Operator::prepare(kube, options, shutdown).await?.run().await;
    Ok(())
}
