//! Signatures made by another implementation of Ed25519 are believed, and no others.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use conformance::Python;
use serde::Deserialize;
use telnyx_voice::webhook::{PublicKey, SignatureError, SignatureHeaders, TOLERANCE, verify};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    public_key: String,
    signature: String,
}

/// A body with what a careless receiver breaks: signs beyond ASCII, escapes, blanks, a line end.
const BODY: &[u8] =
    "{ \"data\": {\"event_type\":\"call.hangup\", \"payload\":{\"text\":\"gr\u{fc}\u{df}e \\u0041\"}} }\n".as_bytes();

#[test]
fn a_signature_by_libsodium_is_believed_for_its_body_its_moment_and_its_key_alone() {
    let python = Python::ready().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let body_file = folder.path().join("body");
    std::fs::write(&body_file, BODY).unwrap();
    let signed_at = jiff::Timestamp::from_second(1_760_000_000).unwrap();
    let stamp = signed_at.as_second().to_string();
    let sign = || -> Signed {
        let said = python.run("sign.py", &[body_file.as_os_str(), stamp.as_ref()]).unwrap();
        serde_json::from_str(&said).unwrap()
    };
    let (ours, other) = (sign(), sign());
    let check = |key: &Signed, stamp: &str, body: &[u8], now| {
        let headers =
            SignatureHeaders { timestamp: Some(stamp.as_bytes()), signature: Some(ours.signature.as_bytes()) };
        let key = PublicKey::from_base64(&key.public_key).unwrap();
        verify(&key, headers, body, now, TOLERANCE).map(|verified| verified.signed_at())
    };
    assert_eq!(check(&ours, &stamp, BODY, signed_at), Ok(signed_at));
    assert_eq!(check(&other, &stamp, BODY, signed_at), Err(SignatureError::BadSignature));
    assert_eq!(check(&ours, "1760000001", BODY, signed_at), Err(SignatureError::BadSignature));
    assert_eq!(check(&ours, &stamp, BODY.trim_ascii(), signed_at), Err(SignatureError::BadSignature));
    let late = signed_at + TOLERANCE + Duration::from_secs(1);
    assert_eq!(check(&ours, &stamp, BODY, late), Err(SignatureError::Stale { age_secs: 301 }));
}
