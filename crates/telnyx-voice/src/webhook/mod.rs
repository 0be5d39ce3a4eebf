//! Webhooks: is it from Telnyx, and what does it say.
//!
//! ```
//! use telnyx_voice::webhook::{self, SigningKey};
//!
//! let key = SigningKey::from_bytes(&[7; 32]);
//! let body = br#"{"data":{"id":"e1","event_type":"call.answered","payload":{"call_control_id":"v3:x"}}}"#;
//! let now = jiff::Timestamp::UNIX_EPOCH;
//! let headers = webhook::sign(&key, body, now);
//!
//! let verified = webhook::verify(&webhook::public_key(&key), headers.as_headers(), body, now, webhook::TOLERANCE)?;
//! assert_eq!(verified.event().unwrap().event_type, webhook::EventType::CallAnswered);
//! # Ok::<(), webhook::SignatureError>(())
//! ```

mod event;
pub mod payload;
mod signature;

pub use ed25519_dalek::SigningKey;
pub use event::{EnvelopeError, Event, Meta};
pub use payload::{EventType, Payload};
pub use signature::{
    InvalidPublicKey, PublicKey, SIGNATURE_HEADER, SignatureError, SignatureHeaders, SignedHeaders, TIMESTAMP_HEADER,
    TOLERANCE, Verified, public_key, sign, verify,
};
