//! The table of endpoints and of events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use telnyx_voice::OPERATIONS;
use telnyx_voice::surface::{OLDER_NAMES, Operation, operation};
use telnyx_voice::webhook::EventType;

use crate::shared::contract;

/// Documented in the API reference, absent from the package's types.
const NOT_IN_THE_PACKAGE: &[&str] = &["conference.floor.changed"];

/// The package's name of a path parameter, and the API reference's.
const RENAMED: (&str, &str) = ("{call_control_id_to_bridge}", "{call_control_id}");

#[test]
fn the_table_and_the_contract_have_the_same_endpoints() {
    let contract = contract();
    let endpoints: BTreeMap<&str, &Value> =
        contract["endpoints"].as_array().unwrap().iter().map(|e| (e["sdk"].as_str().unwrap(), e)).collect();
    let rows: BTreeMap<&str, &Operation> = OPERATIONS.iter().map(|row| (row.name, *row)).collect();
    assert_eq!(rows.len(), OPERATIONS.len(), "a name is there twice");
    assert_eq!(rows.keys().collect::<Vec<_>>(), endpoints.keys().collect::<Vec<_>>());
    let mut renamed = 0;
    for (name, endpoint) in endpoints {
        let row = rows[name];
        assert_eq!(row.verb.as_str(), endpoint["method"], "{name}");
        let path = endpoint["path"].as_str().unwrap();
        renamed += usize::from(path.contains(RENAMED.0));
        assert_eq!(format!("/v2{}", row.path), path.replace(RENAMED.0, RENAMED.1), "{name}");
        assert_eq!(row.body.is_some(), endpoint.get("body").is_some(), "{name}");
        assert_eq!(row.command_id, endpoint["body"]["properties"]["command_id"].is_object(), "{name}");
    }
    assert_eq!(renamed, 1, "the renamed parameter is gone or used elsewhere too");
}

#[test]
fn the_list_of_events_and_the_contract_have_the_same_events() {
    let contract = contract();
    let known: BTreeSet<&str> = EventType::KNOWN.iter().map(EventType::as_str).collect();
    let mut expected: BTreeSet<&str> = contract["webhooks"].as_object().unwrap().keys().map(String::as_str).collect();
    for event in NOT_IN_THE_PACKAGE {
        assert!(expected.insert(event), "{event} is in the package now");
    }
    assert_eq!(known, expected);
}

#[test]
fn an_older_name_is_carried_by_the_operation_that_takes_it_and_unknown_to_the_contract() {
    let contract = contract();
    let endpoints = contract["endpoints"].as_array().unwrap();
    for older in OLDER_NAMES {
        assert!(operation(older.operation).is_some(), "{older:?}");
        let endpoint = endpoints.iter().find(|endpoint| endpoint["sdk"] == older.operation).unwrap();
        let fields = &endpoint["body"]["properties"];
        match older.name.split_once(": ") {
            None => assert!(fields.get(older.name).is_none(), "{} is a current name", older.name),
            Some((field, value)) => {
                // The letters of the transcription engines are in the contract: old, but not gone.
                let values = fields[field]["enum"].as_array().unwrap();
                let current = values.contains(&Value::from(value));
                assert_eq!(current, older.operation == "calls.actions.start_transcription", "{older:?}");
            }
        }
    }
}
