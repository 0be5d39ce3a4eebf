//! Everything about calls, put together: the webhook receiver, a dialer and an actor of call flows per account, and the
//! controllers of campaigns, jobs, do-not-call lists and flows.

use std::sync::Arc;

use dialer::Handover;
use futures::FutureExt;
use futures::future::BoxFuture;
use telnyx_voice::webhook::PublicKey;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::api::{AccountRef, CallControlApplication};
use crate::controllers::{call_flow, campaign, dial_job, do_not_call_list};
use crate::dialing::{self, Dialers, FlowUsers, Lists};
use crate::fetch::{Hosts, Programs};
use crate::flows::{self, Applications, ConferencePolicies, FlowParts, Flows, Secrets, Transcript};
use crate::ownership::{Directory, Ownership};
use crate::reconcile::{AccountKey, Change, Context, Departure, Stores};
use crate::results::Postman;
use crate::webhook::{self, Forwarder, Identity, PeerDoor, Receiver, Routes};

/// Where webhooks come in.
pub struct Doors {
    /// From Telnyx.
    pub webhooks: TcpListener,
    /// From other replicas. `None`: from none, and to none.
    pub peers: Option<Peers>,
}

/// How webhooks go between replicas.
pub struct Peers {
    /// Where this one takes them.
    pub door: PeerDoor,
    /// What this one is known by.
    pub identity: Arc<Identity>,
    /// Where the others are.
    pub directory: Directory,
}

/// Hosts that are reached though they are on this machine or its link.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// By campaigns' results.
    pub results: Hosts,
    /// By `callWebhook` steps.
    pub flow_webhooks: Hosts,
}

/// The parts, laid out. Each ends soon after the context's shutdown; the receiver last, so that deliveries are answered
/// while results are stored.
///
/// # Errors
/// When the client for users' webhooks, or that for sinks of results, cannot be made.
pub fn parts(
    context: &Context,
    applications: Stores<CallControlApplication>,
    policies: ConferencePolicies,
    doors: Doors,
    opened: Opened,
) -> reqwest::Result<Vec<BoxFuture<'static, ()>>> {
    let routes = Routes::default();
    let (namespaces, shutdown) = (context.scope.namespaces(), context.shutdown.clone());
    let panics = context.metrics.panics();
    let (receiving, flowing) = context
        .metrics
        .register(|registry| (webhook::Metrics::new(registry), flows::Metrics::new(registry, panics.clone())));
    let noticed = dialing::Metrics::new(context.traces.clone(), panics.clone());
    context.metrics.register(|registry| noticed.register(registry));
    let postman = Postman::new(context.kube.clone(), Programs::guarded(opened.results)?);
    let lists = Lists::default();
    let dialers = Dialers::new(
        context.kube.clone(),
        namespaces.clone(),
        routes.clone(),
        postman,
        noticed,
        lists,
        shutdown.clone(),
    );
    let (moved, referents) = watch::channel(());
    let parts = FlowParts {
        secrets: Secrets::Cluster(context.kube.clone()),
        programs: Programs::guarded(opened.flow_webhooks)?,
        applications: Applications::new(applications),
        metrics: flowing,
        transcript: Transcript::default(),
        policies,
        dialers: Some(dialers.clone()),
        users: FlowUsers::Cluster(context.kube.clone(), namespaces),
    };
    let flows = Flows::new(parts, routes.clone(), shutdown.clone());
    context.metrics.register(|registry| registry.register_collector(Box::new(dialers.clone())));
    let (of_dialers, of_flows) = (dialers.clone(), flows.clone());
    context.states.add("dialers", move || of_dialers.state());
    context.states.add("flows", move || of_flows.state());
    let catalogue = flows.catalogue().clone();
    let under_way = catalogue.clone();
    context.accounts.ownership().tells_flows(Box::new(move || under_way.active()));
    let callers = Callers { dialers: dialers.clone(), flows: flows.clone(), routes: routes.clone() };
    let Doors { webhooks, peers } = doors;
    let (receiver, door) = receiver(Receiver::new(routes, receiving), context.accounts.ownership(), peers);
    Ok(vec![
        follow(context.clone(), callers.clone(), moved).boxed(),
        campaign::run(context.clone(), dialers.clone(), catalogue.clone(), referents.clone()).boxed(),
        dial_job::run(context.clone(), dialers.clone(), catalogue, referents.clone()).boxed(),
        do_not_call_list::run(context.clone(), dialers, referents).boxed(),
        call_flow::run(context.clone(), flows).boxed(),
        receive((webhooks, door), Arc::new(receiver), callers, context.clone()).boxed(),
    ])
}

/// The receiver, which passes on what is other replicas', and the door at which it takes what they pass on.
fn receiver(receiver: Receiver, ownership: &Ownership, peers: Option<Peers>) -> (Receiver, Option<PeerDoor>) {
    let Some(Peers { door, identity, directory }) = peers else { return (receiver, None) };
    let ownership = ownership.clone();
    let holders = move |account: &str| {
        let (namespace, name) = account.split_once('/')?;
        let holder = ownership.holder(&AccountKey { namespace: namespace.to_owned(), name: name.to_owned() })?;
        directory.contact(&holder)
    };
    (receiver.passing_on(Forwarder::new(identity, Arc::new(holders))), Some(door))
}

