//! `OutboundVoiceProfile`: mirrors `/outbound_voice_profiles`.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::Column;
use super::policies::{Import, Policies};
use super::references::AccountRef;
use super::status::RemoteStatus;

/// What `kubectl get` shows.
pub(super) const COLUMNS: [Column; 6] = [
    Column::ready("Whether the profile exists and is as declared."),
    Column::SYNCED,
    Column::ID,
    Column::REASON.wide(),
    Column::ACCOUNT,
    Column::AGE,
];

/// An outbound voice profile. Fields that mirror the API keep its names and values; a field that is unset is left to
/// whoever manages it otherwise.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "telnyx-operator.io",
    version = "v1alpha1",
    kind = "OutboundVoiceProfile",
    plural = "outboundvoiceprofiles",
    shortname = "ovp",
    category = "telnyx",
    namespaced,
    status = "RemoteStatus",
    derive = "PartialEq",
    doc = "An outbound voice profile at Telnyx: where calls may go, how many, and what they may cost."
)]
#[serde(rename_all = "camelCase")]
pub struct OutboundVoiceProfileSpec {
    /// The account that the profile belongs to. Immutable.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self == oldSelf",
        "message": "accountRef is immutable: a profile cannot move to another account, create another resource",
    }]))]
    pub account_ref: AccountRef,
    /// Takes over a profile that exists already, instead of creating one. Unset: one is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,
    /// Whether the operator leaves this object alone: nothing is read or written, except that deleting the resource
    /// still follows its deletion policy. Unset: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// The policies.
    #[serde(flatten)]
    pub policies: Policies,

    /// Name of the profile, 3 to 255 characters. Names need not be unique at Telnyx. Unset: `metadata.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 255))]
    pub name: Option<String>,
    /// Whether calls may leave through the profile. Unset: unmanaged; new profiles are enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Countries that may be called, as ISO 3166-1 alpha-2 codes; at most 250. Unset: unmanaged; new profiles have US
    /// and CA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 250), inner(length(max = 2), pattern(r"^[A-Z]{2}$")))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub whitelisted_destinations: Option<Vec<String>>,
    /// Most calls at once, 1 to 100000; must not exceed the account's limit. Unset: unmanaged; new profiles have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub concurrent_call_limit: Option<u32>,
    /// Most that may be spent between 00:00 and 24:00 UTC, in US dollars, as a decimal number in a string. Acts only
    /// when `dailySpendLimitEnabled` is true. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), pattern(r"^[0-9]{1,12}(\.[0-9]{1,6})?$"))]
    pub daily_spend_limit: Option<String>,
    /// Whether `dailySpendLimit` acts. Unset: unmanaged; off for new profiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_spend_limit_enabled: Option<bool>,
    /// Highest price per minute of a destination that may be called, in US dollars, 0 to 1000. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub max_destination_rate: Option<f64>,
    /// When calls may be started, in UTC: a backstop for campaigns, whose own windows follow the callee's clock. A beta
    /// feature of Telnyx. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling_window: Option<CallingWindow>,
    /// Which calls Telnyx records. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_recording: Option<CallRecording>,
    /// Id of the billing group, a UUID. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 36), pattern(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"))]
    pub billing_group_id: Option<String>,
    /// Kind of traffic: `conversational` is the only value of the API. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TrafficType")]
    pub traffic_type: Option<TrafficType>,
    /// Service plan: `global` is the only value of the API. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ServicePlan")]
    pub service_plan: Option<ServicePlan>,
    /// How calls are paid for: `rate-deck` is the only value of the API. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UsagePaymentMethod")]
    pub usage_payment_method: Option<UsagePaymentMethod>,
    /// Labels of your own at Telnyx, at most 20 of at most 100 characters. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 100)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub tags: Option<Vec<String>>,
}

/// When calls may be started, in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.startTime) == has(self.endTime)",
    "message": "set both startTime and endTime, or neither",
}]))]
pub struct CallingWindow {
    /// First minute, as HH:MM in UTC. Needs `endTime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), pattern(r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub start_time: Option<String>,
    /// Minute at which no call is started any more, as HH:MM in UTC. Needs `startTime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), pattern(r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub end_time: Option<String>,
    /// Most calls started to one number per window, 1 to 100000. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub calls_per_cld: Option<u32>,
}

/// Which calls Telnyx records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.callRecordingType) || self.callRecordingType != 'by_caller_phone_number' || (has(self.callRecordingCallerPhoneNumbers) && size(self.callRecordingCallerPhoneNumbers) > 0)",
    "message": "callRecordingType by_caller_phone_number needs callRecordingCallerPhoneNumbers",
}]))]
pub struct CallRecording {
    /// Which calls: `all`, `none` or `by_caller_phone_number`. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CallRecordingType")]
    pub call_recording_type: Option<CallRecordingType>,
    /// Caller numbers whose calls are recorded, in E.164 form, at most 1000. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub call_recording_caller_phone_numbers: Option<Vec<super::Number>>,
    /// `single`: both sides in one channel; `dual`: one channel each. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CallRecordingChannels")]
    pub call_recording_channels: Option<CallRecordingChannels>,
    /// File format, `wav` or `mp3`. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CallRecordingFormat")]
    pub call_recording_format: Option<CallRecordingFormat>,
}

/// Which calls are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallRecordingType {
    /// Every call.
    All,
    /// None.
    None,
    /// Those of the listed callers.
    ByCallerPhoneNumber,
}

/// How a recording's sides are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallRecordingChannels {
    /// Mixed.
    Single,
    /// Apart.
    Dual,
}

/// File format of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallRecordingFormat {
    /// Uncompressed.
    Wav,
    /// Compressed.
    Mp3,
}

/// Kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrafficType {
    /// People talking.
    Conversational,
}

/// Service plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServicePlan {
    /// The only one.
    Global,
}

/// How calls are paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum UsagePaymentMethod {
    /// By the price list.
    #[serde(rename = "rate-deck")]
    RateDeck,
}
