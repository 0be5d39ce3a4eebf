//! What one account holds of one kind, as the last listing showed it and our own writes have changed it since.
//!
//! Drift costs pages, not objects: a pass compares with this instead of asking for each object. It does no I/O and reads
//! no clock. What is absent here may still exist (a page boundary moved under the reader, a list lags): whoever would
//! recreate something confirms by a direct read first.

use reconcile_plan::Fields;
use std::collections::HashMap;
use std::time::Instant;

/// One remote object, in the words of its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The id by which the API addresses it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The UID of the Kubernetes object whose mark it carries.
    pub mark: Option<String>,
    /// Its fields.
    pub fields: Fields,
}

/// The last listing with our own writes laid over it.
#[derive(Debug, Default)]
pub struct View {
    started: Option<Instant>,
    under_way: Option<Instant>,
    entries: HashMap<Box<str>, Entry>,
    by_name: HashMap<Box<str>, Vec<Box<str>>>,
    by_mark: HashMap<Box<str>, Vec<Box<str>>>,
    /// What we wrote while a listing was under way; `None` is a deletion.
    writes: HashMap<Box<str>, Option<Entry>>,
}

/// An object kept as text: a tenth of what a parsed map takes, and it is parsed only when it is looked at.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    name: Box<str>,
    mark: Option<Box<str>>,
    text: Box<str>,
}

impl View {
    /// When the listing that this shows was begun; `None` before the first.
    #[must_use]
    pub fn started(&self) -> Option<Instant> {
        self.started
    }

    /// How many objects it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Does it hold none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A listing begins. What is written from now on wins over it, because it may have read that page before.
    pub fn begin(&mut self, now: Instant) {
        self.under_way = Some(now);
        self.writes.clear();
    }

    /// Takes the listing that was begun last, complete.
    pub fn install(&mut self, listing: Vec<Listed>) {
        self.started = self.under_way.take();
        self.entries = listing.into_iter().map(|listed| (listed.id.as_str().into(), Entry::from(&listed))).collect();
        for (id, written) in std::mem::take(&mut self.writes) {
            match written {
                Some(entry) => self.entries.insert(id, entry),
                None => self.entries.remove(&id),
            };
        }
        self.index();
    }

    /// The listing that was begun last failed; what was known stays.
    pub fn abandon(&mut self) {
        self.under_way = None;
        self.writes.clear();
    }

    /// Notes what an answer of the API showed.
    pub fn record(&mut self, listed: &Listed) {
        self.unlink(&listed.id);
        let (id, entry) = (Box::<str>::from(listed.id.as_str()), Entry::from(listed));
        self.link(&id, &entry);
        if self.under_way.is_some() {
            self.writes.insert(id.clone(), Some(entry.clone()));
        }
        self.entries.insert(id, entry);
    }

    /// Notes that a read or a delete said that `id` is gone.
    pub fn forget(&mut self, id: &str) {
        self.unlink(id);
        self.entries.remove(id);
        if self.under_way.is_some() {
            self.writes.insert(id.into(), None);
        }
    }

    /// The fields of one object.
    #[must_use]
    pub fn fields(&self, id: &str) -> Option<Fields> {
        self.entries.get(id).and_then(Entry::fields)
    }

    /// Those that carry `mark`, then the others that have `name`.
    #[must_use]
    pub fn candidates(&self, mark: &str, name: &str) -> Vec<Listed> {
        let marked: &[Box<str>] = self.by_mark.get(mark).map(Vec::as_slice).unwrap_or_default();
        let named = self.by_name.get(name).into_iter().flatten().filter(|id| !marked.contains(id));
        marked.iter().chain(named).filter_map(|id| self.listed(id)).collect()
    }

    fn listed(&self, id: &str) -> Option<Listed> {
        let entry = self.entries.get(id)?;
        Some(Listed {
            id: id.to_owned(),
            name: entry.name.to_string(),
            mark: entry.mark.as_deref().map(str::to_owned),
            fields: entry.fields()?,
        })
    }

