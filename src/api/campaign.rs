//! `OutboundCampaign`: calls a list of people.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::audience::{Target, TargetsFrom};
use super::columns::Column;
use super::dial_plan::DialPlan;
use super::dry_run::{DryRunAssumptions, EstimateStatus};
use super::references::PinnedFlow;
use super::results::{Results, ResultsStatus};
use super::schema::add_rules;

/// What `kubectl get` shows.
pub(super) const COLUMNS: [Column; 10] = [
    Column::ready("Whether the campaign can do what it should."),
    Column::text("Phase", ".status.phase", "One word for people; programs read the conditions."),
    Column::number("Total", ".status.counts.total", "Targets."),
    Column::number("Completed", ".status.counts.completed", "Targets that were reached."),
    Column::number("Failed", ".status.counts.failed", "Targets given up."),
    Column::number("InFlight", ".status.pacing.inFlight", "Calls under way."),
    Column::number("Pending", ".status.counts.pending", "Targets not called yet.").wide(),
    Column::number("Retryable", ".status.counts.retryable", "Targets that will be called again.").wide(),
    Column::REASON.wide(),
    Column::AGE,
];

/// A list of people to call, and how. The list is cut into `DialJob`s, which hold the state of each target.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "telnyx-operator.io",
    version = "v1alpha1",
    kind = "OutboundCampaign",
    plural = "outboundcampaigns",
    shortname = "campaign",
    category = "telnyx",
    namespaced,
    status = "OutboundCampaignStatus",
    derive = "PartialEq",
    doc = "A list of people to call: whom, with what announcement or call flow, how fast, when, and how often."
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = campaign_rules)]
pub struct OutboundCampaignSpec {
    /// How people are called.
    #[serde(flatten)]
    pub plan: DialPlan,
    /// Up to 100 targets. Excludes `targetsFrom`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 100))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"]))]
    pub targets: Vec<Target>,
    /// Where a longer list is kept, up to 100000 targets. It is read once; a later change shows as a condition and calls
    /// nobody. Excludes `targets`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets_from: Option<TargetsFrom>,
    /// Whether the campaign is only rehearsed: the list is read, everything is checked, and `status.estimate` says when it
    /// would end and how many calls it would take. Nobody is called. `false`: it begins. It can be set again only while the
    /// campaign is suspended; then what is left of it is rehearsed.
    #[serde(default)]
    pub dry_run: bool,
    /// What a dry run assumes of the people on the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run_assumptions: Option<DryRunAssumptions>,
    /// Seconds that the campaign may take from its first call on, 60 to 31536000 (a year), suspensions included. Then no call
    /// is started any more, calls under way follow `drainPolicy`, and who is left ends as `Expired`. Unset: however long it
    /// takes. Can be changed at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = 31_536_000))]
    pub active_deadline_seconds: Option<u32>,
    /// Where results are taken to. Unset: nowhere; they are in the status of the campaign's jobs. Can be changed at any
    /// time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Results>,
    /// Seconds after its end, in success or not, at which a campaign is deleted, with its jobs, 0 to 31536000 (a year). Unset: it stays
    /// until somebody deletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 31_536_000))]
    pub ttl_seconds_after_finished: Option<u32>,
}

const RULES: [(&str, &str); 5] = [
    (
        "has(self.targets) != has(self.targetsFrom)",
        "set exactly one of targets (up to 100, here) and targetsFrom (a ConfigMap, a Secret or a URL)",
    ),
    (
        "oldSelf.suspend || oldSelf.dryRun || (has(self.targets) == has(oldSelf.targets) && (!has(self.targets) || self.targets == oldSelf.targets) && has(self.targetsFrom) == has(oldSelf.targetsFrom) && (!has(self.targetsFrom) || self.targetsFrom == oldSelf.targetsFrom))",
        "targets and targetsFrom can be changed only while the campaign is suspended: set suspend to true first, or create another campaign",
    ),
    (
        "oldSelf.suspend || oldSelf.dryRun || self.from == oldSelf.from",
        "from can be changed only while the campaign is suspended: set suspend to true first",
    ),
    (
        "oldSelf.suspend || oldSelf.dryRun || self.purpose == oldSelf.purpose",
        "purpose can be changed only while the campaign is suspended: set suspend to true first",
    ),
    (
        "!self.dryRun || oldSelf.dryRun || oldSelf.suspend",
        "dryRun can be set only while the campaign is suspended, since people may be called now: set suspend to true first",
    ),
];

fn campaign_rules(schema: &mut Schema) {
    add_rules(schema, &RULES);
}

