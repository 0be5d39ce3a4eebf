//! Ids in the shapes that Telnyx gives them, drawn from a seeded stream.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use rand::{Rng as _, RngExt as _};
use rand_chacha::ChaCha8Rng;

/// The source of every id in one world.
pub(crate) struct Ids {
    rng: ChaCha8Rng,
    next_resource: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: super::stream(seed, 1), next_resource: 2_500_000_000_000_000_000 }
    }

    /// Of an application or profile: decimal digits, growing with creation.
    pub(crate) fn resource(&mut self) -> u64 {
        self.next_resource += self.rng.random_range(1..1_000_000_000);
        self.next_resource
    }

    pub(crate) fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.rng.random()).into_uuid().to_string()
    }

    /// `v3:` and 38 unguessable bytes.
    pub(crate) fn call_control(&mut self) -> String {
        let mut bytes = [0_u8; 38];
        self.rng.fill_bytes(&mut bytes);
        format!("v3:{}", BASE64_URL.encode(bytes))
    }
}
