//! What strangers' bytes reach first, one function per input. None may panic, hang or believe what is not so, whatever the bytes.
//!
//! `make fuzz TARGET=webhook` feeds one to libFuzzer; the tests below run each over its seeds, and over seeds cut short and
//! turned over, with every `make test`.

#![allow(clippy::missing_panics_doc, reason = "a panic is how a fuzzer is told of a find")]

use std::time::Duration;

use audience::{Audience, Compression, Format, How};
use call_flow::{Decoded, FlowKey, FlowSpec, compile, graph};
use jiff::Timestamp;
use serde_json::{Value, json};
use telnyx_voice::webhook::{Event, PublicKey, SignatureHeaders, verify};

/// A public key whose private half is not here.
const NOBODYS_KEY: &str = "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY=";
/// Of the longest expression that a flow may hold.
const MAX_EXPRESSION: usize = 4096;

/// The body of a webhook, after its signature was believed.
pub fn webhook(bytes: &[u8]) {
    let Ok(event) = Event::parse(bytes) else { return };
    let _ =
        (event.time(), event.call_control_id(), event.call_leg_id(), event.call_session_id(), event.connection_id());
    if let Some(state) = event.client_state() {
        let _ = Decoded::read(state);
        let _ = dialer::client_state::ClientState::decode(state.as_str());
    }
}

/// Headers and body of a webhook before anything is believed: the first line is the timestamp, the second the signature. Nobody
/// can sign for a key whose private half nobody has.
pub fn signature(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let headers = SignatureHeaders { timestamp: parts.next(), signature: parts.next() };
    let Ok(key) = PublicKey::from_base64(NOBODYS_KEY) else { return };
    let now = Timestamp::UNIX_EPOCH;
    let verified = verify(&key, headers, parts.next().unwrap_or_default(), now, Duration::from_mins(5));
    assert!(verified.is_err(), "believed: {verified:?}");
}

/// What a call carries with it, which anybody who can command the call may overwrite.
pub fn client_state(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(state) = dialer::client_state::ClientState::decode(text) {
        assert_eq!(
            dialer::client_state::ClientState::decode(&state.encode()).as_ref(),
            Ok(&state),
            "not read as written"
        );
    }
}

/// A flow as somebody wrote it, as JSON.
pub fn flow(bytes: &[u8]) {
    let Ok(spec) = serde_json::from_slice::<FlowSpec>(bytes) else { return };
    if compile(&spec, FlowKey::new("fuzz", 1)).is_ok() {
        let _ = graph::mermaid(&spec);
    }
}

/// A CEL expression, in the place of a flow where one may stand.
pub fn expression(bytes: &[u8]) {
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_EXPRESSION) else { return };
    if let Ok(spec) = serde_json::from_value::<FlowSpec>(deciding(text)) {
        let _ = compile(&spec, FlowKey::new("fuzz", 1));
    }
}

/// A flow that decides by `when`.
fn deciding(when: &str) -> Value {
    json!({ "variables": { "waiting": { "maxLength": 1 }, "agent": { "maxLength": 1 } }, "steps": [
        { "name": "pick-up", "answer": {} },
        { "name": "judge", "switch": { "cases": [{ "when": when, "next": "over" }] } },
        { "name": "over", "hangup": {} },
    ] })
}

/// A list of targets. The first byte chooses how it is written and packed.
pub fn audience(bytes: &[u8]) {
    let Some((choice, list)) = bytes.split_first() else { return };
    let format = if choice & 1 == 0 { Format::Csv } else { Format::JsonLines };
    let compression = match choice >> 1 & 3 {
        0 | 3 => Compression::None,
        1 => Compression::Gzip,
        _ => Compression::Zstd,
    };
    let how = How { compression, ..How::plain(format) };
    if let Ok(read) = Audience::parse(&how, list) {
        let mut ids: Vec<_> = read.rows.iter().map(|row| row.id.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), read.rows.len(), "two targets of one id");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done with the bytes.
    type Body = fn(&[u8]);

    /// Each input with the folder of its seeds.
    const INPUTS: [(&str, Body); 6] = [
        ("webhook", webhook),
        ("signature", signature),
        ("client_state", client_state),
        ("flow", flow),
        ("expression", expression),
        ("audience", audience),
    ];

    fn seeds(name: &str) -> Vec<Vec<u8>> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let files = std::fs::read_dir(&folder).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn no_seed_and_nothing_near_one_breaks_anything() {
        for (name, body) in INPUTS {
            let seeds = seeds(name);
            assert!(!seeds.is_empty(), "{name} has no seed");
            for seed in seeds {
                body(&seed);
                let step = (seed.len() / 64).max(1);
                for cut in (0..seed.len()).step_by(step) {
                    body(&seed[..cut]);
                    let mut turned = seed.clone();
                    turned[cut] ^= 0x20;
                    body(&turned);
                }
            }
        }
    }

    /// A seed that is refused at the door would try nothing behind it.
    #[test]
    fn seeds_get_past_the_first_check() {
        let all_webhooks = seeds("webhook").iter().all(|seed| Event::parse(seed).is_ok());
        assert!(all_webhooks, "a webhook that is none");
        let key = FlowKey::new("fuzz", 1);
        for seed in seeds("flow") {
            let spec: FlowSpec = serde_json::from_slice(&seed).unwrap();
            compile(&spec, key).unwrap();
        }
        for seed in seeds("expression") {
            let spec: FlowSpec = serde_json::from_value(deciding(std::str::from_utf8(&seed).unwrap())).unwrap();
            compile(&spec, key).unwrap();
        }
        for seed in seeds("client_state") {
            dialer::client_state::ClientState::decode(std::str::from_utf8(&seed).unwrap()).unwrap();
        }
        for seed in seeds("audience") {
            let format = if seed[0] & 1 == 0 { Format::Csv } else { Format::JsonLines };
            assert!(!Audience::parse(&How::plain(format), &seed[1..]).unwrap().rows.is_empty());
        }
    }
}
