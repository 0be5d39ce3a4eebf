//! Every rule across fields, and across the old and the new object.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::bases::{base, set};
use crate::schema;
use crate::server::Server;

/// `None`: it is taken. Some: it is refused with words that contain this.
type Says = Option<&'static str>;
/// Fields and their values; null leaves the field out.
type Fields = Value;

fn with(kind: &str, fields: &Fields) -> Value {
    let mut object = base(kind);
    apply(&mut object, fields);
    object
}

fn apply(object: &mut Value, fields: &Fields) {
    for (path, value) in fields.as_object().unwrap() {
        set(object, &format!("spec.{path}"), Some(value.clone()).filter(|value| !value.is_null()));
    }
}

const KEY: &str = "3ILFodLUgsE22tsj5OfqF9klPxqCCxpeWOK7u1lV2qo=";
const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Kind, the fields of a new object, and what the server says.
#[allow(clippy::too_many_lines, reason = "a table")]
fn objects() -> Vec<(&'static str, Fields, Says)> {
    let secret = json!({ "name": "a", "key": "b" });
    let list = json!({ "configMap": { "name": "a", "key": "list.csv" } });
    let job_list = json!({ "secretRef": { "name": "a", "key": "b", "sha256": SHA256 } });
    let evening = json!([{ "days": ["Mon"], "start": "18:00", "end": "21:30" }]);
    let early = json!([{ "days": ["Mon"], "start": "07:59", "end": "12:00" }]);
    let legal = json!([{ "days": ["Mon"], "start": "08:00", "end": "21:00" }]);
    let target =
        |from: &str, to: &str| json!([{ "id": "a", "to": "+13125550101", "notBefore": from, "expiresAt": to }]);
    let mut rows = vec![
        ("TelnyxAccount", json!({ "webhookPublicKey": KEY }), None),
        ("TelnyxAccount", json!({ "webhookPublicKey": null, "webhookPublicKeySecretRef": secret }), None),
        (
            "TelnyxAccount",
            json!({ "webhookPublicKeySecretRef": secret }),
            Some("set exactly one of webhookPublicKey and webhookPublicKeySecretRef"),
        ),
        (
            "TelnyxAccount",
            json!({ "webhookPublicKey": null }),
            Some("set exactly one of webhookPublicKey and webhookPublicKeySecretRef"),
        ),
        (
            "TelnyxAccount",
            json!({ "webhookFailoverBaseUrl": "https://b.example" }),
            Some("webhookFailoverBaseUrl needs webhookBaseUrl"),
        ),
        (
            "TelnyxAccount",
            json!({ "webhookBaseUrl": "https://a.example", "webhookFailoverBaseUrl": "https://b.example" }),
            None,
        ),
        (
            "TelnyxAccount",
            json!({ "webhookBaseUrl": "https://a.example", "webhookFailoverBaseUrl": "https://a.example" }),
            Some("webhookFailoverBaseUrl must differ from webhookBaseUrl"),
        ),
        ("CallControlApplication", json!({ "outbound": { "outboundVoiceProfileId": "1" } }), None),
        ("CallControlApplication", json!({ "outbound": { "outboundVoiceProfileRef": { "name": "a" } } }), None),
        (
            "CallControlApplication",
            json!({ "outbound": { "outboundVoiceProfileId": "1", "outboundVoiceProfileRef": { "name": "a" } } }),
            Some("set at most one of outboundVoiceProfileRef"),
        ),
        (
            "OutboundVoiceProfile",
            json!({ "callingWindow": { "startTime": "08:00" } }),
            Some("set both startTime and endTime, or neither"),
        ),
        (
            "OutboundVoiceProfile",
            json!({ "callingWindow": { "endTime": "08:00" } }),
            Some("set both startTime and endTime, or neither"),
        ),
        ("OutboundVoiceProfile", json!({ "callingWindow": { "startTime": "08:00", "endTime": "20:00" } }), None),
        ("OutboundVoiceProfile", json!({ "callingWindow": { "callsPerCld": 2 } }), None),
        (
            "OutboundVoiceProfile",
            json!({ "callRecording": { "callRecordingType": "by_caller_phone_number" } }),
            Some("callRecordingType by_caller_phone_number needs callRecordingCallerPhoneNumbers"),
        ),
        (
            "OutboundVoiceProfile",
            json!({ "callRecording": { "callRecordingType": "by_caller_phone_number", "callRecordingCallerPhoneNumbers": [] } }),
            Some("needs callRecordingCallerPhoneNumbers"),
        ),
        (
            "OutboundVoiceProfile",
            json!({ "callRecording": { "callRecordingType": "by_caller_phone_number", "callRecordingCallerPhoneNumbers": ["+14155550100"] } }),
            None,
        ),
        ("OutboundVoiceProfile", json!({ "callRecording": { "callRecordingType": "all" } }), None),
        ("OutboundCampaign", json!({ "targets": null, "targetsFrom": list }), None),
        (
            "OutboundCampaign",
            json!({ "targetsFrom": list }),
            Some("set exactly one of targets (up to 100, here) and targetsFrom"),
        ),
        (
            "OutboundCampaign",
            json!({ "targets": null }),
            Some("set exactly one of targets (up to 100, here) and targetsFrom"),
        ),
        (
            "OutboundCampaign",
            json!({ "targets": null, "targetsFrom": {} }),
            Some("set exactly one of configMap and secret"),
        ),
        (
            "OutboundCampaign",
            json!({ "targets": null, "targetsFrom": { "configMap": { "name": "a", "key": "a.csv" }, "secret": { "name": "a", "key": "a.csv" } } }),
            Some("set exactly one of configMap and secret"),
        ),
        (
            "OutboundCampaign",
            json!({ "targets": null, "targetsFrom": { "secret": { "name": "a", "key": "list.ndjson" } } }),
            None,
        ),
        (
            "OutboundCampaign",
            json!({ "targets": null, "targetsFrom": { "secret": { "name": "a", "key": "list" } } }),
            Some("set format, or name a key that ends in .csv, .jsonl or .ndjson"),
        ),
        (
            "OutboundCampaign",
            json!({ "targets": null, "targetsFrom": { "configMap": { "name": "a", "key": "listcsv" } } }),
            Some("set format, or name a key that ends in"),
        ),
        (
            "OutboundCampaign",
            json!({ "targets": null, "targetsFrom": { "configMap": { "name": "a", "key": "list" }, "format": "Csv" } }),
            None,
        ),
        (
            "DialJob",
            json!({ "campaignRef": { "name": "a", "uid": "b" } }),
            Some("set exactly one of campaignRef and plan"),
        ),
        ("DialJob", json!({ "plan": null }), Some("set exactly one of campaignRef and plan")),
        ("DialJob", json!({ "plan": null, "campaignRef": { "name": "a", "uid": "b" } }), None),
        ("DialJob", json!({ "targets": null }), Some("set exactly one of targets and targetsFrom")),
        ("DialJob", json!({ "targetsFrom": job_list }), Some("set exactly one of targets and targetsFrom")),
        ("DialJob", json!({ "targets": null, "targetsFrom": job_list }), None),
    ];
    for (kind, plan) in [("OutboundCampaign", ""), ("DialJob", "plan.")] {
        let at = |fields: &[(&str, Value)]| {
            Value::Object(fields.iter().map(|(path, value)| (format!("{plan}{path}"), value.clone())).collect())
        };
        let audio = json!({ "audio": { "url": "https://a.example/a.mp3" } });
        let both = json!({ "text": { "payload": "a" }, "audio": { "url": "https://a.example/a.mp3" } });
        rows.extend([
            (kind, at(&[("announcement", json!({}))]), Some("set exactly one of text and audio")),
            (kind, at(&[("announcement", both)]), Some("set exactly one of text and audio")),
            (kind, at(&[("announcement", audio)]), None),
            (kind, at(&[("windows", json!([]))]), None),
            (kind, at(&[("windows", json!([{ "days": ["Mon"], "start": "00:00", "end": "24:00" }]))]), None),
            (
                kind,
                at(&[("windows", json!([{ "days": ["Mon"], "start": "22:00", "end": "06:00" }]))]),
                Some("end must be after start"),
            ),
            (
                kind,
                at(&[("windows", json!([{ "days": ["Mon"], "start": "22:00", "end": "22:00" }]))]),
                Some("end must be after start"),
            ),
            (kind, at(&[("purpose", json!("Telemarketing"))]), None),
            (kind, at(&[("purpose", json!("Telemarketing")), ("windows", legal.clone())]), None),
            (
                kind,
                at(&[("purpose", json!("Telemarketing")), ("windows", evening.clone())]),
                Some("windows must lie within 08:00 and 21:00"),
            ),
            (
                kind,
                at(&[("purpose", json!("DebtCollection")), ("windows", early.clone())]),
                Some("windows must lie within 08:00 and 21:00"),
            ),
            (kind, at(&[("purpose", json!("Informational")), ("windows", evening.clone())]), None),
            (
                kind,
                at(&[("startAt", json!("2030-01-01T00:00:00Z")), ("stopAt", json!("2030-01-01T00:00:00Z"))]),
                Some("stopAt must be after startAt"),
            ),
            (kind, at(&[("startAt", json!("2030-01-01T00:00:00Z")), ("stopAt", json!("2030-01-01T00:00:01Z"))]), None),
            (kind, at(&[("startAt", json!("tomorrow"))]), Some("date-time")),
            (kind, at(&[("pacing.dialsPerSecond", json!(0))]), Some("use suspend to stop dialing")),
            (kind, at(&[("pacing.dialsPerSecond", json!(0.01))]), None),
            (
                kind,
                at(&[("ringTimeoutSecs", json!(60)), ("maxCallSecs", json!(60))]),
                Some("maxCallSecs must be longer than ringTimeoutSecs"),
            ),
            (kind, at(&[("ringTimeoutSecs", json!(60)), ("maxCallSecs", json!(61))]), None),
            (kind, at(&[("retry.rules", json!([{ "outcomes": ["Busy"], "action": "Retry", "afterSecs": 60 }]))]), None),
            (
                kind,
                at(&[("retry.rules", json!([{ "outcomes": ["Busy"], "action": "FailTarget", "afterSecs": 60 }]))]),
                Some("afterSecs is only for action Retry"),
            ),
            (
                kind,
                json!({ "targets": target("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z") }),
                Some("expiresAt must be after notBefore"),
            ),
            (kind, json!({ "targets": target("2030-01-01T00:00:00Z", "2030-01-01T02:00:00+01:00") }), None),
        ]);
    }
    rows
}

