//! `CallControlApplication`: mirrors `/call_control_applications`.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::Column;
use super::policies::{Import, Policies};
use super::references::{AccountRef, LocalRef};
use super::status::RemoteStatus;

/// What `kubectl get` shows.
pub(super) const COLUMNS: [Column; 6] = [
    Column::ready("Whether the application exists and is as declared."),
    Column::SYNCED,
    Column::ID,
    Column::REASON.wide(),
    Column::ACCOUNT,
    Column::AGE,
];

/// A Call Control application. Fields that mirror the API keep its names and values; a field that is unset is left to
/// whoever manages it otherwise.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "telnyx-operator.io",
    version = "v1alpha1",
    kind = "CallControlApplication",
    plural = "callcontrolapplications",
    shortname = "ccapp",
    category = "telnyx",
    namespaced,
    status = "RemoteStatus",
    derive = "PartialEq",
    doc = "A Call Control application at Telnyx: where its webhooks go, and how its calls leave and arrive."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.callFlowRef) || (!has(self.webhookEventUrl) && (!has(self.webhookApiVersion) || self.webhookApiVersion == '2'))",
    "message": "callFlowRef needs the operator's own webhook URL: leave webhookEventUrl unset and webhookApiVersion at 2",
}]))]
pub struct CallControlApplicationSpec {
    /// The account that the application belongs to. Immutable.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self == oldSelf",
        "message": "accountRef is immutable: an application cannot move to another account, create another resource",
    }]))]
    pub account_ref: AccountRef,
    /// Takes over an application that exists already, instead of creating one. Unset: one is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,
    /// Whether the operator leaves this object alone: nothing is read or written, except that deleting the resource
    /// still follows its deletion policy. Unset: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// The policies.
    #[serde(flatten)]
    pub policies: Policies,

    /// Name of the application, 1 to 255 characters. Names need not be unique at Telnyx. Unset: `metadata.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub application_name: Option<String>,
    /// Whether calls may be made and received. Unset: unmanaged; new applications are active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Where webhooks go, at most 2000 characters. Unset: the operator's own receiver, at the account's
    /// `webhookBaseUrl`, followed by `/webhooks/{namespace}/{account}/{uid of this object}`. Campaigns need that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000), pattern(r"^https?://[^\s/?#]+([/?#]\S*)?$"))]
    pub webhook_event_url: Option<String>,
    /// Where webhooks go after two failed attempts at `webhookEventUrl`, at most 2000 characters; an empty string for
    /// nowhere. Unset: as `webhookEventUrl`, from the account's `webhookFailoverBaseUrl`; unmanaged when the account
    /// has none or `webhookEventUrl` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000), pattern(r"^(https?://[^\s/?#]+([/?#]\S*)?)?$"))]
    pub webhook_event_failover_url: Option<String>,
    /// Form of the webhooks. The operator's receiver understands only `2`; choose `1` for a receiver of your own.
    #[serde(default)]
    pub webhook_api_version: WebhookApiVersion,
    /// Seconds that Telnyx waits for an answer to a webhook before it counts as failed, 0 to 30. Unset: unmanaged;
    /// Telnyx waits 2 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 30))]
    pub webhook_timeout_secs: Option<u32>,
    /// Where media is anchored: `Latency` (the nearest site), `Chicago, IL`, `Ashburn, VA`, `San Jose, CA`,
    /// `London, UK`, `Chennai, IN`, `Amsterdam, Netherlands`, `Toronto, Canada`, `Sydney, Australia`. Unset: unmanaged;
    /// new applications have `Latency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AnchorsiteOverride")]
    pub anchorsite_override: Option<AnchorsiteOverride>,
    /// How key presses travel: `RFC 2833`, `Inband` or `SIP INFO`. Unset: unmanaged; new applications have `RFC 2833`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DtmfType")]
    pub dtmf_type: Option<DtmfType>,
    /// Whether a call is hung up when no command comes within `firstCommandTimeoutSecs`. Unset: unmanaged; off for new
    /// applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_command_timeout: Option<bool>,
    /// Seconds to wait for the first command, 1 to 3600. Unset: unmanaged; 30 for new applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub first_command_timeout_secs: Option<u32>,
    /// Whether a webhook with the cost follows each call. Unset: unmanaged; off for new applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_cost_in_webhooks: Option<bool>,
    /// Whether key presses are blanked in Telnyx's debug log: turn it on where callers enter PINs or card numbers.
    /// Unset: unmanaged; off for new applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redact_dtmf_debug_logging: Option<bool>,
    /// The `CallFlow` in this namespace that calls which arrive run. Needs the operator's own webhook URL and version 2.
    /// Unset: whoever else takes the application's webhooks answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_flow_ref: Option<LocalRef>,
    /// Calls that arrive. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbound: Option<ApplicationInbound>,
    /// Calls that leave. Unset: unmanaged; without a profile every dial is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound: Option<ApplicationOutbound>,
}

