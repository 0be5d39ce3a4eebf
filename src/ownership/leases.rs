//! Every lease of ours, as the watches and the answers to writes show them. Pure.
//!
//! Promises that what is known of a lease is never older than what was known before, in whatever order news of it come.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::coordination::v1::Lease;
use kube::ResourceExt as _;
use kube::runtime::watcher::Event;

/// Namespace and name of a lease.
pub(super) type Place = (String, String);

/// News of a lease.
#[derive(Debug)]
pub(super) enum Sight {
    /// It is there.
    Seen(Place),
    /// It is not there any more.
    Gone(Place),
}

/// What is known.
#[derive(Debug)]
pub(super) struct Leases {
    all: BTreeMap<Place, Lease>,
    /// The namespace of each watch; `None` is all of them.
    watched: Vec<Option<String>>,
    /// What each watch lists at the moment.
    listing: Vec<Option<BTreeSet<Place>>>,
    /// Which watches have listed once.
    filled: Vec<bool>,
}

impl Leases {
    /// Nothing, of a watch on each of these namespaces, `None` being all.
    pub(super) fn of(watched: Vec<Option<String>>) -> Self {
        let watches = watched.len();
        Self { all: BTreeMap::new(), watched, listing: vec![None; watches], filled: vec![false; watches] }
    }

    /// Whether every watch has listed what there is.
    pub(super) fn are_known(&self) -> bool {
        self.filled.iter().all(|filled| *filled)
    }

    pub(super) fn get(&self, place: &Place) -> Option<&Lease> {
        self.all.get(place)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Place, &Lease)> {
        self.all.iter()
    }

    /// A write was answered with this.
    pub(super) fn written(&mut self, place: &Place, lease: Lease) {
        // A list that was begun before may lack it.
        for listed in self.listing.iter_mut().flatten() {
            listed.insert(place.clone());
        }
        self.keep_newer(place.clone(), lease);
    }

    /// A watch shows something. Returns what is news.
    pub(super) fn observe(&mut self, watch: usize, event: Event<Lease>) -> Vec<Sight> {
        match event {
            Event::Init => {
                self.list(watch, Some(BTreeSet::new()));
                vec![]
            }
            Event::InitApply(lease) | Event::Apply(lease) => {
                let place = place_of(&lease);
                if let Some(Some(listed)) = self.listing.get_mut(watch) {
                    listed.insert(place.clone());
                }
                let is_news = self.keep_newer(place.clone(), lease);
                is_news.then_some(Sight::Seen(place)).into_iter().collect()
            }
            Event::Delete(lease) => self.forget(place_of(&lease), version_of(&lease)).into_iter().collect(),
            Event::InitDone => self.listed(watch),
        }
    }

    /// The watch has listed all there is.
    fn listed(&mut self, watch: usize) -> Vec<Sight> {
        let listed = self.listing.get_mut(watch).and_then(Option::take).unwrap_or_default();
        let watched = self.watched.get(watch).cloned().flatten();
        let is_watched = |place: &Place| watched.as_ref().is_none_or(|namespace| *namespace == place.0);
        let missing = self.all.keys().filter(|place| is_watched(place) && !listed.contains(*place));
        let missing: Vec<Place> = missing.cloned().collect();
        if let Some(filled) = self.filled.get_mut(watch) {
            *filled = true;
        }
        missing.into_iter().filter_map(|place| self.forget(place, None)).collect()
    }

    fn list(&mut self, watch: usize, listing: Option<BTreeSet<Place>>) {
        if let Some(place) = self.listing.get_mut(watch) {
            *place = listing;
        }
    }

    /// The lease is not there any more. News of the end of one that was made again since is no news.
    fn forget(&mut self, place: Place, version: Option<u64>) -> Option<Sight> {
        let known = self.get(&place).and_then(version_of);
        if version.is_some_and(|version| known.is_some_and(|known| known > version)) {
            return None;
        }
        self.all.remove(&place);
        Some(Sight::Gone(place))
    }

    /// `false`: something newer is known.
    fn keep_newer(&mut self, place: Place, lease: Lease) -> bool {
        let is_newer = self.get(&place).and_then(version_of) <= version_of(&lease);
        if is_newer {
            self.all.insert(place, lease);
        }
        is_newer
    }
}

/// The version of a lease, which grows with each change.
pub(super) fn version_of(lease: &Lease) -> Option<u64> {
    lease.metadata.resource_version.as_deref()?.parse().ok()
}

fn place_of(lease: &Lease) -> Place {
    (lease.namespace().unwrap_or_default(), lease.name_any())
}

#[cfg(test)]
mod tests {
    use kube::api::ObjectMeta;

    use super::*;

    fn lease(name: &str, version: u64) -> Lease {
        lease_in("team", name, version)
    }

    fn lease_in(namespace: &str, name: &str, version: u64) -> Lease {
        let metadata = ObjectMeta {
            namespace: Some(namespace.to_owned()),
            name: Some(name.to_owned()),
            resource_version: Some(version.to_string()),
            ..ObjectMeta::default()
        };
        Lease { metadata, ..Lease::default() }
    }

    fn known(leases: &Leases) -> Vec<(&str, Option<u64>)> {
        leases.iter().map(|(place, lease)| (place.1.as_str(), version_of(lease))).collect()
    }

    #[test]
    fn old_news_changes_nothing() {
        let mut leases = Leases::of(vec![None]);
        leases.observe(0, Event::Apply(lease("a", 5)));
        leases.written(&("team".to_owned(), "a".to_owned()), lease("a", 9));
        assert!(leases.observe(0, Event::Apply(lease("a", 7))).is_empty());
        assert!(leases.observe(0, Event::Delete(lease("a", 8))).is_empty(), "it was made again");
        assert_eq!(known(&leases), [("a", Some(9))]);
        assert!(matches!(leases.observe(0, Event::Delete(lease("a", 10)))[..], [Sight::Gone(_)]));
        assert!(known(&leases).is_empty());
    }

    #[test]
    fn what_a_list_does_not_show_is_gone_and_what_another_watch_has_shown_stays() {
        let mut leases = Leases::of(vec![Some("team".to_owned()), Some("other".to_owned())]);
        leases.observe(0, Event::Apply(lease("a", 1)));
        leases.observe(0, Event::Apply(lease("b", 2)));
        // Made here, and shown by its own watch later.
        leases.written(&("other".to_owned(), "c".to_owned()), lease_in("other", "c", 3));
        leases.observe(0, Event::Init);
        leases.observe(0, Event::InitApply(lease("b", 2)));
        assert!(!leases.are_known());
        let news = leases.observe(0, Event::InitDone);
        assert!(matches!(&news[..], [Sight::Gone((_, name))] if name == "a"), "{news:?}");
        assert_eq!(known(&leases), [("c", Some(3)), ("b", Some(2))]);
        leases.observe(1, Event::Init);
        leases.written(&("other".to_owned(), "d".to_owned()), lease_in("other", "d", 4));
        let news = leases.observe(1, Event::InitDone);
        assert!(
            matches!(&news[..], [Sight::Gone((_, name))] if name == "c"),
            "one made while the list was on its way stays: {news:?}"
        );
        assert!(leases.are_known());
    }
}
