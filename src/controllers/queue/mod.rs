//! `Queue`: `/queues`.
//!
//! A queue is addressed by its name, so the name is its id here. It can carry no mark: what proves that a queue is ours
//! is a note, written before the create, that its name was free. Empty queues vanish at the API after a while; they are
//! made again.
//!
//! Who waits in it is no part of what the spec asks, so the loop leaves that alone: [`watch_occupancy`] reads it.

mod occupancy;
mod watch;

pub use watch::watch_occupancy;

use super::wire::{fields, text};
use crate::api::Queue;
use crate::reconcile::{Account, External, Listed, Object as _, Proof, References, RemoteKind, Wanted};
use futures::TryStreamExt;
use reconcile_plan::{Fields, Names, Outcome, Rules};
use serde_json::json;
use telnyx_voice::{Client, Endpoint, Error, Lane, QueueRequest, QueueUpdate};

/// How the loop handles queues.
#[derive(Debug)]
pub struct Queues;

impl External for Queues {
    type Object = Queue;

    const KIND: RemoteKind = RemoteKind::Queue;
    const ENDPOINT: Endpoint = Endpoint::Queues;
    const RULES: Rules = Rules { fixed: &["name"], ..Rules::PLAIN };
    const NAMES: Names = Names::Unique;
    const VOLATILE: &'static [&'static str] = &["current_size", "average_wait_time_secs", "updated_at"];

    fn resolve(object: &Self::Object, _account: &Account, _references: &dyn References) -> Result<Wanted, Outcome> {
        let name = object.spec.queue_name.clone().unwrap_or_else(|| object.name().to_owned());
        let mut fields = Fields::from_iter([("name".to_owned(), json!(name))]);
        if let Some(size) = object.spec.max_size {
            fields.insert("max_size".to_owned(), json!(size));
        }
        Ok(Wanted { name, fields, create_only: Fields::new(), proof: Proof::NameWasFree })
    }

    fn refers_to_profile(_object: &Self::Object, _name: &str) -> bool {
        false
    }

    fn listed(fields: Fields) -> Option<Listed> {
        let name = text(&fields, "name")?;
        Some(Listed { id: name.clone(), name, mark: None, fields })
    }

    fn occupants(fields: &Fields) -> Option<u64> {
        fields.get("current_size").and_then(serde_json::Value::as_u64)
    }

    async fn list(client: &Client) -> Result<Vec<Listed>, Error> {
        client
            .lane(Lane::Resync)
            .queues()
            .try_filter_map(async |queue| Ok(Self::listed(fields(&queue))))
            .try_collect()
            .await
    }

    async fn read(client: &Client, id: &str) -> Result<Fields, Error> {
        client.get_queue(id).await.map(|queue| fields(&queue))
    }

    async fn create(client: &Client, body: Fields) -> Result<Fields, Error> {
        let body = QueueRequest { queue_name: text(&body, "name"), max_size: size(&body) };
        client.create_queue(&body).await.map(|queue| fields(&queue))
    }

    async fn update(client: &Client, id: &str, body: Fields) -> Result<Fields, Error> {
        client.update_queue(id, &QueueUpdate { max_size: size(&body) }).await.map(|queue| fields(&queue))
    }

    async fn delete(client: &Client, id: &str) -> Result<(), Error> {
        client.delete_queue(id).await
    }
}

fn size(body: &Fields) -> Option<i64> {
    body.get("max_size").and_then(serde_json::Value::as_i64)
}
