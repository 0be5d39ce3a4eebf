//! `OutboundVoiceProfile`: `/outbound_voice_profiles`.
//!
//! The mark of ownership is a tag, `telnyx-operator:{uid}`, which stands beside the user's own tags.

use super::wire::{fields, request, text, word};
use crate::api::{CallRecording, CallingWindow, OutboundVoiceProfile, OutboundVoiceProfileSpec};
use crate::reconcile::{Account, External, Listed, Object as _, Proof, References, RemoteKind, Wanted};
use futures::TryStreamExt;
use reconcile_plan::{Equality, Fields, Names, Outcome, Rules};
use serde_json::json;
use telnyx_voice::{Client, Endpoint, Error, Lane, Party, ProfileFilter, ProfileId, ProfileRequest};

const TAG: &str = "telnyx-operator:";

/// How the loop handles profiles.
#[derive(Debug)]
pub struct Profiles;

impl External for Profiles {
    type Object = OutboundVoiceProfile;

    const KIND: RemoteKind = RemoteKind::Profile;
    const ENDPOINT: Endpoint = Endpoint::Profiles;
    const RULES: Rules = Rules {
        equality: &[
            ("daily_spend_limit", Equality::Decimal),
            ("whitelisted_destinations", Equality::Set),
            ("tags", Equality::Set),
            ("call_recording.call_recording_caller_phone_numbers", Equality::Set),
        ],
        always_sent: &["name"],
        fixed: &[],
    };
    const NAMES: Names = Names::Shared;
    const VOLATILE: &'static [&'static str] = &["connections_count"];

    fn resolve(object: &Self::Object, _account: &Account, _references: &dyn References) -> Result<Wanted, Outcome> {
        let name = object.spec.name.clone().unwrap_or_else(|| object.name().to_owned());
        let mark = format!("{TAG}{}", object.uid());
        let mut wanted = fields(&wanted(&object.spec, &name));
        let mut create_only = Fields::new();
        // Where the user manages the tags, ours is one of them; where not, it is set once and left alone.
        match &object.spec.tags {
            Some(tags) => {
                let all: Vec<&str> = tags.iter().map(String::as_str).chain([mark.as_str()]).collect();
                wanted.insert("tags".to_owned(), json!(all));
            }
            None => {
                create_only.insert("tags".to_owned(), json!([mark]));
            }
        }
        Ok(Wanted { name, fields: wanted, create_only, proof: Proof::Mark })
    }

    fn refers_to_profile(_object: &Self::Object, _name: &str) -> bool {
        false
    }

    fn listed(fields: Fields) -> Option<Listed> {
        let tags = fields.get("tags").and_then(|tags| tags.as_array()).map(Vec::as_slice).unwrap_or_default();
        let mark = tags.iter().find_map(|tag| tag.as_str()?.strip_prefix(TAG)).map(str::to_owned);
        Some(Listed { id: text(&fields, "id")?, name: text(&fields, "name").unwrap_or_default(), mark, fields })
    }

    async fn list(client: &Client) -> Result<Vec<Listed>, Error> {
        client
            .lane(Lane::Resync)
            .outbound_voice_profiles(&ProfileFilter::default())
            .try_filter_map(async |profile| Ok(Self::listed(fields(&profile))))
            .try_collect()
            .await
    }

    async fn read(client: &Client, id: &str) -> Result<Fields, Error> {
        client.get_outbound_voice_profile(&ProfileId::from(id)).await.map(|profile| fields(&profile))
    }

    async fn create(client: &Client, body: Fields) -> Result<Fields, Error> {
        let body: ProfileRequest = request(body);
        client.create_outbound_voice_profile(&body).await.map(|profile| fields(&profile))
    }

    async fn update(client: &Client, id: &str, body: Fields) -> Result<Fields, Error> {
        let body: ProfileRequest = request(body);
        client.update_outbound_voice_profile(&ProfileId::from(id), &body).await.map(|profile| fields(&profile))
    }

    async fn delete(client: &Client, id: &str) -> Result<(), Error> {
        client.delete_outbound_voice_profile(&ProfileId::from(id)).await
    }
}

fn wanted(spec: &OutboundVoiceProfileSpec, name: &str) -> ProfileRequest {
    ProfileRequest {
        billing_group_id: spec.billing_group_id.clone(),
        call_recording: spec.call_recording.as_ref().map(recording),
        calling_window: spec.calling_window.as_ref().map(window),
        concurrent_call_limit: spec.concurrent_call_limit.map(i64::from),
        daily_spend_limit: spec.daily_spend_limit.clone(),
        daily_spend_limit_enabled: spec.daily_spend_limit_enabled,
        enabled: spec.enabled,
        max_destination_rate: spec.max_destination_rate,
        name: Some(name.to_owned()),
        service_plan: spec.service_plan.as_ref().and_then(word),
        tags: None,
        traffic_type: spec.traffic_type.as_ref().and_then(word),
        usage_payment_method: spec.usage_payment_method.as_ref().and_then(word),
        whitelisted_destinations: spec.whitelisted_destinations.clone(),
    }
}

fn recording(spec: &CallRecording) -> telnyx_voice::CallRecording {
    let numbers = spec.call_recording_caller_phone_numbers.as_ref();
    telnyx_voice::CallRecording {
        call_recording_caller_phone_numbers: numbers
            .map(|numbers| numbers.iter().map(|number| Party::from(number.expose())).collect()),
        call_recording_channels: spec.call_recording_channels.as_ref().and_then(word),
        call_recording_format: spec.call_recording_format.as_ref().and_then(word),
        call_recording_type: spec.call_recording_type.as_ref().and_then(word),
    }
}

fn window(spec: &CallingWindow) -> telnyx_voice::CallingWindow {
    telnyx_voice::CallingWindow {
        calls_per_cld: spec.calls_per_cld.map(i64::from),
        end_time: spec.end_time.clone(),
        start_time: spec.start_time.clone(),
    }
}
