//! Conditions as Kubernetes keeps them, and how a fresh set replaces an old one.

use crate::Reason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The conditions that every kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConditionType {
    /// The remote object exists and is as this generation asks.
    Ready,
    /// The fields that the spec sets have those values at the API.
    Synced,
    /// Work is going on or is waited for (kstatus: in progress). Present only while true.
    Reconciling,
    /// Only a person can help (kstatus: failed). Present only while true.
    Stalled,
}

impl ConditionType {
    /// The word that is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Synced => "Synced",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
        }
    }

    fn is_ours(name: &str) -> bool {
        [Self::Ready, Self::Synced, Self::Reconciling, Self::Stalled].iter().any(|known| known.as_str() == name)
    }
}

/// A condition's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// It is so.
    True,
    /// It is not so.
    False,
    /// It cannot be told.
    Unknown,
}

/// A condition in the form of `metav1.Condition`. Type and reason are text here, because a status may hold conditions
/// that others wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is so.
    pub status: ConditionStatus,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence.
    #[serde(default)]
    pub message: String,
    /// The generation of the spec that it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When `status` last changed, to the second.
    pub last_transition_time: Timestamp,
}

impl Condition {
    /// A condition that becomes so at `now`. [`merge_conditions`] puts the older time back where nothing changed.
    #[must_use]
    pub fn new(
        kind: ConditionType,
        status: ConditionStatus,
        reason: Reason,
        message: &str,
        generation: i64,
        now: Timestamp,
    ) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            status,
            reason: reason.as_str().to_owned(),
            message: message.to_owned(),
            observed_generation: Some(generation),
            last_transition_time: Timestamp::from_second(now.as_second()).unwrap_or(now),
        }
    }
}

/// `fresh` takes the place of our conditions in `previous`. A condition whose status stays keeps its transition time;
/// conditions that others wrote stay as they are. Merging the result again changes nothing.
#[must_use]
pub fn merge_conditions(previous: &[Condition], fresh: Vec<Condition>) -> Vec<Condition> {
    let mut merged: Vec<Condition> = fresh
        .into_iter()
        .map(|mut condition| {
            let before = previous.iter().find(|old| old.kind == condition.kind && old.status == condition.status);
            if let Some(before) = before {
                condition.last_transition_time = before.last_transition_time;
            }
            condition
        })
        .collect();
    let foreign = previous
        .iter()
        .filter(|old| !ConditionType::is_ours(&old.kind) && !merged.iter().any(|new| new.kind == old.kind))
        .cloned()
        .collect::<Vec<_>>();
    merged.extend(foreign);
    merged
}
