//! Every command of the API can be written as a step.

use std::collections::BTreeSet;

use call_flow::Kind;
use serde_json::Value;

/// What the official SDK offers; see `crates/telnyx-voice/tests/contract`.
pub(crate) const CONTRACT: &str = include_str!("../../../telnyx-voice/tests/contract/telnyx-voice.json");

/// Endpoints that no step reaches.
const NOT_STEPS: [&str; 6] = [
    // Reads.
    "calls.retrieve_status",
    "conferences.list",
    "conferences.list_participants",
    "conferences.retrieve",
    "conferences.retrieve_participant",
    // The kind `Conference` declares it: a policy of a participant, not of one call's flow.
    "conferences.update_participant",
];

/// What any step may reach, for the position.
const ANY: &str = "calls.actions.update_client_state";

#[test]
fn every_command_is_reached_by_some_step() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let offered: BTreeSet<&str> = contract["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|endpoint| endpoint["sdk"].as_str().unwrap())
        .filter(|name| name.starts_with("calls.") || name.starts_with("conferences."))
        .collect();
    let reached: BTreeSet<&str> = Kind::ALL.iter().flat_map(|kind| kind.endpoints()).copied().collect();
    let left: Vec<_> = offered.difference(&reached).filter(|name| !NOT_STEPS.contains(name)).collect();
    assert!(left.is_empty(), "no step reaches {left:?}");
    let unknown: Vec<_> = reached.difference(&offered).collect();
    assert!(unknown.is_empty(), "the API has no {unknown:?}");
    assert!(reached.contains(ANY));
    for name in NOT_STEPS {
        assert!(offered.contains(name) && !reached.contains(name), "{name} is listed for nothing");
    }
}

#[test]
fn kinds_are_found_by_their_names() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        assert!(!kind.summary().is_empty());
    }
    assert_eq!(Kind::parse("sing"), None);
}
