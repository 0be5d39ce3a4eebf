//! `CallControlApplication`: `/call_control_applications`.
//!
//! A webhook URL that the spec leaves unset leads to the operator's receiver and ends in the object's UID. That makes it
//! the mark of ownership too.

use super::wire::{fields, request, text, word};
use crate::api::{ApplicationInbound, ApplicationOutbound, CallControlApplication, CallControlApplicationSpec};
use crate::reconcile::{Account, External, Listed, Object as _, Proof, Reference, References, RemoteKind, Wanted};
use futures::TryStreamExt;
use reconcile_plan::{Equality, Fields, Names, Outcome, Reason, Referent, Rules};
use telnyx_voice::{
    ApplicationFilter, ApplicationRequest, Client, ConnectionId, Endpoint, Error, Inbound, Outbound, ProfileId,
};

/// How the loop handles applications.
#[derive(Debug)]
pub struct Applications;

impl External for Applications {
    type Object = CallControlApplication;

    const KIND: RemoteKind = RemoteKind::Application;
    const ENDPOINT: Endpoint = Endpoint::Applications;
    const RULES: Rules = Rules {
        equality: &[("webhook_event_url", Equality::Url), ("webhook_event_failover_url", Equality::Url)],
        always_sent: &["application_name", "webhook_event_url"],
        fixed: &[],
    };
    const NAMES: Names = Names::Shared;
    const VOLATILE: &'static [&'static str] = &[];

    fn resolve(object: &Self::Object, account: &Account, references: &dyn References) -> Result<Wanted, Outcome> {
        let urls = Urls::of(object, account)?;
        let profile = profile_of(object, references)?;
        let name = object.spec.application_name.clone().unwrap_or_else(|| object.name().to_owned());
        let request = wanted(&object.spec, &name, &urls, profile);
        Ok(Wanted { name, fields: fields(&request), create_only: Fields::new(), proof: urls.proof })
    }

    fn refers_to_profile(object: &Self::Object, name: &str) -> bool {
        referred_profile(object) == Some(name)
    }

    fn listed(fields: Fields) -> Option<Listed> {
        Some(Listed {
            id: text(&fields, "id")?,
            name: text(&fields, "application_name").unwrap_or_default(),
            mark: text(&fields, "webhook_event_url").as_deref().and_then(mark_in).map(str::to_owned),
            fields,
        })
    }

    async fn list(client: &Client) -> Result<Vec<Listed>, Error> {
        client
            .lane(telnyx_voice::Lane::Resync)
            .applications(&ApplicationFilter::default())
            .try_filter_map(async |application| Ok(Self::listed(fields(&application))))
            .try_collect()
            .await
    }

    async fn read(client: &Client, id: &str) -> Result<Fields, Error> {
        client.get_application(&ConnectionId::from(id)).await.map(|application| fields(&application))
    }

    async fn create(client: &Client, body: Fields) -> Result<Fields, Error> {
        let body: ApplicationRequest = request(body);
        client.create_application(&body).await.map(|application| fields(&application))
    }

    async fn update(client: &Client, id: &str, body: Fields) -> Result<Fields, Error> {
        let body: ApplicationRequest = request(body);
        client.update_application(&ConnectionId::from(id), &body).await.map(|application| fields(&application))
    }

    async fn delete(client: &Client, id: &str) -> Result<(), Error> {
        client.delete_application(&ConnectionId::from(id)).await
    }
}

/// Where webhooks go.
struct Urls {
    event: String,
    failover: Option<String>,
    proof: Proof,
}

impl Urls {
    fn of(object: &CallControlApplication, account: &Account) -> Result<Self, Outcome> {
        let spec = &object.spec;
        if let Some(event) = &spec.webhook_event_url {
            let failover = spec.webhook_event_failover_url.clone();
            return Ok(Self { event: event.clone(), failover, proof: Proof::NameWasFree });
        }
        let Some(base) = &account.spec.webhook_base_url else {
            let message = format!(
                "spec.webhookEventUrl: set it, or set spec.webhookBaseUrl of TelnyxAccount {} to the public address of the operator's webhook receiver",
                account.key
            );
            return Err(Outcome::Terminal { reason: Reason::InvalidSpec, message });
        };
        let own = |base: &str| webhook_url(base, &account.key.namespace, &account.key.name, object.uid());
        let failover = account.spec.webhook_failover_base_url.as_deref().map(own);
        Ok(Self {
            event: own(base),
            failover: spec.webhook_event_failover_url.clone().or(failover),
            proof: Proof::Mark,
        })
    }
}

