//! Finds the calls under way after a start: a call carries its own state, and the API lists live calls with it.

use std::collections::BTreeSet;
use std::time::Duration;

use call_flow::{Decoded, Leg, Position};
use futures::TryStreamExt as _;
use telnyx_voice::{Client, ConnectionId, Error, Lane};

use super::actor::Tools;
use crate::reconcile::AccountKey;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often it is asked whether every flow is known.
const LOOK: Duration = Duration::from_millis(100);

/// A live call that runs a flow.
#[derive(Debug)]
pub(super) struct FoundCall {
    pub(super) leg: Leg,
    pub(super) position: Position,
}

/// Every call under way of the account's applications that have a flow, or whose campaigns have one. Tries until the API servers
/// have told.
pub(super) async fn calls_under_way(account: &AccountKey, tools: &Tools, client: &Client) -> Vec<FoundCall> {
    let Tools { catalogue, applications, users, .. } = tools;
    applications.synced().await;
    while !catalogue.is_synced() {
        tokio::time::sleep(LOOK).await;
    }
    let mut found = Vec::new();
    let calling = users.of_account(account).await.into_iter().filter_map(|user| applications.id_of(&user.application));
    let ids: BTreeSet<String> = applications.with_flows(account).into_iter().chain(calling).collect();
    for id in ids {
        let mut pause = FIRST_PAUSE;
        loop {
            match of_application(client, &id).await {
                Ok(calls) => {
                    found.extend(calls);
                    break;
                }
                Err(error) => {
                    tracing::warn!(%account, %error, "calls under way could not be listed; it is tried again");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
    found
}

async fn of_application(client: &Client, id: &str) -> Result<Vec<FoundCall>, Error> {
    let connection = ConnectionId::from(id);
    let client = client.lane(Lane::Resync);
    let calls = client.active_calls(&connection)?;
    calls
        .try_filter_map(async |call| {
            let Some(Decoded::Leg(position)) = call.client_state.as_ref().and_then(Decoded::read) else {
                return Ok(None);
            };
            let (Some(call_control_id), Some(call_leg_id)) = (call.call_control_id, call.call_leg_id) else {
                return Ok(None);
            };
            let leg = Leg { call_control_id, call_leg_id, connection_id: Some(ConnectionId::from(id)) };
            Ok(Some(FoundCall { leg, position: *position }))
        })
        .try_collect()
        .await
}
