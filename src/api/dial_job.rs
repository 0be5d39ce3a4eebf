//! `DialJob`: up to 250 targets and the state of each.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::audience::Target;
use super::campaign::Counts;
use super::columns::Column;
use super::dial_plan::DialPlan;
use super::references::PinnedFlow;
use super::schema::add_rules;

/// What `kubectl get` shows.
pub(super) const COLUMNS: [Column; 8] = [
    Column::ready("Whether the job can do what it should."),
    Column::text("Campaign", ".spec.campaignRef.name", "Whose targets these are."),
    Column::number("Total", ".status.counts.total", "Targets."),
    Column::number("Completed", ".status.counts.completed", "Targets that were reached."),
    Column::number("Failed", ".status.counts.failed", "Targets given up."),
    Column::number("Ringing", ".status.counts.ringing", "Calls that ring.").wide(),
    Column::number("Live", ".status.counts.live", "Calls answered and under way.").wide(),
    Column::AGE,
];

/// Up to 250 targets of one campaign, or of nobody: with a plan of its own a job can be used alone.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "telnyx-operator.io",
    version = "v1alpha1",
    kind = "DialJob",
    plural = "dialjobs",
    shortname = "dj",
    category = "telnyx",
    namespaced,
    status = "DialJobStatus",
    derive = "PartialEq",
    doc = "Up to 250 targets of one campaign, or standing alone, with the state of each."
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = job_rules)]
pub struct DialJobSpec {
    /// The campaign that the job was cut from; set by the operator. Excludes `plan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_ref: Option<CampaignRef>,
    /// How people are called, for a job that stands alone. Only `suspend`, `pacing` and `windows` can be changed later.
    /// Excludes `campaignRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = plan_rules)]
    pub plan: Option<DialPlan>,
    /// The revision of the campaign's call flow; set by the operator. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_flow: Option<PinnedFlow>,
    /// Up to 250 targets. Immutable. Excludes `targetsFrom`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 250))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"]))]
    pub targets: Vec<Target>,
    /// Where the targets are kept. Immutable. Excludes `targets`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets_from: Option<JobTargetsFrom>,
}

const RULES: [(&str, &str); 6] = [
    ("has(self.campaignRef) != has(self.plan)", "set exactly one of campaignRef and plan"),
    (
        "!has(self.callFlow) || has(self.campaignRef)",
        "callFlow is only for the jobs of campaigns: name the flow in plan.callFlowRef",
    ),
    (
        "has(self.callFlow) == has(oldSelf.callFlow) && (!has(self.callFlow) || self.callFlow == oldSelf.callFlow)",
        "callFlow is immutable: calls keep the revision of their campaign",
    ),
    ("has(self.targets) != has(self.targetsFrom)", "set exactly one of targets and targetsFrom"),
    (
        "has(self.campaignRef) == has(oldSelf.campaignRef) && (!has(self.campaignRef) || self.campaignRef == oldSelf.campaignRef)",
        "campaignRef is immutable: create another job",
    ),
    (
        "has(self.targets) == has(oldSelf.targets) && (!has(self.targets) || self.targets == oldSelf.targets) && (!has(self.targetsFrom) || self.targetsFrom == oldSelf.targetsFrom)",
        "targets and targetsFrom are immutable: people may have been called already, create another job",
    ),
];

fn job_rules(schema: &mut Schema) {
    add_rules(schema, &RULES);
}

/// Names the fields that stay: a plan has no field that could be forgotten here without the test of this rule failing.
const PLAN_RULES: [(&str, &str); 1] = [(
    "self.from == oldSelf.from && self.fromSelection == oldSelf.fromSelection && self.purpose == oldSelf.purpose && has(self.announcement) == has(oldSelf.announcement) && (!has(self.announcement) || self.announcement == oldSelf.announcement) && has(self.callFlowRef) == has(oldSelf.callFlowRef) && (!has(self.callFlowRef) || self.callFlowRef == oldSelf.callFlowRef) && self.amd == oldSelf.amd && self.ringTimeoutSecs == oldSelf.ringTimeoutSecs && self.maxCallSecs == oldSelf.maxCallSecs && self.calleeTimeZone == oldSelf.calleeTimeZone && self.retry == oldSelf.retry && self.onAmbiguous == oldSelf.onAmbiguous && self.drainPolicy == oldSelf.drainPolicy && has(self.startAt) == has(oldSelf.startAt) && (!has(self.startAt) || self.startAt == oldSelf.startAt) && has(self.stopAt) == has(oldSelf.stopAt) && (!has(self.stopAt) || self.stopAt == oldSelf.stopAt)",
    "only suspend, pacing, windows, frequency, compliance, circuitBreaker, budget, successPolicy and failurePolicy of a job's plan can be changed: create another job",
)];

fn plan_rules(schema: &mut Schema) {
    add_rules(schema, &PLAN_RULES);
}

/// The campaign that a job was cut from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignRef {
    /// Name of the `OutboundCampaign`, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its UID: a campaign of the same name made later is another one.
    #[schemars(length(min = 1, max = 63))]
    pub uid: String,
}

/// Where the targets of a job are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobTargetsFrom {
    /// A key of an immutable Secret.
    pub secret_ref: TargetsSecretRef,
}

/// A key of a Secret whose value is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetsSecretRef {
    /// Name of the Secret, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key in the Secret's `data`.
    #[schemars(length(min = 1, max = 253), pattern(r"^[-._a-zA-Z0-9]+$"))]
    pub key: String,
    /// SHA-256 of the value, in hexadecimal. Another value calls nobody.
    #[schemars(length(max = 64), pattern(r"^[0-9a-f]{64}$"))]
    pub sha256: String,
}

/// What is true of a job. No phone number is ever in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DialJobStatus {
    /// The `metadata.generation` that this status is about. 0: the operator has not seen the object yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the job can do what it should, or has done it. `Complete`: every target has ended. `Reconciling`: work
    /// is under way. `Stalled`: only a person can help; the message says how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Of a job that stands alone: the revision of `spec.plan.callFlowRef` that all calls run, whatever becomes of the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_flow: Option<PinnedFlow>,
    /// Where the targets stand. All but `total` add up to `total` at every moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// The state of each target, in the order of the list; targets missing at the end have not been touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 250))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub targets: Vec<TargetStatus>,
    /// Places in the list, counted from 0, whose results the campaign's sink has taken: intervals such as `0-12,14`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1024))]
    pub delivered: String,
    /// When the first call was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When the last target ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
}

/// Where one target stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetStatus {
    /// Which target.
    #[schemars(length(min = 1, max = 63))]
    pub id: String,
    /// Where it stands.
    #[serde(flatten)]
    pub state: dialer::target::StoredState,
}
