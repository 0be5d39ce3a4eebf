//! The kinds of `telnyx-operator.io/v1alpha1`, one file each, and what they share.
//!
//! Promises that what these types hold is what the API server lets pass: every bound and rule stands in the schema.
//! Fields that mirror the Telnyx API keep its names in camelCase and its values verbatim; enums of our own are
//! in Pascal case. Unset means unmanaged, unless a field's documentation names a default. Does not know how anything is
//! acted on.

mod account;
mod adaptive;
mod announcement;
mod application;
mod audience;
mod call_flow;
mod campaign;
mod columns;
mod conference;
mod crds;
mod dial_job;
mod dial_plan;
mod do_not_call_list;
mod dry_run;
mod limits;
mod number;
mod policies;
mod profile;
mod queue;
mod references;
mod results;
mod retry;
mod schema;
mod status;

pub use account::{AccountLimits, DEFAULT_BASE_URL, TelnyxAccount, TelnyxAccountSpec, TelnyxAccountStatus};
pub use adaptive::{AdaptivePacing, Agents, PacingMode};
pub use announcement::{
    Amd, AmdMode, Announcement, AnnouncementAudio, AnnouncementText, OnMachine, OnNobody, OnNotSure,
};
pub use application::{
    AnchorsiteOverride, ApplicationInbound, ApplicationOutbound, CallControlApplication, CallControlApplicationSpec,
    DtmfType, SipSubdomainReceiveSettings, WebhookApiVersion,
};
pub use audience::{
    AudienceCompression, AudienceFormat, DuplicateNumbers, ListColumns, ListObject, Target, TargetsFrom,
};
pub use call_flow::{CallFlow, CallFlowSpec, CallFlowStatus, FlowProblem, FlowRevision, FlowWebhooks, StepCount};
pub use campaign::{
    AbandonmentStatus, AudienceStatus, CostStatus, Counts, JobCounts, OutboundCampaign, OutboundCampaignSpec,
    OutboundCampaignStatus, PacingStatus, RejectedRow,
};
pub use conference::{
    AnnouncementState, AnnouncementStatus, BeepStatus, Conference, ConferenceAnnouncement, ConferenceBeep,
    ConferenceParticipant, ConferenceParticipants, ConferenceRegion, ConferenceSpec, ConferenceStatus, Lobby,
    ParticipantRule, PlayedAudio, Recording, RecordingFormat, RoleStatus, SpokenText, SupervisorRole,
};
pub use crds::crds;
pub use dial_job::{CampaignRef, DialJob, DialJobSpec, DialJobStatus, JobTargetsFrom, TargetStatus, TargetsSecretRef};
pub use dial_plan::{
    CalleeTimeZone, DialPlan, DrainPolicy, FromSelection, OnAmbiguous, Pacing, Purpose, RampUp, UnknownTimeZone,
    Weekday, Window,
};
pub use do_not_call_list::{
    DoNotCallCount, DoNotCallEntry, DoNotCallFormat, DoNotCallList, DoNotCallListSpec, DoNotCallListStatus,
    DoNotCallRejected, DoNotCallSource, DoNotCallStorage, DoNotCallUrl,
};
pub use dry_run::{DryRunAssumptions, EstimateStatus, EstimatedHour};
pub use limits::{
    Amount, Blackout, Budget, CircuitBreaker, Compliance, CompliancePreset, CostBudget, CountOrPercent, FailurePolicy,
    FrequencyCap, Holiday, NotAPercentage, Percent, SuccessPolicy,
};
pub use number::Number;
pub use policies::{AdoptionPolicy, DeletionPolicy, DriftPolicy, Import, ManagementPolicy, Policies, ResolvedPolicies};
pub use profile::{
    CallRecording, CallRecordingChannels, CallRecordingFormat, CallRecordingType, CallingWindow, OutboundVoiceProfile,
    OutboundVoiceProfileSpec, ServicePlan, TrafficType, UsagePaymentMethod,
};
pub use queue::{Occupancy, Queue, QueueSpec, QueueStatus, QueuedCall};
pub use references::{AccountRef, CallFlowRef, ConfigMapKeyRef, LocalRef, PinnedFlow, SecretKeyRef};
pub use results::{Results, ResultsSink, ResultsStatus, SinkAuth};
pub use retry::{Heard, Retry, RetryAction, RetryOutcome, RetryRule};
pub use status::{COMPLIANCE_OVERRIDE, Drift, RECONCILE_REQUESTED_AT, RemoteStatus};

/// API group of all kinds.
pub const GROUP: &str = "telnyx-operator.io";
/// API version of all kinds.
pub const VERSION: &str = "v1alpha1";