/// Kind, fields of the stored object, fields that are changed, and what the server says.
fn changes() -> Vec<(&'static str, Fields, Fields, Says)> {
    let other = json!({ "name": "other" });
    let none = json!({});
    let mut rows = vec![
        ("Queue", none.clone(), json!({ "queueName": "a" }), Some("queueName is immutable")),
        ("Queue", json!({ "queueName": "a" }), json!({ "queueName": "b" }), Some("queueName is immutable")),
        ("Queue", json!({ "queueName": "a" }), json!({ "queueName": null }), Some("queueName is immutable")),
        ("Queue", json!({ "queueName": "a" }), json!({ "maxSize": 5 }), None),
        ("Queue", none.clone(), json!({ "accountRef": other }), Some("accountRef is immutable: a queue")),
        (
            "CallControlApplication",
            none.clone(),
            json!({ "accountRef": other }),
            Some("accountRef is immutable: an application"),
        ),
        (
            "OutboundVoiceProfile",
            none.clone(),
            json!({ "accountRef": other }),
            Some("accountRef is immutable: a profile"),
        ),
        (
            "OutboundCampaign",
            none.clone(),
            json!({ "accountRef": other }),
            Some("accountRef is immutable: create another resource"),
        ),
        ("OutboundCampaign", none.clone(), json!({ "applicationRef": other }), Some("applicationRef is immutable")),
        (
            "OutboundCampaign",
            none.clone(),
            json!({ "pacing.dialsPerSecond": 5, "windows": [], "suspend": true, "stopAt": "2030-01-01T00:00:00Z" }),
            None,
        ),
        (
            "DialJob",
            none.clone(),
            json!({ "plan.suspend": true, "plan.pacing.dialsPerSecond": 5, "plan.windows": [] }),
            None,
        ),
        (
            "DialJob",
            none.clone(),
            json!({ "plan.accountRef": other }),
            Some("accountRef is immutable: create another resource"),
        ),
        ("DialJob", none.clone(), json!({ "plan.applicationRef": other }), Some("applicationRef is immutable")),
        (
            "DialJob",
            none.clone(),
            json!({ "plan": null, "campaignRef": { "name": "a", "uid": "b" } }),
            Some("campaignRef is immutable"),
        ),
        (
            "DialJob",
            json!({ "plan": null, "campaignRef": { "name": "a", "uid": "b" } }),
            json!({ "campaignRef.uid": "c" }),
            Some("campaignRef is immutable"),
        ),
    ];
    for kind in ["Queue", "CallControlApplication", "OutboundVoiceProfile"] {
        rows.extend([
            (
                kind,
                json!({ "import": { "id": "1" } }),
                json!({ "import": { "id": "2" } }),
                Some("import.id is immutable"),
            ),
            (kind, none.clone(), json!({ "import": { "id": "2" } }), None),
            (kind, json!({ "import": { "id": "1" } }), json!({ "import": null }), None),
        ]);
    }
    let list = json!({ "configMap": { "name": "a", "key": "a.csv" } });
    let other_list = json!({ "configMap": { "name": "b", "key": "a.csv" } });
    let people = json!([{ "id": "two", "to": "+13125550102" }]);
    let while_suspended = [
        (
            none.clone(),
            json!({ "targets": people }),
            "targets and targetsFrom can be changed only while the campaign is suspended",
        ),
        (
            none.clone(),
            json!({ "targets": null, "targetsFrom": list }),
            "targets and targetsFrom can be changed only while",
        ),
        (
            json!({ "targets": null, "targetsFrom": list }),
            json!({ "targetsFrom": other_list }),
            "targets and targetsFrom can be changed only while",
        ),
        (none.clone(), json!({ "from": ["+14155550199"] }), "from can be changed only while the campaign is suspended"),
        (
            none.clone(),
            json!({ "purpose": "Political" }),
            "purpose can be changed only while the campaign is suspended",
        ),
    ];
    for (before, after, says) in while_suspended {
        let mut suspended = before.clone();
        suspended["suspend"] = json!(true);
        let mut suspending = after.clone();
        suspending["suspend"] = json!(true);
        rows.push(("OutboundCampaign", before.clone(), after.clone(), Some(says)));
        rows.push(("OutboundCampaign", before, suspending, Some(says)));
        rows.push(("OutboundCampaign", suspended, after, None));
    }
    let job_list = json!({ "secretRef": { "name": "a", "key": "b", "sha256": SHA256 } });
    let mut other_job_list = job_list.clone();
    other_job_list["secretRef"]["name"] = json!("b");
    let immutable = Some("targets and targetsFrom are immutable");
    rows.extend([
        ("DialJob", none.clone(), json!({ "targets": people }), immutable),
        ("DialJob", none.clone(), json!({ "targets": null, "targetsFrom": job_list }), immutable),
        (
            "DialJob",
            json!({ "targets": null, "targetsFrom": job_list }),
            json!({ "targetsFrom": other_job_list }),
            immutable,
        ),
    ]);
    rows
}

