//! Writing status: only what changed, and only when something did.

use super::managed::Managed;
use super::memory::{Memory, locked};
use crate::api::{Drift, RECONCILE_REQUESTED_AT, RemoteStatus};
use jiff::Timestamp;
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, TestOperation};
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use reconcile_plan::{Change, Condition, ConditionStatus, Deed, Fields, Outcome, Report, Subject, Words, report};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

/// Key under which a cached object keeps the digest of `status.observed` in place of the whole.
const DIGEST: &str = "~digest";

/// What a pass found and did, for status.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// The remote id.
    pub id: Option<String>,
    /// The remote object, when it was seen.
    pub observed: Option<Fields>,
    /// Differences that are left as they are.
    pub drift: Vec<Change>,
    /// What was done to the remote side.
    pub deed: Option<Deed>,
}

/// A status that is to be written, and what follows from the pass.
#[derive(Debug)]
pub(super) struct Draft {
    /// Conditions, event and requeue.
    pub report: Report,
    /// The patch of the status subresource; `None` when nothing changed.
    pub patch: Option<Patch>,
    /// The status as it will be, in the small form of the cache.
    pub status: RemoteStatus,
}

/// The status to go by: what we wrote last, until the watch has shown it.
pub(super) fn effective<K: Managed>(object: &K, memory: &Mutex<Memory>) -> RemoteStatus {
    let mut memory = locked(memory);
    match &memory.written {
        Some((version, status)) if *version > object.version() => status.clone(),
        Some(_) | None => {
            memory.written = None;
            object.status().cloned().unwrap_or_default()
        }
    }
}

/// Puts the digest of `observed` in its place: the cache needs to know whether it changed, not what it was.
pub(super) fn slim(status: &mut RemoteStatus) {
    if let Some(observed) = &status.observed {
        status.observed = Some(digest_of(observed));
    }
}

fn digest_of(observed: &Fields) -> Fields {
    if observed.contains_key(DIGEST) {
        return observed.clone();
    }
    let mut hasher = DefaultHasher::new();
    Value::Object(observed.clone()).to_string().hash(&mut hasher);
    Fields::from_iter([(DIGEST.to_owned(), json!(hasher.finish()))])
}

/// Has this generation been carried out, or its drift been reported? Then what differs now is drift, not an edit.
pub(super) fn is_settled(status: &RemoteStatus, generation: i64) -> bool {
    status.conditions.iter().any(|condition| {
        let settled = condition.status == "True" || condition.reason == reconcile_plan::Reason::DriftReported.as_str();
        condition.type_ == "Synced" && condition.observed_generation == Some(generation) && settled
    })
}

/// The value of the "reconcile now" annotation, when it has not been handled yet.
pub(super) fn requested<'a, K: Managed>(object: &'a K, status: &RemoteStatus) -> Option<&'a str> {
    object.annotation(RECONCILE_REQUESTED_AT).filter(|token| status.last_handled_reconcile_at.as_deref() != Some(token))
}

/// What the status becomes after a pass.
pub(super) fn draft<K: Managed>(
    object: &K,
    before: &RemoteStatus,
    outcome: &Outcome,
    findings: Findings,
    now: Timestamp,
) -> Draft {
    let previous: Vec<Condition> = before.conditions.iter().filter_map(from_kube).collect();
    let subject = Subject {
        generation: object.generation(),
        deleting: object.deleting(),
        previous: &previous,
        now,
        words: Words::REMOTE_OBJECT,
    };
    let report = report(&subject, outcome, findings.deed.as_ref());

    let small = findings.observed.as_ref().map(digest_of).or_else(|| before.observed.clone());
    let touched = findings.deed.is_some() || small != before.observed;
    let handled = matches!(outcome, Outcome::Done(_)).then(|| requested(object, before)).flatten();
    let status = RemoteStatus {
        observed_generation: Some(object.generation()),
        conditions: report.conditions.iter().map(to_kube).collect(),
        id: findings.id.or_else(|| before.id.clone()),
        observed: small,
        drift: if keeps_drift(outcome) {
            before.drift.clone()
        } else {
            findings.drift.into_iter().map(to_drift).collect()
        },
        last_sync_time: if touched { Some(meta::Time(now)) } else { before.last_sync_time.clone() },
        last_handled_reconcile_at: handled.map(str::to_owned).or_else(|| before.last_handled_reconcile_at.clone()),
    };
    let patch = (status != *before).then(|| patch(object, before, &status, findings.observed.as_ref()));
    Draft { report, patch, status }
}

/// A pass that could not look knows nothing new of the differences.
fn keeps_drift(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Retry { .. } | Outcome::Waiting { .. })
}

/// Each member that changed, replaced whole. Fails on an object of the same name that is not the same object.
fn patch<K: Managed>(object: &K, before: &RemoteStatus, after: &RemoteStatus, observed: Option<&Fields>) -> Patch {
    let mut whole = after.clone();
    whole.observed = observed.cloned();
    let (old, new) = (members(before), members(&whole));
    let mut operations = vec![test("/metadata/uid", json!(object.uid()))];
    if object.status().is_none() {
        operations.push(add("/status", json!({})));
    }
    let observed_changed = before.observed != after.observed;
    for (name, value) in new {
        let changed = if name == "observed" { observed_changed } else { old.get(&name) != Some(&value) };
        if changed {
            operations.push(add(&format!("/status/{name}"), value));
        }
    }
    if after.drift.is_empty() && !before.drift.is_empty() {
        operations.push(add("/status/drift", json!([])));
    }
    Patch(operations)
}

fn members(status: &RemoteStatus) -> Fields {
    match serde_json::to_value(status) {
        Ok(Value::Object(members)) => members,
        // A status is a struct of plain values; it is always an object.
        Ok(_) | Err(_) => Fields::new(),
    }
}

/// Adds or replaces a member.
pub(super) fn add(path: &str, value: Value) -> PatchOperation {
    PatchOperation::Add(AddOperation { path: pointer(path), value })
}

/// Demands a value.
pub(super) fn test(path: &str, value: Value) -> PatchOperation {
    PatchOperation::Test(TestOperation { path: pointer(path), value })
}

pub(super) fn pointer(path: &str) -> PointerBuf {
    PointerBuf::parse(path).unwrap_or_default()
}

fn to_drift(change: Change) -> Drift {
    Drift { path: change.path, desired: change.desired, actual: change.actual }
}

/// From Kubernetes' form. A condition that cannot be read is dropped, and so written anew.
#[must_use]
pub fn from_kube(condition: &meta::Condition) -> Option<Condition> {
    let status = match condition.status.as_str() {
        "True" => ConditionStatus::True,
        "False" => ConditionStatus::False,
        "Unknown" => ConditionStatus::Unknown,
        _ => return None,
    };
    Some(Condition {
        kind: condition.type_.clone(),
        status,
        reason: condition.reason.clone(),
        message: condition.message.clone(),
        observed_generation: condition.observed_generation,
        last_transition_time: condition.last_transition_time.0,
    })
}

/// To Kubernetes' form.
#[must_use]
pub fn to_kube(condition: &Condition) -> meta::Condition {
    let status = match condition.status {
        ConditionStatus::True => "True",
        ConditionStatus::False => "False",
        ConditionStatus::Unknown => "Unknown",
    };
    meta::Condition {
        type_: condition.kind.clone(),
        status: status.to_owned(),
        reason: condition.reason.clone(),
        message: condition.message.clone(),
        observed_generation: condition.observed_generation,
        last_transition_time: meta::Time(condition.last_transition_time),
    }
}
