//! The marks by which campaigns, jobs and Secrets find each other.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::{DialJob, OutboundCampaign};

/// On jobs and Secrets: the UID of the campaign that they were cut from. A name may be longer than a label's value.
pub const CAMPAIGN_UID: &str = "telnyx-operator.io/campaign-uid";
/// On jobs and Secrets: which part of the audience, counted from 0.
pub const ORDINAL: &str = "telnyx-operator.io/ordinal";
/// Holds a campaign, a job or a call flow until its calls have ended.
pub const FINALIZER: &str = "telnyx-operator.io/drain";

/// Whether every target of the campaign, or job, has ended, durably, in success or not. Final: nothing is dialled for it
/// again.
pub trait MayBeOver {
    /// Its conditions.
    fn conditions(&self) -> &[Condition];

    /// Whether they say so.
    fn is_over(&self) -> bool {
        let is_end = |kind: &str| matches!(kind, "Complete" | "Failed");
        self.conditions().iter().any(|condition| is_end(&condition.type_) && condition.status == "True")
    }
}

impl MayBeOver for OutboundCampaign {
    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }
}

impl MayBeOver for DialJob {
    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }
}