/// Calls that arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationInbound {
    /// Most inbound calls at once, 1 to 100000. Unset: unmanaged; new applications have no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub channel_limit: Option<u32>,
    /// Whether the caller's STIR/SHAKEN attestation is passed on. Unset: unmanaged; off for new applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shaken_stir_enabled: Option<bool>,
    /// Subdomain of sip.telnyx.com under which the application takes SIP calls: one label, 1 to 63 characters. Unset:
    /// unmanaged; new applications have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), pattern(r"^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$"))]
    pub sip_subdomain: Option<String>,
    /// Whose SIP calls the subdomain takes: `only_my_connections` or `from_anyone`. Unset: unmanaged; new applications
    /// have `from_anyone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SipSubdomainReceiveSettings")]
    pub sip_subdomain_receive_settings: Option<SipSubdomainReceiveSettings>,
}

/// Calls that leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!(has(self.outboundVoiceProfileRef) && has(self.outboundVoiceProfileId))",
    "message": "set at most one of outboundVoiceProfileRef (a profile declared here) and outboundVoiceProfileId (any other)",
}]))]
pub struct ApplicationOutbound {
    /// Most outbound calls at once, 1 to 100000. Unset: unmanaged; new applications have no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub channel_limit: Option<u32>,
    /// The `OutboundVoiceProfile` in this namespace through which calls leave. The application waits until the profile
    /// has an id. Excludes `outboundVoiceProfileId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_voice_profile_ref: Option<LocalRef>,
    /// Id of a profile that no resource here declares, 1 to 64 characters. Excludes `outboundVoiceProfileRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub outbound_voice_profile_id: Option<String>,
}

/// Form of the webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum WebhookApiVersion {
    /// The older form. The operator's receiver does not understand it.
    #[serde(rename = "1")]
    V1,
    /// The form of all current documentation. Not the API's own default, which is `1`.
    #[default]
    #[serde(rename = "2")]
    V2,
}

/// Where media is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AnchorsiteOverride {
    /// The site with the least latency.
    Latency,
    /// Chicago.
    #[serde(rename = "Chicago, IL")]
    Chicago,
    /// Ashburn.
    #[serde(rename = "Ashburn, VA")]
    Ashburn,
    /// San Jose.
    #[serde(rename = "San Jose, CA")]
    SanJose,
    /// London.
    #[serde(rename = "London, UK")]
    London,
    /// Chennai.
    #[serde(rename = "Chennai, IN")]
    Chennai,
    /// Amsterdam.
    #[serde(rename = "Amsterdam, Netherlands")]
    Amsterdam,
    /// Toronto.
    #[serde(rename = "Toronto, Canada")]
    Toronto,
    /// Sydney.
    #[serde(rename = "Sydney, Australia")]
    Sydney,
}

/// How key presses travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DtmfType {
    /// As RTP events.
    #[serde(rename = "RFC 2833")]
    Rfc2833,
    /// As tones in the audio.
    Inband,
    /// As SIP messages.
    #[serde(rename = "SIP INFO")]
    SipInfo,
}

/// Whose SIP calls a subdomain takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SipSubdomainReceiveSettings {
    /// Those of the account's own connections.
    OnlyMyConnections,
    /// Everybody's.
    FromAnyone,
}
