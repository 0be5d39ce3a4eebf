//! The behaviour file: the sample is what it claims to be, mistakes are named.

#![allow(clippy::unwrap_used, reason = "tests")]

use telnyx_simulator::{Config, ConfigError};

const SAMPLE: &str = include_str!("../simulator.yaml");

#[test]
fn the_sample_states_the_built_in_behaviour_and_adds_only_examples() {
    let sample = Config::parse(SAMPLE).unwrap();
    assert!(sample.faults.iter().all(|fault| fault.probability == 0.0));
    assert!(!sample.numbers.is_empty());
    assert_eq!(Config { faults: Vec::new(), numbers: Vec::new(), ..sample }, Config::default());
}

#[test]
fn an_empty_file_is_a_usable_account() {
    assert_eq!(Config::parse("{}").unwrap(), Config::default());
}

#[test]
fn a_mistake_is_refused_with_its_place() {
    for (yaml, named) in [
        ("speeed: 2", "speeed"),
        ("callees:\n  person:\n    earlyshare: 1", "earlyshare"),
        ("callees: {shares: {human: 1}}", "human"),
        ("switches: {duplicateCommand: maybe}", "maybe"),
        ("faults: [{effect: {refuse: {status: 503}}}]", "code"),
        ("speed: 0", "speed"),
        ("callees: {amd: {wrongShare: 1.5}}", "callees.amd.wrongShare"),
        ("numbers: [{outcome: busy}]", "numbers[0]"),
        ("faults: [{effect: dropWebhook}, {probability: 2, effect: dropWebhook}]", "faults[1].probability"),
        (
            "callees: {shares: {person: 0, machine: 0, fax: 0, silence: 0, noAnswer: 0, busy: 0, rejected: 0, notFound: 0, carrierFailure: 0}}",
            "callees.shares",
        ),
        ("callees: {person: {keys: {replies: [\"1\", \"2x\"]}}}", "callees.person.keys.replies[1]"),
        ("inbound: {stream: {perHour: 0, to: \"1\", from: [\"2\"]}}", "inbound.stream.perHour"),
        ("inbound: {lines: [{number: \"\", application: a}]}", "inbound.lines[0].number"),
        ("services: {fakeShare: 2}", "services.fakeShare"),
        ("callees: {person: {screen: {toneShare: 2}}}", "callees.person.screen.toneShare"),
        ("signingSeed: c2hvcnQ=", "32 bytes"),
        ("limits: {requests: {count: 5, perSecs: 0}}", "limits.requests.perSecs"),
    ] {
        let error = Config::parse(yaml).unwrap_err().to_string();
        assert!(error.contains(named), "{yaml}: {error}");
    }
}

#[test]
fn an_unknown_field_is_refused_with_its_line() {
    let error = Config::parse("seed: 1\ncallees:\n  person:\n    earlyshare: 1\n").unwrap_err();
    assert!(matches!(&error, ConfigError::Unreadable { detail } if detail.contains("line 4")), "{error}");
}

#[test]
fn keys_and_seeds_are_masked_in_debug_output() {
    let shown = format!("{:?}", Config::default());
    assert!(!shown.contains("KEY_SIMULATOR") && !shown.contains("telnyx-simulator test"), "{shown}");
}
