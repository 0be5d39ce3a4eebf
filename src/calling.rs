//! Everything about calls, put together: the webhook receiver, a dialer per account, and the controllers of campaigns and
//! jobs.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use telnyx_voice::webhook::PublicKey;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::api::AccountRef;
use crate::controllers::{campaign, dial_job};
use crate::dialing::{self, Dialers};
use crate::reconcile::{AccountKey, Change, Context, Departure};
use crate::webhook::{self, Receiver, Routes};

/// The parts, laid out. Each ends soon after the context's shutdown; the receiver last, so that deliveries are answered
/// while results are stored.
pub fn parts(context: &Context, webhooks: TcpListener) -> Vec<BoxFuture<'static, ()>> {
    let routes = Routes::default();
    let (namespaces, shutdown) = (context.scope.namespaces(), context.shutdown.clone());
    let noticed = dialing::Metrics::default();
    context.metrics.register(|registry| noticed.register(registry));
    let dialers = Dialers::new(context.kube.clone(), namespaces.clone(), routes.clone(), noticed, shutdown.clone());
    let (moved, referents) = watch::channel(());
    let mut metrics = None;
    context.metrics.register(|registry| metrics = Some(webhook::Metrics::new(registry)));
    let mut parts = vec![
        follow(context.clone(), dialers.clone(), routes.clone(), moved).boxed(),
        campaign::run(context.clone(), dialers.clone(), referents.clone()).boxed(),
        dial_job::run(context.clone(), dialers.clone(), referents).boxed(),
    ];
    if let Some(metrics) = metrics {
        let receiver = Arc::new(Receiver::new(routes, metrics));
        parts.push(receive(webhooks, receiver, dialers, shutdown).boxed());
    }
    parts
}

/// Serves webhooks until every dialer has stored what it knows.
async fn receive(listener: TcpListener, receiver: Arc<Receiver>, dialers: Dialers, shutdown: CancellationToken) {
    let stop = CancellationToken::new();
    let stopping = async {
        shutdown.cancelled().await;
        dialers.stopped().await;
        stop.cancel();
    };
    let (served, ()) = tokio::join!(webhook::serve(listener, receiver, stop.clone()), stopping);
    if let Err(error) = served {
        tracing::error!(%error, "the webhook receiver failed");
    }
}

/// Keeps the dialers in step with the accounts. `moved` is told when something has come or gone that campaigns and jobs may
/// wait for, once the dialers know of it.
async fn follow(context: Context, dialers: Dialers, routes: Routes, moved: watch::Sender<()>) {
    let (mut news, mut applications) = (context.news.listen(), context.news.applications());
    let all_known = all_known(&context, &routes).fuse();
    tokio::pin!(all_known);
    for account in context.accounts.all_ready() {
        look(&context, &dialers, &account.key).await;
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
            change = news.next() => change,
        };
        match change {
            Some(Change::Account(key)) => look(&context, &dialers, &key).await,
            Some(Change::Anything) => {
                for key in dialers.accounts() {
                    look(&context, &dialers, &key).await;
                }
                for account in context.accounts.all_ready() {
                    look(&context, &dialers, &account.key).await;
                }
            }
            Some(Change::Profile { .. }) => continue,
            None => return,
        }
        moved.send_replace(());
    }
}

/// Tells the receiver once every account is known: from then on an unknown one does not exist.
async fn all_known(context: &Context, routes: &Routes) {
    // A name that no object can have: this is absent as soon as anything is.
    let nobody = AccountRef { name: "-".to_owned(), namespace: None };
    while !matches!(context.accounts.departure(&nobody, "-").await, Departure::NoAccount) {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    routes.synced();
}

async fn look(context: &Context, dialers: &Dialers, key: &AccountKey) {
    let reference = AccountRef { name: key.name.clone(), namespace: Some(key.namespace.clone()) };
    let departure = context.accounts.departure(&reference, &key.namespace).await;
    let Some(account) = context.accounts.ready(key) else {
        match departure {
            Departure::NoAccount => dialers.remove(key),
            Departure::Use(_) | Departure::CredentialsLost | Departure::Wait(_) => dialers.hold(key),
        }
        return;
    };
    let webhook_key = account.webhook_public_key.as_deref().and_then(|text| PublicKey::from_base64(text).ok());
    match webhook_key {
        Some(webhook_key) => {
            let client = account.client().clone();
            let spec = Arc::new(account.spec.clone());
            dialers.admit(dialing::Account { key: key.clone(), client, webhook_key, spec }).await;
        }
        None => dialers.hold(key),
    }
}