    fn index(&mut self) {
        self.by_name.clear();
        self.by_mark.clear();
        for (id, entry) in &self.entries {
            self.by_name.entry(entry.name.clone()).or_default().push(id.clone());
            if let Some(mark) = &entry.mark {
                self.by_mark.entry(mark.clone()).or_default().push(id.clone());
            }
        }
    }

    fn link(&mut self, id: &str, entry: &Entry) {
        self.by_name.entry(entry.name.clone()).or_default().push(id.into());
        if let Some(mark) = &entry.mark {
            self.by_mark.entry(mark.clone()).or_default().push(id.into());
        }
    }

    fn unlink(&mut self, id: &str) {
        let Some(entry) = self.entries.get(id) else { return };
        drop_from(&mut self.by_name, &entry.name, id);
        if let Some(mark) = &entry.mark {
            drop_from(&mut self.by_mark, mark, id);
        }
    }
}

fn drop_from(index: &mut HashMap<Box<str>, Vec<Box<str>>>, key: &str, id: &str) {
    if let Some(ids) = index.get_mut(key) {
        ids.retain(|known| &**known != id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

impl Entry {
    fn fields(&self) -> Option<Fields> {
        serde_json::from_str(&self.text).ok()
    }
}

impl From<&Listed> for Entry {
    fn from(listed: &Listed) -> Self {
        Self {
            name: listed.name.as_str().into(),
            mark: listed.mark.as_deref().map(Into::into),
            text: serde_json::Value::Object(listed.fields.clone()).to_string().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn listed(id: &str, name: &str, mark: Option<&str>) -> Listed {
        Listed {
            id: id.into(),
            name: name.into(),
            mark: mark.map(Into::into),
            fields: json!({ "name": name }).as_object().unwrap().clone(),
        }
    }

    fn ids(found: &[Listed]) -> Vec<&str> {
        found.iter().map(|listed| listed.id.as_str()).collect()
    }

    fn view_of(listing: Vec<Listed>) -> View {
        let mut view = View::default();
        view.begin(Instant::now());
        view.install(listing);
        view
    }

    #[test]
    fn a_write_during_a_listing_survives_it() {
        let mut view = view_of(vec![listed("old", "a", None), listed("kept", "a", None)]);
        let first = view.started();
        view.begin(Instant::now());
        view.record(&listed("new", "a", Some("uid")));
        view.forget("old");
        assert_eq!(view.started(), first, "until it is complete, a listing proves nothing");
        view.install(vec![listed("old", "a", None), listed("kept", "a", None)]);
        assert!(view.fields("new").is_some() && view.fields("old").is_none() && view.fields("kept").is_some());
        assert_eq!(ids(&view.candidates("uid", "a")), ["new", "kept"]);
    }

    #[test]
    fn a_listing_begun_after_a_write_is_believed() {
        let mut view = view_of(vec![]);
        view.record(&listed("new", "a", None));
        view.begin(Instant::now());
        view.install(vec![]);
        assert!(view.is_empty());
    }

    #[test]
    fn a_listing_that_failed_changes_nothing() {
        let mut view = view_of(vec![listed("1", "a", None)]);
        let started = view.started();
        view.begin(Instant::now());
        view.abandon();
        assert_eq!((view.started(), view.len()), (started, 1));
    }

    #[test]
    fn candidates_are_found_by_mark_or_name_and_named_once() {
        let view =
            view_of(vec![listed("1", "a", Some("mine")), listed("2", "b", Some("other")), listed("3", "c", None)]);
        assert_eq!(ids(&view.candidates("mine", "a")), ["1"]);
        assert_eq!(ids(&view.candidates("mine", "b")), ["1", "2"]);
        assert_eq!(ids(&view.candidates("nobody", "c")), ["3"]);
    }

    #[test]
    fn a_new_name_or_mark_replaces_the_old_in_the_index() {
        let mut view = View::default();
        view.record(&listed("1", "a", Some("m")));
        view.record(&listed("1", "b", None));
        assert!(view.candidates("m", "a").is_empty());
        assert_eq!(ids(&view.candidates("m", "b")), ["1"]);
        assert_eq!(view.len(), 1);
    }
}
