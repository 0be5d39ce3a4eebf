//! Outbound voice profiles: what an account lets out, where to, and for how much.

use crate::bounds::Rule;
use crate::ids::ProfileId;
use crate::macros::{open_enum, record, request};
use crate::private::Party;
use crate::time::ApiTime;

open_enum! {
    /// Which calls are recorded.
    pub enum CallRecordingType { All = "all", None = "none", ByCallerPhoneNumber = "by_caller_phone_number" }
}

open_enum! {
    /// Both sides in one track, or one track each.
    pub enum RecordingChannels { Single = "single", Dual = "dual" }
}

open_enum! {
    /// The file format of a recording.
    pub enum RecordingFormat { Wav = "wav", Mp3 = "mp3" }
}

open_enum! {
    /// What kind of traffic the profile carries.
    pub enum TrafficType { Conversational = "conversational" }
}

open_enum! {
    /// Where the profile may call.
    pub enum ServicePlan { Global = "global" }
}

open_enum! {
    /// How calls are paid.
    pub enum UsagePaymentMethod { RateDeck = "rate-deck" }
}

request! {
    /// Which calls of the profile are recorded, and how.
    pub struct CallRecording {
        call_recording_caller_phone_numbers: Vec<Party>,
        call_recording_channels: RecordingChannels,
        call_recording_format: RecordingFormat,
        call_recording_type: CallRecordingType,
    }
}

request! {
    /// When the profile lets calls out (beta). UTC only, so no substitute for a window in the callee's own time.
    pub struct CallingWindow {
        /// Calls started to one called number per window; no limit where missing.
        calls_per_cld: i64,
        /// `HH:MM`, UTC.
        end_time: String,
        /// `HH:MM`, UTC.
        start_time: String,
    }
}

request! {
    /// The writable fields of a profile, for create and update. A create needs `name`.
    pub struct ProfileRequest {
        billing_group_id: String,
        call_recording: CallRecording,
        calling_window: CallingWindow,
        /// No limit where missing; at most the account's own.
        concurrent_call_limit: i64,
        /// US dollars per day as a decimal text; the day starts at 00:00 UTC.
        daily_spend_limit: String,
        daily_spend_limit_enabled: bool,
        enabled: bool,
        /// US dollars per minute.
        max_destination_rate: f64,
        /// 3 characters or more.
        name: String => [Rule::Length(3, u32::MAX)],
        service_plan: ServicePlan,
        tags: Vec<String>,
        traffic_type: TrafficType,
        usage_payment_method: UsagePaymentMethod,
        /// ISO 3166-1 alpha-2 codes; `US` and `CA` where missing.
        whitelisted_destinations: Vec<String>,
    }
}

record! {
    /// A profile as the API knows it. The writable fields are named as in [`ProfileRequest`].
    pub struct Profile {
        id: ProfileId,
        billing_group_id: String,
        call_recording: CallRecording,
        calling_window: CallingWindow,
        concurrent_call_limit: i64,
        connections_count: i64,
        created_at: ApiTime,
        daily_spend_limit: String,
        daily_spend_limit_enabled: bool,
        enabled: bool,
        max_destination_rate: f64,
        name: String,
        record_type: String,
        service_plan: ServicePlan,
        tags: Vec<String>,
        traffic_type: TrafficType,
        updated_at: ApiTime,
        usage_payment_method: UsagePaymentMethod,
        whitelisted_destinations: Vec<String>,
    }
}

open_enum! {
    /// The order of a list of profiles.
    pub enum ProfileSort {
        Enabled = "enabled",
        EnabledDescending = "-enabled",
        CreatedAt = "created_at",
        CreatedAtDescending = "-created_at",
        Name = "name",
        NameDescending = "-name",
        ServicePlan = "service_plan",
        ServicePlanDescending = "-service_plan",
        TrafficType = "traffic_type",
        TrafficTypeDescending = "-traffic_type",
        UsagePaymentMethod = "usage_payment_method",
        UsagePaymentMethodDescending = "-usage_payment_method",
    }
}

/// Which profiles a list gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileFilter {
    /// Part of the name, at least 3 characters.
    pub name_contains: Option<String>,
    /// The order; newest first where missing.
    pub sort: Option<ProfileSort>,
}

impl ProfileFilter {
    /// The pairs of the query.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.name_contains.clone().map(|v| ("filter[name][contains]", v)));
        query.extend(self.sort.as_ref().map(|v| ("sort", v.to_string())));
        query
    }
}