/// Fields of a job's plan that can be changed later; a test holds them against the schema.
const CHANGEABLE: [&str; 3] = ["suspend", "pacing", "windows"];
/// Fields of a plan that have a rule of their own.
const REFERENCES: [&str; 2] = ["accountRef", "applicationRef"];

/// A change of each other field of a plan.
fn changes_of_plans() -> Vec<(&'static str, Value)> {
    vec![
        ("from", json!(["+14155550199"])),
        ("fromSelection", json!("Sticky")),
        ("purpose", json!("Political")),
        ("announcement", json!({ "text": { "payload": "Goodbye." } })),
        ("amd", json!({ "mode": "premium" })),
        ("ringTimeoutSecs", json!(31)),
        ("maxCallSecs", json!(601)),
        ("calleeTimeZone", json!({ "default": "UTC" })),
        ("retry", json!({ "maxAttemptsPerTarget": 1 })),
        ("onAmbiguous", json!("Skip")),
        ("drainPolicy", json!("HangupAll")),
        ("startAt", json!("2030-01-01T00:00:00Z")),
        ("stopAt", json!("2030-01-01T00:00:00Z")),
    ]
}

#[tokio::test]
async fn every_rule_is_kept_and_says_what_to_do() {
    let server = Server::ready().await;
    let mut wrong = Vec::new();
    let rows = objects();
    let refusals = server.refusals(rows.iter().map(|(kind, fields, _)| with(kind, fields)).collect::<Vec<_>>()).await;
    for ((kind, fields, says), refusal) in rows.iter().zip(refusals) {
        wrong.extend(complaint(&format!("{kind} {fields}"), *says, refusal));
    }
    let plans = changes_of_plans().into_iter().map(|(field, value)| {
        let field = format!("plan.{field}");
        ("DialJob", json!({}), json!({ field: value }), Some("only suspend, pacing and windows of a job's plan"))
    });
    for (kind, before, change, says) in changes().into_iter().chain(plans) {
        let stored = with(kind, &before);
        let mut changed = stored.clone();
        apply(&mut changed, &change);
        let refusal = server.refusal_of_change(&stored, &changed).await;
        wrong.extend(complaint(&format!("{kind} {before} -> {change}"), says, refusal));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.release().await;
}

fn complaint(what: &str, says: Says, refusal: Option<String>) -> Option<String> {
    match (says, refusal) {
        (None, None) => None,
        (Some(says), Some(refusal)) if refusal.contains(says) => None,
        (None, Some(refusal)) => Some(format!("{what} should be taken: {refusal}")),
        (Some(says), None) => Some(format!("{what} should be refused with {says:?}")),
        (Some(says), Some(refusal)) => Some(format!("{what} should say {says:?}: {refusal}")),
    }
}

#[test]
fn no_rule_of_a_schema_is_left_out() {
    let mut said: BTreeSet<(String, &str)> = BTreeSet::new();
    said.extend(objects().into_iter().filter_map(|(kind, _, says)| Some((kind.to_owned(), says?))));
    said.extend(changes().into_iter().filter_map(|(kind, _, _, says)| Some((kind.to_owned(), says?))));
    said.insert(("DialJob".to_owned(), "only suspend, pacing and windows of a job's plan"));
    let mut untried = Vec::new();
    schema::each_field(|kind, path, schema| {
        for rule in schema.x_kubernetes_validations.iter().flatten() {
            let message = rule.message.as_deref().unwrap_or_default();
            if !said.iter().any(|(of, says)| of == kind && message.contains(says)) {
                untried.push(format!("{kind} {path}: {message}"));
            }
        }
    });
    assert!(untried.is_empty(), "without a row: {untried:#?}");
}

#[test]
fn every_field_of_a_plan_is_either_changeable_or_fixed() {
    let mut fields = BTreeSet::new();
    schema::each_field(|kind, path, _| {
        if kind == "DialJob"
            && let Some(field) = path.strip_prefix("spec.plan.").filter(|field| !field.contains(['.', '[']))
        {
            fields.insert(field.to_owned());
        }
    });
    let fixed = changes_of_plans().into_iter().map(|(field, _)| field);
    let known: BTreeSet<String> =
        CHANGEABLE.into_iter().chain(REFERENCES).chain(fixed).map(ToOwned::to_owned).collect();
    assert_eq!(fields, known);
}
