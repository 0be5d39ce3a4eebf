//! Call Control applications: where the webhooks of a call go, and how its legs are set up.

use crate::bounds::Rule;
use crate::ids::{ConnectionId, ProfileId};
use crate::macros::{open_enum, record, request};
use crate::time::ApiTime;

open_enum! {
    /// Where the media of a call enters the network.
    pub enum AnchorsiteOverride {
        Latency = "Latency",
        Chicago = "Chicago, IL",
        Ashburn = "Ashburn, VA",
        SanJose = "San Jose, CA",
        London = "London, UK",
        Chennai = "Chennai, IN",
        Amsterdam = "Amsterdam, Netherlands",
        Toronto = "Toronto, Canada",
        Sydney = "Sydney, Australia",
    }
}

open_enum! {
    /// How key presses travel.
    pub enum DtmfType { Rfc2833 = "RFC 2833", Inband = "Inband", SipInfo = "SIP INFO" }
}

open_enum! {
    /// The envelope of the webhooks. Only `2` can be read by this crate; the API's default is `1`.
    pub enum WebhookApiVersion { V1 = "1", V2 = "2" }
}

open_enum! {
    /// From whom the application's SIP subdomain takes calls.
    pub enum SipSubdomainReceiveSettings { OnlyMyConnections = "only_my_connections", FromAnyone = "from_anyone" }
}

request! {
    /// How calls come in.
    pub struct Inbound {
        /// Concurrent inbound calls; no limit where missing.
        channel_limit: i64,
        shaken_stir_enabled: bool,
        sip_subdomain: String,
        sip_subdomain_receive_settings: SipSubdomainReceiveSettings,
    }
}

request! {
    /// How calls go out.
    pub struct Outbound {
        /// Concurrent outbound calls; no limit where missing.
        channel_limit: i64,
        /// Without a profile every dial is refused.
        outbound_voice_profile_id: ProfileId,
    }
}

request! {
    /// The writable fields of an application, for create and update. A create and an update both need `application_name` and
    /// `webhook_event_url`; what is missing from an update stays as it is.
    pub struct ApplicationRequest {
        active: bool,
        anchorsite_override: AnchorsiteOverride,
        application_name: String,
        call_cost_in_webhooks: bool,
        dtmf_type: DtmfType,
        first_command_timeout: bool,
        first_command_timeout_secs: i64,
        inbound: Inbound,
        outbound: Outbound,
        redact_dtmf_debug_logging: bool,
        /// Update only: a create does not take tags.
        tags: Vec<String>,
        webhook_api_version: WebhookApiVersion,
        webhook_event_failover_url: String,
        webhook_event_url: String,
        /// Seconds that a webhook may take.
        webhook_timeout_secs: i64 => [Rule::Range(0, 30)],
    }
}

record! {
    /// An application as the API knows it. The writable fields are named as in [`ApplicationRequest`].
    pub struct Application {
        id: ConnectionId,
        active: bool,
        anchorsite_override: AnchorsiteOverride,
        application_name: String,
        call_cost_in_webhooks: bool,
        created_at: ApiTime,
        dtmf_type: DtmfType,
        first_command_timeout: bool,
        first_command_timeout_secs: i64,
        inbound: Inbound,
        outbound: Outbound,
        record_type: String,
        redact_dtmf_debug_logging: bool,
        tags: Vec<String>,
        updated_at: ApiTime,
        webhook_api_version: WebhookApiVersion,
        webhook_event_failover_url: String,
        webhook_event_url: String,
        webhook_timeout_secs: i64,
    }
}

open_enum! {
    /// The order of a list of applications; a `-` in front reverses it.
    pub enum ApplicationSort {
        CreatedAt = "created_at",
        ConnectionName = "connection_name",
        Active = "active",
    }
}

/// Which applications a list gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplicationFilter {
    /// Part of the name, at least 3 characters.
    pub application_name_contains: Option<String>,
    /// Only those that dial through this profile.
    pub outbound_voice_profile_id: Option<ProfileId>,
    /// The order; `created_at` where missing.
    pub sort: Option<ApplicationSort>,
}

impl ApplicationFilter {
    /// The pairs of the query.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.application_name_contains.clone().map(|v| ("filter[application_name][contains]", v)));
        query.extend(
            self.outbound_voice_profile_id
                .as_ref()
                .map(|v| ("filter[outbound.outbound_voice_profile_id]", v.to_string())),
        );
        query.extend(self.sort.as_ref().map(|v| ("sort", v.to_string())));
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enum_value_that_is_not_listed_is_kept() {
        let answer = r#"{"dtmf_type":"telepathy","brand_new_field":1,"active":null}"#;
        let application: Application = serde_json::from_str(answer).unwrap();
        assert_eq!(application.dtmf_type, Some(DtmfType::Unknown("telepathy".to_owned())));
        assert_eq!(application.active, None);
        assert_eq!(serde_json::to_string(&application).unwrap(), r#"{"dtmf_type":"telepathy"}"#);
    }

    #[test]
    fn every_listed_value_is_read_as_itself() {
        for value in AnchorsiteOverride::KNOWN {
            assert_eq!(&AnchorsiteOverride::from(value.as_str()), value);
        }
    }
}
