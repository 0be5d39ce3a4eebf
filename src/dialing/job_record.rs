//! One `DialJob` as its only writer remembers it: where it is, whose states are whose, and what its status says besides.

use std::sync::{Arc, Mutex, PoisonError};

use dialer::target::TargetState;
use dialer::{JobId, OwnerId, Tallied, TargetId, Version};
use http::Request;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::client::Body;
use serde::Serialize;

use super::conditions::{Fact, Reason, Type, merge};
use super::counts::counts;
use super::job_store::put;
use crate::api::{Counts, DialJob, DialJobStatus, PinnedFlow};
use crate::results::{Cursor, Places};

/// A job that can be saved.
#[derive(Debug)]
pub(super) struct JobRecord {
    namespace: String,
    name: String,
    uid: String,
    generation: i64,
    owner: OwnerId,
    ids: Arc<[TargetId]>,
    cursor: Arc<Cursor>,
    around: Mutex<Around>,
}

/// A job's status without its targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Around {
    observed_generation: i64,
    conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_flow: Option<PinnedFlow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    #[serde(skip_serializing_if = "Places::is_empty")]
    delivered: Places,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_time: Option<Time>,
}

impl JobRecord {
    /// The job as read or just created, with the ids of its targets in their order.
    pub(super) fn new(job: &DialJob, (id, owner): (JobId, OwnerId), ids: Arc<[TargetId]>) -> Self {
        let meta = &job.metadata;
        let status = job.status.clone().unwrap_or_default();
        let DialJobStatus {
            observed_generation,
            conditions,
            call_flow,
            counts,
            targets: _,
            delivered,
            start_time,
            completion_time,
        } = status;
        let observed_generation = observed_generation.unwrap_or_default();
        let cursor = Cursor::new(id, meta.name.clone().unwrap_or_default(), Arc::clone(&ids), &delivered);
        let delivered = cursor.delivered();
        let around =
            Around { observed_generation, conditions, call_flow, counts, delivered, start_time, completion_time };
        Self {
            namespace: meta.namespace.clone().unwrap_or_default(),
            name: meta.name.clone().unwrap_or_default(),
            uid: meta.uid.clone().unwrap_or_default(),
            generation: meta.generation.unwrap_or_default(),
            owner,
            ids,
            cursor: Arc::new(cursor),
            around: Mutex::new(around),
        }
    }

    pub(super) fn owner(&self) -> &OwnerId {
        &self.owner
    }

    /// Which of its results were delivered.
    pub(super) fn cursor(&self) -> &Arc<Cursor> {
        &self.cursor
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the status says besides these states.
    pub(super) fn next(&self, states: &[TargetState], now: Timestamp) -> Around {
        let before = self.around.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let tallied = Tallied::of(states);
        let untouched = self.ids.len().saturating_sub(states.len());
        let counts = counts(&tallied.counts, u32::try_from(untouched).unwrap_or(u32::MAX));
        let ended = untouched == 0 && states.iter().all(TargetState::is_done);
        let untried = |state: &TargetState| matches!(state, TargetState::Pending { tally, .. } if tally.last.is_none());
        let started = !states.iter().all(untried);
        let complete = if ended {
            Fact::yes(Type::Complete, Reason::AllTargetsEnded, "")
        } else {
            Fact::no(Type::Complete, Reason::TargetsLeft, "")
        };
        let ready = Fact::yes(Type::Ready, if ended { Reason::AllTargetsEnded } else { Reason::Dialing }, "");
        let second = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
        Around {
            observed_generation: self.generation,
            conditions: merge(&before.conditions, vec![ready, complete], self.generation, now),
            call_flow: before.call_flow,
            counts: Some(counts),
            delivered: self.cursor.delivered(),
            start_time: before.start_time.or_else(|| started.then(|| second.clone())),
            completion_time: before.completion_time.or_else(|| ended.then_some(second)),
        }
    }

    /// The store holds it.
    pub(super) fn keep(&self, written: Around) {
        self.cursor.stored(&written.delivered);
        *self.around.lock().unwrap_or_else(PoisonError::into_inner) = written;
    }

    /// The request that replaces the status where the object is still at `base`.
    pub(super) fn put(
        &self,
        around: &Around,
        base: &Version,
        states: &[TargetState],
    ) -> Result<Request<Body>, PutError> {
        let targets = self.ids.iter().zip(states).map(|(id, state)| Target { id: id.as_str(), state }).collect();
        let object = Object {
            api_version: "telnyx-operator.io/v1alpha1",
            kind: "DialJob",
            metadata: Metadata {
                namespace: &self.namespace,
                name: &self.name,
                uid: &self.uid,
                resource_version: base.as_str(),
            },
            status: Status { around, targets },
        };
        let path = format!(
            "/apis/telnyx-operator.io/v1alpha1/namespaces/{}/dialjobs/{}/status?fieldManager=telnyx-operator",
            self.namespace, self.name
        );
        Ok(put(&path, serde_json::to_vec(&object)?)?)
    }
}

/// A status that cannot be sent. Never for names and states that the API server gave us.
#[derive(Debug, thiserror::Error)]
pub(super) enum PutError {
    /// Not JSON.
    #[error("the status cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// Not a request.
    #[error("the job's name cannot stand in a path")]
    Path(#[from] http::Error),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    namespace: &'a str,
    name: &'a str,
    uid: &'a str,
    resource_version: &'a str,
}

#[derive(Serialize)]
struct Status<'a> {
    #[serde(flatten)]
    around: &'a Around,
    targets: Vec<Target<'a>>,
}

#[derive(Serialize)]
struct Target<'a> {
    id: &'a str,
    #[serde(flatten)]
    state: &'a TargetState,
}