/// Everything that calls, per account.
#[derive(Clone)]
struct Callers {
    dialers: Dialers,
    flows: Flows,
    routes: Routes,
}

impl Callers {
    async fn admit(&self, account: dialing::Account, before: Option<Handover>) {
        self.flows.admit(&account.key, account.client.clone());
        self.dialers.admit(account, before).await;
    }

    fn remove(&self, account: &AccountKey) {
        self.dialers.remove(account);
        self.flows.remove(account);
    }
}

/// Serves webhooks until every dialer has stored what it knows, and every flow's command has been answered.
async fn receive(
    (webhooks, peers): (TcpListener, Option<PeerDoor>),
    receiver: Arc<Receiver>,
    callers: Callers,
    context: Context,
) {
    let stop = CancellationToken::new();
    let stopping = async {
        context.shutdown.cancelled().await;
        let (left, ()) = tokio::join!(callers.dialers.stopped(), callers.flows.stopped());
        for (account, handover) in left {
            context.accounts.ownership().leave(account, handover);
        }
        stop.cancel();
    };
    let of_peers = async {
        match peers {
            Some(door) => door.serve(Arc::clone(&receiver), stop.clone()).await,
            None => Ok(()),
        }
    };
    let of_telnyx = webhook::serve(webhooks, Arc::clone(&receiver), stop.clone());
    let (of_telnyx, of_peers, ()) = tokio::join!(of_telnyx, of_peers, stopping);
    for served in [of_telnyx, of_peers] {
        if let Err(error) = served {
            tracing::error!(%error, "the webhook receiver failed");
        }
    }
}

/// Keeps dialers and flows in step with the accounts. `moved` is told when something has come or gone that campaigns and jobs
/// may wait for, once the dialers know of it.
async fn follow(context: Context, callers: Callers, moved: watch::Sender<()>) {
    let (mut news, mut applications) = (context.news.listen(), context.news.applications());
    let mut call_flows = callers.flows.catalogue().changes();
    let all_known = all_known(&context, &callers).fuse();
    tokio::pin!(all_known);
    for account in context.accounts.all_ready() {
        look(&context, &callers, &account.key).await;
    }
    moved.send_replace(());
    loop {
        let change = tokio::select! {
            () = context.shutdown.cancelled() => return,
            () = &mut all_known => continue,
            // The context holds the sender, so it does not end before this does.
            _ = applications.changed() => {
                moved.send_replace(());
                continue;
            }
            // The flows hold the sender.
            _ = call_flows.changed() => {
                moved.send_replace(());
                continue;
            }
            change = news.next() => change,
        };
        match change {
            Some(Change::Account(key)) => look(&context, &callers, &key).await,
            Some(Change::Anything) => {
                for key in callers.dialers.accounts() {
                    look(&context, &callers, &key).await;
                }
                for account in context.accounts.all_ready() {
                    look(&context, &callers, &account.key).await;
                }
            }
            Some(Change::Profile { .. }) => continue,
            // Objects whose account does not exist wait for somebody to say so.
            Some(Change::Namespace(_)) => {}
            None => return,
        }
        moved.send_replace(());
    }
}

/// Tells the receiver once every account is known: from then on an unknown one does not exist.
async fn all_known(context: &Context, callers: &Callers) {
    // A name that no object can have: this is absent as soon as anything is.
    let nobody = AccountRef { name: "-".to_owned(), namespace: None };
    while !matches!(context.accounts.departure(&nobody, "-").await, Departure::NoAccount) {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    // Those that were not looked at yet exist all the same.
    for key in context.accounts.known() {
        stand_by(context, callers, &key);
    }
    callers.routes.synced();
    callers.flows.accounts_are_known();
}

/// Webhooks of the account, unless its dialer runs here, are passed on where a key is known to verify them with.
fn stand_by(context: &Context, callers: &Callers, key: &AccountKey) {
    let webhook_key = context.accounts.webhook_key(key);
    callers.dialers.stand_by(key, webhook_key.and_then(|text| PublicKey::from_base64(&text).ok()));
}

async fn look(context: &Context, callers: &Callers, key: &AccountKey) {
    if context.accounts.is_known(key) && !context.accounts.is_ours(key) {
        // Another replica's. Nothing of it runs here: who loses an account that it had ends as a whole.
        return stand_by(context, callers, key);
    }
    let reference = AccountRef { name: key.name.clone(), namespace: Some(key.namespace.clone()) };
    let departure = context.accounts.departure(&reference, &key.namespace).await;
    let Some(account) = context.accounts.ready(key) else {
        match departure {
            Departure::NoAccount => callers.remove(key),
            Departure::Use(_) | Departure::CredentialsLost | Departure::Wait(_) => callers.dialers.hold(key),
        }
        return;
    };
    let webhook_key = account.webhook_public_key.as_deref().and_then(|text| PublicKey::from_base64(text).ok());
    match webhook_key {
        Some(webhook_key) => {
            let client = account.client().clone();
            let spec = Arc::new(account.spec.clone());
            let before = context.accounts.ownership().left_by_another(key);
            callers.admit(dialing::Account { key: key.clone(), client, webhook_key, spec }, before).await;
        }
        None => callers.dialers.hold(key),
    }
}