/// What is true of a campaign. No phone number is ever in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutboundCampaignStatus {
    /// The `metadata.generation` that this status is about. 0: the operator has not seen the object yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// One word for people: `Pending`, `Scheduled`, `Dialing`, `WaitingForWindow`, `WaitingForRetry`, `Suspended`,
    /// `DryRun`, `Blocked`, `Complete`, `Failed` and the like. Programs read the conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// `Ready`: the campaign can do what it should, or has done it. `Synced`: the last pass could read and write what it
    /// had to. `Dialing`: calls are being started. `Suspended`: `suspend` is set. `WindowOpen`: a window is open.
    /// `RulesSetAside`: the annotation `telnyx-operator.io/compliance-override` sets rules aside, which the message names.
    /// `AudienceChanged`: the list is no longer what was read. `Complete`: every target has ended, and nothing has failed the
    /// campaign. `Failed`: it has, and every target has ended; then `Complete` and `Ready` are `False` and `Stalled` is `True`.
    /// `Reconciling`: something is waited for. `Stalled`: only a person can help; the message says how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The list as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<AudienceStatus>,
    /// The revision of `spec.callFlowRef` that all calls run, whatever becomes of the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_flow: Option<PinnedFlow>,
    /// Where the targets stand. All but `total` add up to `total` at every moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// How targets have ended: the number per outcome, such as `Completed`, `VoicemailLeft`, `NoAnswer`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<String, u32>,
    /// How fast dialing goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pacing: Option<PacingStatus>,
    /// What came of the dry run. Unset: there was none, or the campaign has begun since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<EstimateStatus>,
    /// What became of people who answered. Of campaigns that dial by their agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandonment: Option<AbandonmentStatus>,
    /// What the calls have cost by the prices of `budget.cost`. Unset: it states none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostStatus>,
    /// How far results have been taken to `spec.results.sink`. A campaign with a sink is complete once it has them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<ResultsStatus>,
    /// The `DialJob`s that the list was cut into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<JobCounts>,
    /// When the next call is due. Unset: as soon as there is room, or never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_dial_at: Option<Time>,
    /// When a window opens next for a target that waits for one. Unset: none waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_window_opens: Option<Time>,
    /// When the first call was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When the last target ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// The last value of the annotation `telnyx-operator.io/reconcile-requested-at` that the operator has acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

/// The list as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AudienceStatus {
    /// SHA-256 of the list as it was read, in hexadecimal.
    pub sha256: String,
    /// Targets that can be called.
    pub total: u32,
    /// Rows that cannot be called.
    pub rejected: u32,
    /// The first 100 of them, with the reason. Never a phone number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub rejected_rows: Vec<RejectedRow>,
    /// Secret with all of them, as CSV with the columns `line` and `reason`, under the key `rejected.csv.gz`. It goes with the
    /// campaign. Unset: there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub rejected_rows_secret: Option<String>,
    /// What the server called the state of `targetsFrom.object` that was read, its `ETag` or `Last-Modified`. Unset: it did
    /// not say, or the list is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub version: Option<String>,
}

/// A row that cannot be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RejectedRow {
    /// Line in the list, counted from 1; for `spec.targets` the index, counted from 0.
    pub line: u32,
    /// What is wrong with it, and what would be right.
    #[schemars(length(max = 512))]
    pub reason: String,
}

/// Where the targets stand. All but `total` add up to `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// All targets.
    pub total: u32,
    /// Not called yet.
    pub pending: u32,
    /// Reserved for a call that is about to be made.
    pub claimed: u32,
    /// Ringing.
    pub ringing: u32,
    /// Answered, the call is under way.
    pub live: u32,
    /// Ended with somebody reached: `Completed`, `HumanHangup`, `OptedOut`, `VoicemailLeft` or `TimeLimit`.
    pub completed: u32,
    /// Called without success, will be called again.
    pub retryable: u32,
    /// Ended without anybody reached, such as `NoAnswer`, `Busy` or `InvalidNumber` after the last attempt.
    pub failed: u32,
    /// Ended because it must not, or cannot, be called: `ComplianceBlocked` (its time zone is unknown, for one),
    /// `DestinationBlocked` or `BlockedByAnalytics`.
    pub blocked: u32,
    /// Ended, or waiting for a person, because it could not be found out whether the phone rang; see `onAmbiguous`.
    pub ambiguous: u32,
    /// Ended without a call because its time passed (`expiresAt`, `stopAt`), or as `Skipped` because the campaign was over.
    pub expired: u32,
    /// Ended because the `DialJob` that held it was deleted while the campaign lived; it may have been called.
    #[serde(default)]
    pub removed: u32,
}

impl Counts {
    /// Targets that nothing more will happen to, those that wait for a person included.
    #[must_use]
    pub fn ended(&self) -> u32 {
        self.completed + self.failed + self.blocked + self.ambiguous + self.expired + self.removed
    }
}

/// How fast dialing goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PacingStatus {
    /// Calls claimed, ringing or answered now.
    pub in_flight: u32,
    /// Most calls at once that the campaign may have now: by `pacing.maxConcurrentCalls`, by the account's
    /// `limits.concurrentCalls`, and by what refusals for want of channels have taught since the operator's start. Its share of
    /// what campaigns of the account have together may be less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<u32>,
    /// Until when Telnyx has asked to pause. Unset: it has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_until: Option<Time>,
}

/// What became of people who answered, within `pacing.adaptive.windowDays`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AbandonmentStatus {
    /// Calls that a person answered: the denominator.
    pub answered: u32,
    /// Those of them that no agent took within two seconds: the numerator. What the operator did not see counts as such.
    pub abandoned: u32,
    /// Their share in hundredths of a percent: 300 is 3 %. Unset: nobody has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_basis_points: Option<u32>,
}

/// What calls have cost, by stated prices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostStatus {
    /// For calls placed, and the minutes of those that have ended. A call whose answer the operator did not see counts from
    /// its dial on.
    #[schemars(length(max = 32))]
    pub spent: String,
    /// What the minutes of calls under way may still cost.
    #[schemars(length(max = 32))]
    pub reserved: String,
}

/// The `DialJob`s of a campaign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobCounts {
    /// How many the list needs.
    pub total: u32,
    /// Made and not finished.
    pub active: u32,
    /// Finished.
    pub finished: u32,
}
