//! Whether a webhook came from Telnyx: Ed25519 over `timestamp|body`, within a window of time.
//!
//! The clock is an argument. Whether a retried webhook carries a fresh timestamp is documented both ways, so a stale one has an
//! error of its own that can be counted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::time::Duration;
use thiserror::Error;

/// The header with the signature: base64 of 64 bytes.
pub const SIGNATURE_HEADER: &str = "telnyx-signature-ed25519";
/// The header with the moment of signing: Unix seconds.
pub const TIMESTAMP_HEADER: &str = "telnyx-timestamp";
/// How far the timestamp may be from now, either way; what the official packages use.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// The key of an account that its webhooks are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// The text is not a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the webhook public key is base64 of 32 bytes, as the portal shows it under Keys & Credentials")]
pub struct InvalidPublicKey;

impl PublicKey {
    /// Reads a key as the portal shows it.
    pub fn from_base64(text: &str) -> Result<Self, InvalidPublicKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| InvalidPublicKey)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| InvalidPublicKey)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| InvalidPublicKey)
    }

    /// The key as the portal shows it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0.as_bytes())
    }
}

/// A body that Telnyx signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'a> {
    body: &'a [u8],
    signed_at: jiff::Timestamp,
}

impl<'a> Verified<'a> {
    /// The bytes that were signed.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// When they were signed.
    #[must_use]
    pub const fn signed_at(&self) -> jiff::Timestamp {
        self.signed_at
    }

    /// The event in the body.
    pub fn event(&self) -> Result<super::Event, super::EnvelopeError> {
        super::Event::parse(self.body)
    }
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// Not sent by Telnyx, or a proxy drops headers.
    #[error("header {0} is missing")]
    MissingHeader(&'static str),
    /// Not sent by Telnyx.
    #[error("header {0} cannot be read")]
    Malformed(&'static str),
    /// A replay, a very late delivery, or a clock that is wrong.
    #[error("signed {} s {}; compare this machine's clock", .age_secs.unsigned_abs(), if *.age_secs < 0 { "in the future" } else { "ago" })]
    Stale {
        /// Seconds since it was signed; negative when that lies ahead.
        age_secs: i64,
    },
    /// Forged, changed on the way, or checked with the key of another account.
    #[error("the signature does not fit the body; compare the account's webhook public key")]
    BadSignature,
}

/// The two headers of a signed webhook, as received.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignatureHeaders<'a> {
    /// [`TIMESTAMP_HEADER`]
    pub timestamp: Option<&'a [u8]>,
    /// [`SIGNATURE_HEADER`]
    pub signature: Option<&'a [u8]>,
}

impl<'a> SignatureHeaders<'a> {
    /// Picks the two headers out of a request's.
    #[must_use]
    pub fn from_map(headers: &'a http::HeaderMap) -> Self {
        let bytes = |name| headers.get(name).map(http::HeaderValue::as_bytes);
        Self { timestamp: bytes(TIMESTAMP_HEADER), signature: bytes(SIGNATURE_HEADER) }
    }
}

/// Checks a webhook: `body` is what was received, byte for byte; the timestamp may be up to `tolerance` away from `now`, inclusive.
pub fn verify<'a>(
    key: &PublicKey,
    headers: SignatureHeaders<'_>,
    body: &'a [u8],
    now: jiff::Timestamp,
    tolerance: Duration,
) -> Result<Verified<'a>, SignatureError> {
    let stamp = headers.timestamp.ok_or(SignatureError::MissingHeader(TIMESTAMP_HEADER))?;
    let signature = headers.signature.ok_or(SignatureError::MissingHeader(SIGNATURE_HEADER))?;
    let signed_at = std::str::from_utf8(stamp)
        .ok()
        .and_then(|text| text.parse().ok())
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .ok_or(SignatureError::Malformed(TIMESTAMP_HEADER))?;
    let signature = read_signature(signature).ok_or(SignatureError::Malformed(SIGNATURE_HEADER))?;
    let age_secs = now.as_second().saturating_sub(signed_at.as_second());
    if age_secs.unsigned_abs() > tolerance.as_secs() {
        return Err(SignatureError::Stale { age_secs });
    }
    key.0.verify_strict(&message(stamp, body), &signature).map_err(|_| SignatureError::BadSignature)?;
    Ok(Verified { body, signed_at })
}

/// Signs a body as Telnyx does, for those who send webhooks: tests and simulators. Returns the values of the two headers.
#[must_use]
pub fn sign(key: &SigningKey, body: &[u8], now: jiff::Timestamp) -> SignedHeaders {
    let timestamp = now.as_second().to_string();
    let signature = key.sign(&message(timestamp.as_bytes(), body));
    SignedHeaders { signature: STANDARD.encode(signature.to_bytes()), timestamp }
}

/// The public half of a signing key.
#[must_use]
pub fn public_key(key: &SigningKey) -> PublicKey {
    PublicKey(key.verifying_key())
}

/// The headers of a webhook that was signed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// [`TIMESTAMP_HEADER`]
    pub timestamp: String,
    /// [`SIGNATURE_HEADER`]
    pub signature: String,
}

impl SignedHeaders {
    /// As the receiver sees them.
    #[must_use]
    pub fn as_headers(&self) -> SignatureHeaders<'_> {
        SignatureHeaders { timestamp: Some(self.timestamp.as_bytes()), signature: Some(self.signature.as_bytes()) }
    }
}

