//! What is needed for calls: each application as Telnyx has it, its profile, the way of its webhooks, and the caller ids of
//! campaigns.

use futures::{StreamExt as _, stream};
use kube::ResourceExt as _;
use telnyx_voice::{Application, Class, Client, ConnectionId, Endpoint, Error, Profile, classify};

use super::finding::{Check, Finding};
use super::probe;
use crate::api::{CallControlApplication, OutboundCampaign, TelnyxAccount};
use crate::controllers::application::webhook_url;
use crate::reconcile::AccountKey;

/// Applications that are looked at: each costs three requests.
const MOST: usize = 20;
/// Of them at once.
const AT_ONCE: usize = 10;

/// Every application, up to [`MOST`].
pub(super) async fn check(
    client: &Client,
    http: &reqwest::Client,
    (key, account): (&AccountKey, &TelnyxAccount),
    all: &[CallControlApplication],
) -> Vec<Finding> {
    let each = stream::iter(all.iter().take(MOST)).map(|object| one(client, http, (key, account), object));
    // A firewall that drops packets lets each wait for its full time.
    let mut findings = each.buffered(AT_ONCE).collect::<Vec<_>>().await.concat();
    if all.is_empty() {
        let remedy = "create a CallControlApplication: without one there are no calls";
        findings
            .push(Check::new("application", key.to_string()).warn("none of this namespace uses the account", remedy));
    }
    if let Some(rest) = all.len().checked_sub(MOST).filter(|rest| *rest > 0) {
        let remedy = "name the namespace of those that are in doubt with -n; kubectl telnyx status shows all";
        findings
            .push(Check::new("application", key.to_string()).warn(format!("{rest} more were not looked at"), remedy));
    }
    findings
}

async fn one(
    client: &Client,
    http: &reqwest::Client,
    (key, account): (&AccountKey, &TelnyxAccount),
    object: &CallControlApplication,
) -> Vec<Finding> {
    let place = format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
    let check = Check::new("application", place.clone());
    let Some(id) = object.status.as_ref().and_then(|status| status.id.as_deref()).map(ConnectionId::from) else {
        return vec![
            check.fail("it does not exist at Telnyx yet", "see its Ready condition: kubectl telnyx status -o wide"),
        ];
    };
    let there = match client.get_application(&id).await {
        Ok(there) => there,
        Err(error) if classify(&error, Endpoint::Applications) == Class::NotFound => {
            let remedy = format!("have it made again: kubectl telnyx resync application {}", object.name_any());
            return vec![check.fail("Telnyx does not have it any more", remedy)];
        }
        Err(error) => return vec![unanswered(check, &error)],
    };
    let own = object.spec.webhook_event_url.is_none();
    let expected = |base: &Option<String>| {
        base.as_ref().map(|base| webhook_url(base, &key.namespace, &key.name, &object.uid().unwrap_or_default()))
    };
    let (first, second) = (expected(&account.spec.webhook_base_url), expected(&account.spec.webhook_failover_base_url));
    let mut findings = vec![judge_application(check, &there, if own { first.as_deref() } else { None })];
    findings.push(profile(client, Check::new("profile", place.clone()), &there).await);
    if own {
        for url in first.iter().chain(second.iter()) {
            findings.push(probe::judge(&place, url, &probe::knock(http, url).await));
        }
    }
    findings
}

fn judge_application(check: Check, there: &Application, expected: Option<&str>) -> Finding {
    if there.active == Some(false) {
        return check.fail("it is switched off at Telnyx", "set spec.active: true");
    }
    match expected {
        Some(expected) if there.webhook_event_url.as_deref() != Some(expected) => {
            let host = there.webhook_event_url.as_deref().map_or_else(|| "nowhere".to_owned(), probe::host);
            let remedy = "somebody changed it: kubectl telnyx resync application, and see its driftPolicy";
            check.fail(format!("its webhooks go elsewhere ({host})"), remedy)
        }
        Some(_) | None => check.ok("Telnyx has it as it should be"),
    }
}

async fn profile(client: &Client, check: Check, application: &Application) -> Finding {
    let Some(id) = application.outbound.as_ref().and_then(|outbound| outbound.outbound_voice_profile_id.clone()) else {
        return judge_profile(check, None);
    };
    match client.get_outbound_voice_profile(&id).await {
        Ok(profile) => judge_profile(check, Some(&profile)),
        Err(error) if classify(&error, Endpoint::Profiles) == Class::NotFound => {
            check.fail("Telnyx does not have it any more", "correct spec.outbound of the application")
        }
        Err(error) => unanswered(check, &error),
    }
}

fn judge_profile(check: Check, profile: Option<&Profile>) -> Finding {
    let Some(profile) = profile else {
        let remedy = "set spec.outbound.outboundVoiceProfileRef, unless calls only come in";
        return check.warn("the application has none: every dial is refused", remedy);
    };
    if profile.enabled == Some(false) {
        return check
            .fail("it is switched off: every dial is refused", "set spec.enabled: true of the OutboundVoiceProfile");
    }
    match profile.whitelisted_destinations.as_deref() {
        Some([]) => {
            check.fail("it allows no destination", "set spec.whitelistedDestinations of the OutboundVoiceProfile")
        }
        Some(countries) => check.ok(format!("calls may go to {}", countries.join(", "))),
        None => check.ok("Telnyx has it"),
    }
}

