//! What the parts of the process say of themselves at this moment, for `/debug/state`.
//!
//! Each part adds a section that it can tell from memory alone. No section holds a phone number, a name of a person, a key
//! or a text that somebody wrote: ids of Kubernetes objects, closed words and counts.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

type Look = Box<dyn Fn() -> Value + Send + Sync>;

/// The sections. Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub struct States(Arc<Mutex<BTreeMap<&'static str, Look>>>);

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States").finish_non_exhaustive()
    }
}

impl States {
    /// Adds a section. `look` must neither wait nor ask anybody; it is called for each request.
    pub fn add(&self, section: &'static str, look: impl Fn() -> Value + Send + Sync + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(section, Box::new(look));
    }

    /// All sections as they are now.
    #[must_use]
    pub fn now(&self) -> Value {
        let sections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown: Map<String, Value> = sections.iter().map(|(name, look)| ((*name).to_owned(), look())).collect();
        Value::Object(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn sections_are_looked_at_when_they_are_asked_for() {
        let states = States::default();
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        states.clone().add("calls", move || json!({ "active": counted.load(Ordering::Relaxed) }));
        states.add("accounts", || json!([]));
        calls.store(3, Ordering::Relaxed);
        assert_eq!(states.now(), json!({ "accounts": [], "calls": { "active": 3 } }));
    }
}
