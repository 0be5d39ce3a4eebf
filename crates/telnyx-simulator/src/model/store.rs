//! Resources in the order of their creation.
//!
//! Promises that a listing has the order of creation and that a lookup costs a logarithm. Does not know what it stores.

use std::collections::BTreeMap;

/// Something with an id that the API stores.
pub(crate) trait Resource {
    fn id(&self) -> &str;
}

/// Resources in the order of their creation, found by id.
pub(crate) struct Store<T> {
    items: BTreeMap<u64, T>,
}

impl<T: Resource> Store<T> {
    pub(crate) const fn new() -> Self {
        Self { items: BTreeMap::new() }
    }

    pub(crate) fn insert(&mut self, key: u64, item: T) {
        self.items.insert(key, item);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.items.get(&id.parse().ok()?)
    }

    pub(crate) fn replace(&mut self, item: T) {
        if let Ok(key) = item.id().parse() {
            self.items.insert(key, item);
        }
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        self.items.remove(&id.parse().ok()?)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.items.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}
