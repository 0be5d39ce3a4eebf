//! All accounts' actors: started, restarted and stopped here.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use telnyx_voice::Client;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::actor::{Actor, Parts, Tools};
use super::attempts::Attempts;
use super::catalogue::Catalogue;
use super::inbound::Applications;
use super::metrics::{CALLS, Metrics};
use super::policies::ConferencePolicies;
use super::transcript::Transcript;
use super::user_webhook::{Asker, Secrets};
use crate::dialing::{Dialers, FlowUsers};
use crate::fall::caught;
use crate::fetch::Programs;
use crate::reconcile::AccountKey;
use crate::webhook::{FlowLine, FlowOrder, INBOX, Routes};

/// Between the fall of an actor and its next start.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// All calls in flows of this process. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Flows(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    tools: Tools,
    routes: Routes,
    stop: CancellationToken,
    accounts_known: AtomicBool,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    lines: BTreeMap<AccountKey, Line>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Line {
    client: watch::Sender<Client>,
    recovered: watch::Sender<bool>,
    stop: CancellationToken,
}

/// What flows are made with.
#[derive(Debug)]
pub struct FlowParts {
    /// Where signing keys are read.
    pub secrets: Secrets,
    /// The way to programs that flows ask.
    pub programs: Programs,
    /// Which flow answers which application's calls.
    pub applications: Applications,
    /// Where calls are counted.
    pub metrics: Metrics,
    /// Who is told what happens, step by step.
    pub transcript: Transcript,
    /// What conferences that flows begin are like.
    pub policies: ConferencePolicies,
    /// Who must not be called is told to these.
    pub dialers: Option<Dialers>,
    /// Whose campaigns run flows.
    pub users: FlowUsers,
}

impl Flows {
    /// No account yet. `routes` brings the webhooks of those to come, and leads to the dialers, whose campaigns are the `users` of
    /// flows.
    #[must_use]
    pub fn new(parts: FlowParts, routes: Routes, stop: CancellationToken) -> Self {
        let FlowParts { secrets, programs, applications, metrics, transcript, policies, dialers, users } = parts;
        let tools = Tools {
            catalogue: Catalogue::default(),
            applications,
            asker: Asker::new(secrets, programs),
            metrics,
            transcript,
            policies,
            attempts: Attempts::new(routes.clone(), dialers),
            users,
        };
        let shared = Shared { tools, routes, stop, accounts_known: AtomicBool::new(false), running: Mutex::default() };
        Self(Arc::new(shared))
    }

    /// For `/debug/state`: whose calls can run flows, and how many do.
    #[must_use]
    pub fn state(&self) -> serde_json::Value {
        let running = self.lock();
        let accounts = running.lines.iter().map(|(account, line)| {
            serde_json::json!({ "account": account.to_string(), "recovered": *line.recovered.borrow() })
        });
        serde_json::json!({ "accounts": accounts.collect::<Vec<_>>(), "activeCalls": self.0.tools.metrics.active() })
    }

    /// Which flows there are.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.tools.catalogue
    }

    /// The account works. Starts its actor, or tells it of a new key or address.
    pub fn admit(&self, account: &AccountKey, client: Client) {
        let mut running = self.lock();
        if let Some(line) = running.lines.get(account) {
            line.client.send_replace(client);
            return;
        }
        let (inbox, orders) = mpsc::channel(INBOX);
        let attempts = Arc::new(AtomicUsize::new(0));
        let line = Line {
            client: watch::Sender::new(client),
            recovered: watch::Sender::new(false),
            stop: self.0.stop.child_token(),
        };
        let way = FlowLine::new(inbox, Arc::clone(&attempts));
        self.0.routes.open_flows(&account.namespace, &account.name, way);
        while running.tasks.try_join_next().is_some() {}
        let supervisor = Supervisor {
            account: account.clone(),
            tools: self.0.tools.clone(),
            client: line.client.subscribe(),
            recovered: line.recovered.clone(),
            orders,
            attempts,
            stop: line.stop.clone(),
        };
        running.tasks.spawn(supervisor.run());
        running.lines.insert(account.clone(), line);
    }

    /// The account is gone.
    pub fn remove(&self, account: &AccountKey) {
        if let Some(line) = self.lock().lines.remove(account) {
            line.stop.cancel();
        }
    }

    /// Every account that exists was looked at.
    pub fn accounts_are_known(&self) {
        self.0.accounts_known.store(true, Ordering::Release);
    }

    /// Whether every call under way is known: before that, a flow that seems idle may not be.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.0.accounts_known.load(Ordering::Acquire)
            && self.catalogue().is_synced()
            && self.lock().lines.values().all(|line| *line.recovered.borrow())
    }

    /// Waits until every actor has ended. To be called once stopped.
    pub async fn stopped(&self) {
        let mut tasks = std::mem::take(&mut self.lock().tasks);
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(task = %error.id(), "the supervisor of an account's flows ended early");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps one account's actor running. One that falls is started anew, and finds its calls as after a crash.
struct Supervisor {
    account: AccountKey,
    tools: Tools,
    client: watch::Receiver<Client>,
    recovered: watch::Sender<bool>,
    orders: mpsc::Receiver<FlowOrder>,
    attempts: Arc<AtomicUsize>,
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(mut self) {
        loop {
            let actor = Actor::new(Parts {
                account: self.account.clone(),
                tools: self.tools.clone(),
                client: self.client.clone(),
                orders: &mut self.orders,
                attempts: Arc::clone(&self.attempts),
                recovered: self.recovered.clone(),
                stop: self.stop.clone(),
            });
            match caught(self.tools.metrics.panics(), CALLS, actor.run()).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::error!(account = %self.account, %error, "calls in flows have to be found anew");
                }
            }
            self.recovered.send_replace(false);
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(RESTART_PAUSE) => {}
            }
        }
    }
}