/// What the campaigns' last calls say of the caller ids: the Voice API has no other word on numbers.
pub(super) fn judge_numbers(key: &AccountKey, campaigns: &[OutboundCampaign]) -> Vec<Finding> {
    let mut findings = vec![];
    for campaign in campaigns {
        let check =
            Check::new("number", format!("{}/{}", campaign.namespace().unwrap_or_default(), campaign.name_any()));
        let status = campaign.status.clone().unwrap_or_default();
        let refused = status.outcomes.get("ConfigError").copied().unwrap_or_default();
        let blocked = status.conditions.iter().any(|condition| condition.reason == "CallerIdsBlocked");
        if refused > 0 {
            findings.push(check.fail(
                format!("Telnyx refused {refused} of its calls for what they were placed with"),
                "see status.targets of its jobs: a caller id must be bought or verified, and the profile must allow the destination",
            ));
        } else if blocked {
            let remedy = "give them time, or the campaign other numbers in spec.from";
            findings.push(check.warn("carriers block its caller ids: all of them rest", remedy));
        }
    }
    if findings.is_empty() {
        let seen = format!("no call of {} campaigns was refused for its caller id", campaigns.len());
        findings.push(Check::new("number", key.to_string()).ok(seen));
    }
    findings
}

fn unanswered(check: Check, error: &Error) -> Finding {
    check.fail(format!("Telnyx cannot be asked: {error}"), "try again; if it lasts, see status.telnyx.com")
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;
    use serde_json::{Value, json};

    const URL: &str = "https://hooks.example.com/webhooks/voice/main/uid";

    #[test]
    fn an_application_must_be_on_and_send_its_webhooks_here() {
        for (there, expected, verdict) in [
            (json!({ "active": true, "webhook_event_url": URL }), Some(URL), Verdict::Ok),
            (json!({ "active": false, "webhook_event_url": URL }), Some(URL), Verdict::Fail),
            (
                json!({ "active": true, "webhook_event_url": "https://evil.example/x?token=1" }),
                Some(URL),
                Verdict::Fail,
            ),
            (json!({ "active": true }), Some(URL), Verdict::Fail),
            (json!({ "active": true, "webhook_event_url": "https://own.example/x" }), None, Verdict::Ok),
        ] {
            let application: Application = serde_json::from_value(there.clone()).unwrap();
            let found = judge_application(Check::new("application", "-"), &application, expected);
            assert_eq!(found.verdict, verdict, "{there}");
            assert!(!found.cause.contains("token"), "{}", found.cause);
        }
    }

    #[test]
    fn a_profile_must_be_on_and_allow_some_destination() {
        let of = |profile: Value| {
            let profile: Option<Profile> = serde_json::from_value(profile).unwrap();
            judge_profile(Check::new("profile", "-"), profile.as_ref()).verdict
        };
        assert_eq!(of(Value::Null), Verdict::Warn);
        assert_eq!(of(json!({ "enabled": true, "whitelisted_destinations": ["US"] })), Verdict::Ok);
        assert_eq!(of(json!({ "enabled": true, "whitelisted_destinations": [] })), Verdict::Fail);
        assert_eq!(of(json!({ "enabled": false, "whitelisted_destinations": ["US"] })), Verdict::Fail);
    }

    #[test]
    fn what_campaigns_have_met_speaks_for_their_numbers() {
        let key = AccountKey { namespace: "voice".to_owned(), name: "main".to_owned() };
        let campaign = |status: Value| {
            let spec = json!({
                "accountRef": { "name": "main" }, "applicationRef": { "name": "support" }, "from": ["+12025550199"],
                "purpose": "Informational", "announcement": { "text": { "payload": "Hello.", "voice": "female" } },
            });
            let object = json!({ "apiVersion": "telnyx-operator.io/v1alpha1", "kind": "OutboundCampaign",
                "metadata": { "name": "spring", "namespace": "voice" }, "spec": spec, "status": status });
            serde_json::from_value::<OutboundCampaign>(object).unwrap()
        };
        let verdict = |status: Value| judge_numbers(&key, &[campaign(status)])[0].verdict;
        let blocked = json!({ "conditions": [{ "type": "Dialing", "status": "False", "reason": "CallerIdsBlocked",
            "message": "", "lastTransitionTime": "2026-11-21T10:00:00Z" }] });
        assert_eq!(verdict(json!({})), Verdict::Ok);
        assert_eq!(verdict(blocked), Verdict::Warn);
        assert_eq!(verdict(json!({ "outcomes": { "ConfigError": 2 } })), Verdict::Fail);
        assert_eq!(judge_numbers(&key, &[])[0].verdict, Verdict::Ok);
    }
}
