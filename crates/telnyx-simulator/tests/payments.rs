//! Payments by keypad.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

#[path = "support/world.rs"]
mod world;

use serde_json::{Value, json};
use telnyx_simulator::Config;
use telnyx_simulator::config::{Effect, Fault, Keypad, Outcome, Spread};
use world::{Bench, fixed};

const CARD: &str = "4111111111111111#";

fn config(replies: &[&str]) -> Config {
    let mut config = fixed(Outcome::Person);
    config.callees.ring_ms = Spread::Fixed(0);
    config.callees.person.patience_ms = Spread::Fixed(600_000);
    config.callees.person.keys = Keypad {
        replies: replies.iter().map(|reply| (*reply).to_owned()).collect(),
        reaction_ms: Spread::Fixed(1000),
        between_ms: Spread::Fixed(100),
        presses: Vec::new(),
    };
    config.services.payment_ms = Spread::Fixed(2000);
    config
}

fn answered(config: Config) -> (Bench, String) {
    let mut bench = Bench::new(config);
    let call = bench.dial(json!({}));
    bench.pass_secs(1);
    bench.sent.clear();
    (bench, call)
}

/// `step status error` of each progress, then the result.
fn course(bench: &Bench) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(|text| format!(" {text}")).unwrap_or_default();
    bench
        .sent
        .iter()
        .filter_map(|one| match one.event_type() {
            "call.payment.progress" => {
                let payload = one.payload();
                let step = payload["payment_step"].as_str().unwrap();
                Some(format!("{step}{}{}", text(&payload["payment_status"]), text(&payload["error_type"])))
            }
            "call.payment.completed" => Some(format!("={}", text(&one.payload()["result"]))),
            _ => None,
        })
        .collect()
}

#[test]
fn a_card_is_asked_for_number_by_number_and_charged() {
    let (mut bench, call) = answered(config(&[CARD, "1229", "12345#", "123"]));
    bench.obey(&call, "pay", json!({"amount": 10.5, "connector_name": "shop"}));
    bench.pass_secs(60);
    assert_eq!(
        course(&bench),
        [
            "payment-card-number completed",
            "expiration-date completed",
            "postal-code completed",
            "security-code completed",
            "payment-processing processing",
            "payment-processing completed",
            "= success",
        ]
    );
    let completed = bench.last("call.payment.completed").payload();
    assert_eq!(
        (&completed["payment_card_number"], &completed["payment_card_type"]),
        (&json!("************1111"), &json!("visa"))
    );
    assert_eq!((&completed["security_code"], &completed["payment_connector"]), (&json!("***"), &json!("shop")));
    assert!(completed["charge_id"].is_string() && completed["token_id"].is_null());
    assert!(!bench.types().contains(&"call.dtmf.received"), "digits of a payment are not told");
}

#[test]
fn a_number_that_is_no_good_may_be_tried_again_until_it_is_too_often() {
    for (replies, attempts, expected) in [
        (
            vec!["4111111111111112#"],
            1,
            vec!["payment-card-number failed invalid-card-number", "= too-many-failed-attempts"],
        ),
        (vec![""], 1, vec!["payment-card-number failed timeout", "= too-many-failed-attempts"]),
        (
            vec!["4111#", CARD, "1220", "9929"],
            2,
            vec![
                "payment-card-number failed invalid-card-number",
                "payment-card-number completed",
                "expiration-date failed invalid-date",
                "expiration-date failed invalid-date",
                "= too-many-failed-attempts",
            ],
        ),
    ] {
        let (mut bench, call) = answered(config(&replies));
        bench.obey(&call, "pay", json!({"amount": 1, "max_attempts": attempts}));
        bench.pass_secs(120);
        assert_eq!(course(&bench), expected, "{replies:?}");
    }
}

#[test]
fn a_bank_account_may_be_kept_as_a_token() {
    let (mut bench, call) = answered(config(&["021000021", "000123456789#"]));
    bench.obey(&call, "pay", json!({"transaction_type": "tokenize", "payment_method": "ach-debit"}));
    bench.pass_secs(60);
    let completed = bench.last("call.payment.completed").payload();
    assert_eq!((&completed["result"], &completed["payment_method"]), (&json!("success"), &json!("ach-debit")));
    assert_eq!(completed["bank_account_number"], "********6789");
    assert!(completed["token_id"].is_string() && completed["charge_id"].is_null());
}

#[test]
fn a_token_needs_no_digits_and_the_processor_may_fail() {
    let (mut bench, call) = answered(config(&[]));
    bench.world.arm(Fault::new(Effect::Fail).event("call.payment.completed"));
    bench.obey(&call, "pay", json!({"amount": 3, "payment_token": "tok"}));
    bench.pass_secs(10);
    let expected = ["payment-processing processing", "payment-processing failed", "= payment-connector-error"];
    assert_eq!(course(&bench), expected);
}

#[test]
fn a_card_type_that_is_not_wanted_is_refused() {
    let (mut bench, call) = answered(config(&[CARD]));
    bench.obey(&call, "pay", json!({"amount": 3, "valid_card_types": ["amex"]}));
    bench.pass_secs(30);
    assert_eq!(course(&bench)[0], "payment-card-number failed invalid-card-type");
}

#[test]
fn a_hangup_cancels_the_payment_and_recordings_pause_meanwhile() {
    let (mut bench, call) = answered(config(&[]));
    bench.obey(&call, "record_start", json!({"channels": "single", "format": "mp3", "max_length": 20}));
    bench.pass_secs(5);
    bench.obey(&call, "pay", json!({"amount": 3, "timeout_millis": 60_000}));
    bench.pass_secs(60);
    assert_eq!(course(&bench), ["payment-card-number failed timeout", "= too-many-failed-attempts"]);
    assert!(!bench.types().contains(&"call.recording.saved"));
    bench.obey(&call, "pay", json!({"amount": 3}));
    assert_eq!(bench.refusal(&call, "pay", json!({"amount": 3})), "422 10027 -");
    bench.obey(&call, "hangup", json!({}));
    let types = bench.types();
    assert_eq!(types[types.len() - 2..], ["call.payment.completed", "call.hangup"]);
    assert_eq!(bench.last("call.payment.completed").payload()["result"], "cancelled");
}

#[test]
fn fields_of_a_payment_are_judged() {
    let (mut bench, call) = answered(config(&[]));
    for (body, expected) in [
        (json!({}), "422 10004 /amount"),
        (json!({"amount": 0}), "422 10033 /amount"),
        (json!({"amount": 1, "currency": "EUR"}), "422 10032 /currency"),
        (json!({"amount": 1, "payment_method": "cash"}), "422 10032 /payment_method"),
        (json!({"amount": 1, "max_attempts": 0}), "422 10033 /max_attempts"),
    ] {
        assert_eq!(bench.refusal(&call, "pay", body.clone()), expected, "{body}");
    }
}