/// The operator's webhook address for one object: `{base}/webhooks/{account's namespace}/{account}/{uid}`.
#[must_use]
pub fn webhook_url(base: &str, namespace: &str, account: &str, uid: &str) -> String {
    format!("{}/webhooks/{namespace}/{account}/{uid}", base.trim_end_matches('/'))
}

/// The UID at the end of a webhook address of ours.
fn mark_in(url: &str) -> Option<&str> {
    let mut parts = url.rsplit('/');
    let (uid, _account, _namespace, marker) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (marker == "webhooks" && uuid::Uuid::try_parse(uid).is_ok()).then_some(uid)
}

fn referred_profile(object: &CallControlApplication) -> Option<&str> {
    let reference = object.spec.outbound.as_ref()?.outbound_voice_profile_ref.as_ref()?;
    Some(&reference.name)
}

/// The id of the profile that calls leave through, once there is one.
fn profile_of(object: &CallControlApplication, references: &dyn References) -> Result<Option<ProfileId>, Outcome> {
    let Some(name) = referred_profile(object) else {
        let outbound = object.spec.outbound.as_ref();
        return Ok(outbound.and_then(|outbound| outbound.outbound_voice_profile_id.as_deref()).map(ProfileId::from));
    };
    let wait = |reason, need: &str| {
        let kind = "OutboundVoiceProfile";
        Err(Outcome::waiting(Referent { reason, kind, name: name.to_owned(), need: need.to_owned() }))
    };
    match references.profile(object.namespace(), name) {
        Reference::Id(id) => Ok(Some(ProfileId::from(id))),
        Reference::NotReady => wait(Reason::ReferenceNotReady, "it has no id at Telnyx yet"),
        Reference::Missing => wait(Reason::ReferenceNotFound, "it does not exist in this namespace"),
    }
}

fn wanted(
    spec: &CallControlApplicationSpec,
    name: &str,
    urls: &Urls,
    profile: Option<ProfileId>,
) -> ApplicationRequest {
    ApplicationRequest {
        active: spec.active,
        anchorsite_override: spec.anchorsite_override.as_ref().and_then(word),
        application_name: Some(name.to_owned()),
        call_cost_in_webhooks: spec.call_cost_in_webhooks,
        dtmf_type: spec.dtmf_type.as_ref().and_then(word),
        first_command_timeout: spec.first_command_timeout,
        first_command_timeout_secs: spec.first_command_timeout_secs.map(i64::from),
        inbound: spec.inbound.as_ref().map(inbound),
        outbound: spec.outbound.as_ref().map(|outbound| outbound_of(outbound, profile)),
        redact_dtmf_debug_logging: spec.redact_dtmf_debug_logging,
        tags: None,
        webhook_api_version: word(&spec.webhook_api_version),
        webhook_event_failover_url: urls.failover.clone(),
        webhook_event_url: Some(urls.event.clone()),
        webhook_timeout_secs: spec.webhook_timeout_secs.map(i64::from),
    }
}

fn inbound(spec: &ApplicationInbound) -> Inbound {
    Inbound {
        channel_limit: spec.channel_limit.map(i64::from),
        shaken_stir_enabled: spec.shaken_stir_enabled,
        sip_subdomain: spec.sip_subdomain.clone(),
        sip_subdomain_receive_settings: spec.sip_subdomain_receive_settings.as_ref().and_then(word),
    }
}

fn outbound_of(spec: &ApplicationOutbound, profile: Option<ProfileId>) -> Outbound {
    Outbound { channel_limit: spec.channel_limit.map(i64::from), outbound_voice_profile_id: profile }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_read_back_from_the_address_that_carries_it() {
        let uid = "3f0f4c0e-7a39-4b55-9d3c-0f6f7c5d2a11";
        for base in ["https://hooks.example.com", "https://hooks.example.com/", "http://h:8080/telnyx"] {
            assert_eq!(mark_in(&webhook_url(base, "calls", "main", uid)), Some(uid));
        }
        for other in
            ["https://h/webhooks/a/b/not-a-uid", "https://h/hooks/a/b/3f0f4c0e-7a39-4b55-9d3c-0f6f7c5d2a11", ""]
        {
            assert_eq!(mark_in(other), None, "{other}");
        }
    }
}
