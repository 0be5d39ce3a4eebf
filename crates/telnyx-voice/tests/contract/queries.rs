//! What lists can be asked for.

use std::collections::BTreeSet;

use serde_json::Value;
use telnyx_voice::conference::{ConferenceFilter, ConferenceRegion, ConferenceStatus, ParticipantFilter};
use telnyx_voice::{
    ApplicationFilter, ApplicationSort, CallEventFilter, CallEventType, DeliveryFilter, DeliveryStatus, OccurredAt,
    Product, ProfileFilter, ProfileSort,
};

use crate::shared::contract;

/// The package gives these three lists one and the same filter type, which holds the filters of all of them. The API reference
/// says which filter is whose; each list here has its own. An entry that is not needed fails the test.
const OF_ANOTHER_LIST: &[(&str, &[&str])] = &[
    (
        "call_control_applications.list",
        &[
            "filter[application_session_id]",
            "filter[connection_id]",
            "filter[failed]",
            "filter[from]",
            "filter[leg_id]",
            "filter[name]",
            "filter[occurred_at][eq]",
            "filter[occurred_at][gt]",
            "filter[occurred_at][gte]",
            "filter[occurred_at][lt]",
            "filter[occurred_at][lte]",
            "filter[product]",
            "filter[status]",
            "filter[to]",
            "filter[type]",
        ],
    ),
    (
        "conferences.list",
        &[
            "filter[application_name][contains]",
            "filter[application_session_id]",
            "filter[failed]",
            "filter[from]",
            "filter[leg_id]",
            "filter[occurred_at][eq]",
            "filter[occurred_at][gt]",
            "filter[occurred_at][gte]",
            "filter[occurred_at][lt]",
            "filter[occurred_at][lte]",
            "filter[outbound.outbound_voice_profile_id]",
            "filter[product]",
            "filter[to]",
            "filter[type]",
        ],
    ),
    (
        "call_events.list",
        &["filter[application_name][contains]", "filter[outbound.outbound_voice_profile_id]", "filter[status]"],
    ),
];

