//! What the other end says, for whoever listens: recordings, transcriptions, AI assistants.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use serde_json::Value;

use crate::config::Person;

/// What will be said in this call. A machine says nothing that anybody waits for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Voice {
    pub(super) sentences: Arc<[String]>,
    /// From sentence to sentence.
    pub(super) every: Duration,
    /// How long it speaks when a recording begins.
    pub(super) message: Duration,
    /// Draws whether the voice is a fake one: below the share of fakes it is.
    pub(super) genuineness: f64,
    /// What it tells an AI assistant, by the name of its parameter.
    pub(super) facts: Arc<BTreeMap<String, Value>>,
}

impl Voice {
    pub(super) fn draw(person: &Person, rng: &mut impl rand::Rng) -> Self {
        Self {
            sentences: person.says.clone().into(),
            every: person.says_every_ms.draw(rng),
            message: person.message_ms.draw(rng),
            genuineness: rng.random(),
            facts: Arc::new(person.facts.clone()),
        }
    }
}
