//! The contract, and samples of what its schemas describe.

use serde_json::{Value, json};

pub(crate) fn contract() -> Value {
    serde_json::from_str(include_str!("../contract/telnyx-voice.json")).unwrap()
}

/// The `index`th sample of a schema, with every field present and within its bounds.
pub(crate) fn sample(schema: &Value, name: &str, index: usize) -> Value {
    if let Some(values) = schema["enum"].as_array() {
        return values[index % values.len()].clone();
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let (turn, choice) = (index / alternatives.len(), index % alternatives.len());
        return sample(&alternatives[choice], name, turn);
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => json!("2026-03-04T05:06:07.891234Z"),
        Some("string") => json!(text(name)),
        Some("integer") => json!(whole(name)),
        Some("number") => json!(0.25),
        Some("boolean") => json!(index.is_multiple_of(2)),
        Some("array") => json!([sample(&schema["items"], name, index)]),
        Some("object") => match schema["properties"].as_object() {
            Some(fields) => fields.iter().map(|(name, field)| (name.clone(), sample(field, name, index))).collect(),
            None => json!({ "key": sample(&schema["additionalProperties"], name, index) }),
        },
        _ => json!({ "free": "form" }),
    }
}

/// A text that a field of this name may hold.
fn text(name: &str) -> String {
    match name {
        "client_state" | "target_leg_client_state" => "YQ==".to_owned(),
        "digits" | "send_digits_on_answer" => "1w2#".to_owned(),
        "terminating_digit" => "#".to_owned(),
        "valid_digits" => "0123456789#*".to_owned(),
        "url" | "stream_url" | "conversation_relay_url" => "wss://example.com/socket".to_owned(),
        "from" => "+12025550100".to_owned(),
        "rx" | "tx" => "udp:192.0.2.1:5004".to_owned(),
        other => format!("a {other}"),
    }
}

/// A whole number that a field of this name may hold.
fn whole(name: &str) -> i64 {
    match name {
        "timeout_secs" | "time_limit_secs" => 60,
        "duration_millis" => 250,
        "session_timeout_secs" => 90,
        "max_endpoint_delay_ms" => 500,
        _ => 7,
    }
}