fn read_signature(text: &[u8]) -> Option<Signature> {
    let mut bytes = [0; 66];
    let read = STANDARD.decode_slice(text, &mut bytes).ok()?;
    Signature::from_slice(bytes.get(..read)?).ok()
}

fn message(timestamp: &[u8], body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(timestamp.len() + 1 + body.len());
    message.extend_from_slice(timestamp);
    message.push(b'|');
    message.extend_from_slice(body);
    message
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = br#"{"data":{}}"#;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(second).unwrap()
    }

    fn check(headers: SignatureHeaders<'_>, body: &[u8], now: i64) -> Result<(), SignatureError> {
        verify(&public_key(&key()), headers, body, at(now), TOLERANCE).map(drop)
    }

    #[test]
    fn what_was_signed_is_believed_within_five_minutes_either_way() {
        let signed = sign(&key(), BODY, at(1_000_000));
        let table = [
            (1_000_000, Ok(())),
            (1_000_300, Ok(())),
            (999_700, Ok(())),
            (1_000_301, Err(SignatureError::Stale { age_secs: 301 })),
            (999_699, Err(SignatureError::Stale { age_secs: -301 })),
        ];
        for (now, expected) in table {
            assert_eq!(check(signed.as_headers(), BODY, now), expected, "{now}");
        }
    }

    #[test]
    fn a_stale_signature_says_how_stale() {
        assert_eq!(
            SignatureError::Stale { age_secs: 301 }.to_string(),
            "signed 301 s ago; compare this machine's clock"
        );
        let ahead = SignatureError::Stale { age_secs: -301 }.to_string();
        assert_eq!(ahead, "signed 301 s in the future; compare this machine's clock");
    }

    #[test]
    fn each_way_to_be_wrong_has_its_error() {
        let signed = sign(&key(), BODY, at(1_000_000));
        let good = signed.as_headers();
        let other = sign(&SigningKey::from_bytes(&[8; 32]), BODY, at(1_000_000));
        let stamped = |timestamp| SignatureHeaders { timestamp, ..good };
        let with = |signature| SignatureHeaders { signature, ..good };
        let table: [(SignatureHeaders<'_>, &[u8], SignatureError); 12] = [
            (stamped(None), BODY, SignatureError::MissingHeader(TIMESTAMP_HEADER)),
            (with(None), BODY, SignatureError::MissingHeader(SIGNATURE_HEADER)),
            (stamped(Some(b"yesterday")), BODY, SignatureError::Malformed(TIMESTAMP_HEADER)),
            (stamped(Some(b"")), BODY, SignatureError::Malformed(TIMESTAMP_HEADER)),
            (stamped(Some(b"99999999999999999")), BODY, SignatureError::Malformed(TIMESTAMP_HEADER)),
            (stamped(Some(b"\xff")), BODY, SignatureError::Malformed(TIMESTAMP_HEADER)),
            (with(Some(b"not base64!")), BODY, SignatureError::Malformed(SIGNATURE_HEADER)),
            (with(Some(b"c2hvcnQ=")), BODY, SignatureError::Malformed(SIGNATURE_HEADER)),
            (with(Some(&[b'A'; 4096])), BODY, SignatureError::Malformed(SIGNATURE_HEADER)),
            (with(Some(other.signature.as_bytes())), BODY, SignatureError::BadSignature),
            (good, b"{\"data\":{ }}", SignatureError::BadSignature),
            (stamped(Some(b"1000001")), BODY, SignatureError::BadSignature),
        ];
        for (headers, body, expected) in table {
            assert_eq!(check(headers, body, 1_000_000), Err(expected));
        }
    }

    /// RFC 8032 §7.1, test 2, shows that the primitive is the one that Telnyx uses; the message here has no `|` of ours in it.
    #[test]
    fn the_primitive_is_the_ed25519_of_the_standard() {
        let secret = [
            0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a,
            0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb,
        ];
        let key = SigningKey::from_bytes(&secret);
        assert_eq!(public_key(&key).to_base64(), "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=");
        assert_eq!(key.sign(&[0x72]).to_bytes()[..4], [0x92, 0xa0, 0x09, 0xa9]);
    }

    #[test]
    fn a_public_key_is_32_bytes_of_base64() {
        let key = public_key(&key());
        assert_eq!(PublicKey::from_base64(&format!("{}\n", key.to_base64())), Ok(key));
        for text in ["", "key", "c2hvcnQ=", "not base64!"] {
            assert_eq!(PublicKey::from_base64(text), Err(InvalidPublicKey));
        }
    }

    #[test]
    fn headers_are_found_in_a_request() {
        let signed = sign(&key(), BODY, at(1_000_000));
        let mut map = http::HeaderMap::new();
        map.insert("Telnyx-Timestamp", signed.timestamp.parse().unwrap());
        map.insert("Telnyx-Signature-Ed25519", signed.signature.parse().unwrap());
        assert_eq!(check(SignatureHeaders::from_map(&map), BODY, 1_000_000), Ok(()));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_noticed(body in proptest::collection::vec(any::<u8>(), 1..200), place: prop::sample::Index, flip in 1..=255_u8) {
            let signed = sign(&key(), &body, at(1_000_000));
            prop_assert_eq!(check(signed.as_headers(), &body, 1_000_000), Ok(()));
            let mut changed = body.clone();
            changed[place.index(body.len())] ^= flip;
            prop_assert_eq!(check(signed.as_headers(), &changed, 1_000_000), Err(SignatureError::BadSignature));
        }
    }
}
