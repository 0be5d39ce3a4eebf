//! The one task that lets time pass in the world and sends what it owes.
//!
//! Promises that at most `webhooks.connections` requests are under way and that a jump of the clock is noticed at once.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::sender::Sender;
use super::state::Shared;

pub(super) async fn drive(shared: Arc<Shared>, sender: Sender, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(shared.config.webhooks.connections.max(1)));
    let sender = Arc::new(sender);
    let mut sending = JoinSet::new();
    loop {
        // Room first: a webhook is taken out of the world only when it can be sent at once.
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit,
            () = stop.cancelled() => break,
        };
        let Ok(permit) = permit else { break };
        while sending.try_join_next().is_some() {}
        let (attempt, wake) = {
            let mut world = shared.world();
            (world.poll(shared.clock.now()), world.wake())
        };
        if let Some(attempt) = attempt {
            let (shared, sender) = (Arc::clone(&shared), Arc::clone(&sender));
            sending.spawn(async move {
                let (key, receipt) = sender.send(attempt).await;
                shared.world().delivered(shared.clock.now(), key, receipt);
                drop(permit);
                shared.bell.notify_one();
            });
            continue;
        }
        drop(permit);
        let sleep = async {
            match wake {
                Some(moment) => tokio::time::sleep_until(shared.clock.instant_of(moment)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.bell.notified() => {}
            () = sleep => {}
            () = stop.cancelled() => break,
        }
    }
    sending.shutdown().await;
}
