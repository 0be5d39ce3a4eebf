//! One remote object belongs to one Kubernetes object.
//!
//! Held in memory only: it is filled from `status.id` as the watch delivers objects, before any of them is reconciled,
//! so that what is recorded always wins over what is merely asked for.

use super::accounts::AccountKey;
use super::memory::locked;
use std::collections::HashMap;
use std::sync::Mutex;

/// Whose claim it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claimant {
    /// UID of the Kubernetes object.
    pub uid: String,
    /// `namespace/name` of the Kubernetes object.
    pub place: String,
    /// When it was made, as text that sorts by time.
    pub born: String,
}

/// Which account, and which remote id there.
pub(super) type RemoteKey = (AccountKey, String);

/// The claims on the remote objects of one kind.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: Mutex<HashMap<RemoteKey, Held>>,
}

#[derive(Debug)]
struct Held {
    by: Claimant,
    refused: Vec<String>,
}

impl Claims {
    /// Claims `key`. `Err` names the holder when another object has the older right; the loser is remembered and woken
    /// by [`Claims::release`].
    pub(super) fn claim(&self, key: RemoteKey, claimant: &Claimant) -> Result<(), String> {
        let mut held = locked(&self.held);
        let Some(present) = held.get_mut(&key) else {
            held.insert(key, Held { by: claimant.clone(), refused: vec![] });
            return Ok(());
        };
        if present.by.uid == claimant.uid {
            return Ok(());
        }
        if !present.refused.contains(&claimant.place) {
            present.refused.push(claimant.place.clone());
        }
        Err(present.by.place.clone())
    }

    /// Notes an id that is recorded in the status of an object. Of two objects with the same record the elder holds it.
    pub(super) fn note(&self, key: RemoteKey, claimant: &Claimant) {
        let mut held = locked(&self.held);
        let refused = match held.get(&key) {
            Some(present) if present.by.uid == claimant.uid => return,
            Some(present) if (&present.by.born, &present.by.uid) <= (&claimant.born, &claimant.uid) => return,
            Some(present) => vec![present.by.place.clone()],
            None => vec![],
        };
        held.insert(key, Held { by: claimant.clone(), refused });
    }

    /// Who holds `key`, if it is not `uid`.
    #[must_use]
    pub(super) fn held_by_another(&self, key: &RemoteKey, uid: &str) -> Option<String> {
        locked(&self.held).get(key).filter(|present| present.by.uid != uid).map(|present| present.by.place.clone())
    }

    /// Gives up every claim of `uid`. Returns the places (`namespace/name`) that had been refused and may try again.
    pub(super) fn release(&self, uid: &str) -> Vec<String> {
        let mut woken = vec![];
        locked(&self.held).retain(|_, held| {
            let gone = held.by.uid == uid;
            if gone {
                woken.append(&mut held.refused);
            }
            !gone
        });
        woken
    }

    /// Gives up the claims of every object that `lives` does not know. Returns the places that may try again.
    pub(super) fn retain(&self, lives: impl Fn(&str) -> bool) -> Vec<String> {
        let mut woken = vec![];
        locked(&self.held).retain(|_, held| {
            let alive = lives(&held.by.uid);
            if !alive {
                woken.append(&mut held.refused);
            }
            alive
        });
        woken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimant(name: &str, born: &str) -> Claimant {
        Claimant { uid: name.into(), place: format!("ns/{name}"), born: born.into() }
    }

    fn key() -> RemoteKey {
        (AccountKey { namespace: "ns".into(), name: "main".into() }, "remote-1".into())
    }

    #[test]
    fn the_second_claimant_is_refused_and_woken_when_the_first_lets_go() {
        let claims = Claims::default();
        assert_eq!(claims.claim(key(), &claimant("a", "1")), Ok(()));
        assert_eq!(claims.claim(key(), &claimant("a", "1")), Ok(()));
        assert_eq!(claims.claim(key(), &claimant("b", "0")), Err("ns/a".into()));
        assert_eq!(claims.release("a"), ["ns/b"]);
        assert_eq!(claims.claim(key(), &claimant("b", "0")), Ok(()));
        assert!(claims.release("nobody").is_empty());
    }

    #[test]
    fn of_two_records_the_elder_holds() {
        let claims = Claims::default();
        claims.note(key(), &claimant("young", "2026-02"));
        claims.note(key(), &claimant("old", "2026-01"));
        claims.note(key(), &claimant("middle", "2026-01-15"));
        assert_eq!(claims.held_by_another(&key(), "young").as_deref(), Some("ns/old"));
        assert_eq!(claims.held_by_another(&key(), "old"), None);
        assert_eq!(claims.retain(|uid| uid != "old"), ["ns/young"]);
    }
}
