//! What became of a dial: asked of the active calls, of the event log, and of the call itself.
//!
//! Promises to say "no trace" only when every source was read. Does not know what follows from it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dialer::call::{CallEvent, What};
use dialer::effect::LookUp;
use dialer::event::{Findings, Liveness};
use dialer::{DialKey, Event, Leg};
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use telnyx_voice::{
    CallControlId, CallEventFilter, CallEventType, Class, Client, ConnectionId, Endpoint, Error, Lane, OccurredAt,
    Party, classify,
};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::voice::{Voice, leg};
use super::words::{about_attempt, attempt_of};

/// After a restart hundreds of attempts ask within a second; they share one listing.
const FRESH: Duration = Duration::from_secs(1);
/// How far the clocks of Telnyx and of this machine may differ.
const CLOCKS: SignedDuration = SignedDuration::from_mins(2);

type Active = Arc<BTreeMap<DialKey, Leg>>;

/// The active calls of each application, listed at most once a second.
#[derive(Debug, Default)]
pub(super) struct ActiveCalls {
    /// Held while a listing is read, on purpose: whoever asks meanwhile waits for the same one.
    listed: Mutex<BTreeMap<Arc<str>, (Instant, Active)>>,
}

impl Voice {
    /// Everything that can be known of the dial now.
    pub(super) async fn look_up(&self, look_up: LookUp) -> Event {
        let key = look_up.key.clone();
        let findings = self.find(look_up).await.map_err(|error| {
            tracing::warn!(attempt = %key, %error, "an attempt could not be looked up");
        });
        Event::LookedUp { key, findings: findings.ok() }
    }

    async fn find(&self, look_up: LookUp) -> Result<Findings, Error> {
        let active = self.active(&look_up.connection_id).await?;
        let live = active.get(&look_up.key).cloned();
        let log = self.events(&look_up).await?;
        let liveness = match live {
            Some(leg) => Liveness::Live(leg),
            None => self.liveness(look_up.leg.or(log.leg), &log.events).await?,
        };
        Ok(Findings { liveness, events: log.events })
    }

    async fn active(&self, connection: &Arc<str>) -> Result<Active, Error> {
        let mut listed = self.active.listed.lock().await;
        if let Some((at, active)) = listed.get(connection)
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(active));
        }
        let began = Instant::now();
        let client = self.client.lane(Lane::Resync);
        let calls = client.active_calls(&ConnectionId::from(connection.as_ref()))?;
        let active: BTreeMap<DialKey, Leg> = calls
            .try_filter_map(async |call| {
                let state = call.client_state.as_ref().and_then(attempt_of);
                Ok(state.zip(leg(&call)).map(|(state, leg)| (state.key, leg)))
            })
            .try_collect()
            .await?;
        let active = Arc::new(active);
        listed.insert(Arc::clone(connection), (began, Arc::clone(&active)));
        Ok(active)
    }

    async fn events(&self, look_up: &LookUp) -> Result<Log, Error> {
        let since = look_up.since.checked_sub(CLOCKS).unwrap_or(Timestamp::MIN);
        let mut filter = CallEventFilter { occurred_at: Some(OccurredAt::Since(since)), ..CallEventFilter::default() };
        match &look_up.leg {
            Some(leg) => filter.leg_id = Some(leg.id.as_str().into()),
            None => filter.to = Some(Party::from(look_up.to.expose())),
        }
        let mut log = Log::default();
        let mut records = std::pin::pin!(self.client.lane(Lane::Resync).call_events(&filter));
        while let Some(record) = records.try_next().await? {
            log.take(&look_up.key, &record);
        }
        Ok(log)
    }

    /// Of a call that is not among the active ones.
    async fn liveness(&self, leg: Option<Leg>, events: &[CallEvent]) -> Result<Liveness, Error> {
        let Some(leg) = leg else {
            return Ok(Liveness::NoTrace);
        };
        if events.iter().any(|event| matches!(event.what, What::HungUp(_))) {
            return Ok(Liveness::Ended(leg));
        }
        let lives = lives(&self.client.lane(Lane::Resync), &leg.control.as_str().into()).await?;
        Ok(if lives { Liveness::Live(leg) } else { Liveness::Ended(leg) })
    }
}

/// Whether the API says that the call is not over.
pub(crate) async fn lives(client: &Client, call: &CallControlId) -> Result<bool, Error> {
    match client.get_call(call).await {
        Ok(call) => Ok(call.is_alive == Some(true)),
        // A call can be asked about until 10 minutes after its end.
        Err(error) => {
            let class = classify(&error, Endpoint::Call);
            let gone = matches!(class, Class::NotFound | Class::CallEnded | Class::AlreadyDone);
            if gone { Ok(false) } else { Err(error) }
        }
    }
}

/// What the event log knows of one dial.
#[derive(Debug, Default)]
struct Log {
    leg: Option<Leg>,
    events: Vec<CallEvent>,
}

impl Log {
    fn take(&mut self, key: &DialKey, record: &telnyx_voice::CallEvent) {
        let Some(event) = webhook(record) else { return };
        let about = about_attempt(&event, Timestamp::UNIX_EPOCH).filter(|call| call.state.key == *key);
        let Some(call) = about else { return };
        self.leg.get_or_insert_with(|| call.leg.clone());
        if record.r#type == Some(CallEventType::Webhook) {
            self.events.push(call);
        }
    }
}

/// A record of the log in the form of a webhook. The log keeps the payload, for some products the whole envelope.
pub(crate) fn webhook(record: &telnyx_voice::CallEvent) -> Option<telnyx_voice::webhook::Event> {
    let metadata = record.metadata.as_ref()?.expose();
    let body = if metadata.contains_key("data") {
        serde_json::to_vec(metadata)
    } else {
        let payload = metadata.get("payload").and_then(Value::as_object).unwrap_or(metadata);
        serde_json::to_vec(&json!({ "data": {
            "id": "from the event log",
            "event_type": record.name,
            "occurred_at": record.event_timestamp,
            "payload": payload,
        }}))
    };
    telnyx_voice::webhook::Event::parse(&body.ok()?).ok()
}