/// The names and enum values that the client can send, with everything asked for.
fn sent(endpoint: &str) -> (BTreeSet<&'static str>, Vec<(&'static str, Vec<String>)>) {
    fn names(query: Vec<(&'static str, String)>) -> BTreeSet<&'static str> {
        query.into_iter().map(|(name, _)| name).collect()
    }
    fn known<T: std::fmt::Display>(values: &[T]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }
    let now = jiff::Timestamp::UNIX_EPOCH;
    match endpoint {
        "call_control_applications.list" => {
            let filter = ApplicationFilter {
                application_name_contains: Some("abc".to_owned()),
                outbound_voice_profile_id: Some("7".into()),
                sort: Some(ApplicationSort::Active),
            };
            (names(filter.query()), vec![("sort", known(ApplicationSort::KNOWN))])
        }
        "outbound_voice_profiles.list" => {
            let filter = ProfileFilter { name_contains: Some("abc".to_owned()), sort: Some(ProfileSort::Name) };
            (names(filter.query()), vec![("sort", known(ProfileSort::KNOWN))])
        }
        "conferences.list" => {
            let filter = ConferenceFilter {
                connection_id: Some("7".into()),
                name: Some("a".to_owned()),
                region: Some(ConferenceRegion::Us),
                status: Some(ConferenceStatus::Init),
            };
            let enums =
                vec![("region", known(ConferenceRegion::KNOWN)), ("filter[status]", known(ConferenceStatus::KNOWN))];
            (names(filter.query()), enums)
        }
        "conferences.list_participants" => {
            let filter = ParticipantFilter {
                muted: Some(true),
                on_hold: Some(true),
                region: Some(ConferenceRegion::Us),
                whispering: Some(true),
            };
            (names(filter.query()), vec![("region", known(ConferenceRegion::KNOWN))])
        }
        // An argument of the method.
        "conferences.retrieve" => (BTreeSet::from(["region"]), vec![("region", known(ConferenceRegion::KNOWN))]),
        "call_events.list" => {
            let filter = CallEventFilter {
                leg_id: Some("a".into()),
                application_session_id: Some("b".into()),
                connection_id: Some("c".into()),
                failed: Some(true),
                from: Some("d".into()),
                to: Some("e".into()),
                name: Some("f".to_owned()),
                occurred_at: None,
                product: Some(Product::CallControl),
                event_type: Some(CallEventType::Webhook),
            };
            let moments = [
                OccurredAt::At(now),
                OccurredAt::After(now),
                OccurredAt::Since(now),
                OccurredAt::Before(now),
                OccurredAt::Until(now),
            ];
            let all = moments.map(|at| names(CallEventFilter { occurred_at: Some(at), ..filter.clone() }.query()));
            let enums = vec![("filter[product]", known(Product::KNOWN)), ("filter[type]", known(CallEventType::KNOWN))];
            (all.into_iter().flatten().collect(), enums)
        }
        "webhook_deliveries.list" => {
            let filter = DeliveryFilter {
                status: Some(DeliveryStatus::Failed),
                event_type: Some("a".to_owned()),
                webhook_contains: Some("b".to_owned()),
                attempts_contains: Some("c".to_owned()),
                started_since: Some(now),
                started_until: Some(now),
                finished_since: Some(now),
                finished_until: Some(now),
            };
            (names(filter.query()), vec![("filter[status][eq]", known(DeliveryStatus::KNOWN))])
        }
        _ => (BTreeSet::new(), Vec::new()),
    }
}

/// The names of a query and the schemas of its values; brackets for what is nested.
fn flat(schema: &Value, name: &str) -> Vec<(String, Value)> {
    let Some(fields) = schema["properties"].as_object() else { return vec![(name.to_owned(), schema.clone())] };
    let inner = |field: &str| if name.is_empty() { field.to_owned() } else { format!("{name}[{field}]") };
    fields.iter().flat_map(|(field, part)| flat(part, &inner(field))).collect()
}

#[test]
fn every_query_parameter_can_be_sent_and_no_other() {
    for endpoint in contract()["endpoints"].as_array().unwrap() {
        let name = endpoint["sdk"].as_str().unwrap();
        let (sent, enums) = sent(name);
        let Some(query) = endpoint.get("query") else {
            assert!(sent.is_empty(), "{name} has no query");
            continue;
        };
        let expected = flat(query, "");
        // The client turns the pages itself.
        let (paging, expected): (Vec<_>, Vec<_>) =
            expected.into_iter().partition(|(parameter, _)| parameter.starts_with("page["));
        assert!(paging.is_empty() || paging.len() == 2, "{name}: {paging:?}");
        let mut wanted: BTreeSet<&str> = expected.iter().map(|(parameter, _)| parameter.as_str()).collect();
        for parameter in OF_ANOTHER_LIST.iter().filter(|(list, _)| *list == name).flat_map(|(_, names)| *names) {
            assert!(wanted.remove(parameter), "{name} has no {parameter}: the exception is not needed");
            assert!(!sent.contains(parameter), "{name} can send {parameter}: the exception is not needed");
        }
        assert_eq!(sent, wanted, "{name}");
        let documented = |parameter: &str| {
            let (_, schema) = expected.iter().find(|(other, _)| other == parameter).unwrap();
            schema["enum"]
                .as_array()
                .unwrap()
                .iter()
                .map(|value| value.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        for (parameter, values) in &enums {
            assert_eq!(values, &documented(parameter), "{name}, {parameter}");
        }
        let with_enum = expected
            .iter()
            .filter(|(parameter, schema)| sent.contains(parameter.as_str()) && schema["enum"].is_array());
        assert_eq!(with_enum.count(), enums.len(), "{name} has an enum that is not compared");
    }
}
