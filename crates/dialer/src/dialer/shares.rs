//! The account's channels and dials, shared between its campaigns: by priority, and within one by share.
//!
//! Promises that a channel that nobody who comes first can use now is free for the next, so that nothing lies idle. Does
//! not know targets.

use std::cmp::Reverse;
use std::time::Duration;

use crate::dialer::Dialer;
use crate::owner::{Owner, OwnerNo};

/// Dials that one owner may have waiting: what the account lets out in this time, by shares. It covers the gap between two
/// saves of a job and a slow save.
const BACKLOG: Duration = Duration::from_secs(5);

impl Dialer {
    /// The account's room for one owner: what those before it cannot use, less what its peers still lack of their shares.
    pub(super) fn fair_room(&self, owner: &Owner) -> u32 {
        let room = self.room();
        if self.owners.len() < 2 {
            return room;
        }
        let wall = self.now.wall;
        let wants = |other: &Owner| other.claims_wanted(self.now.up);
        let others = || self.owners.values().filter(|other| other.id != owner.id && other.may_dial(wall));
        let wanting = || others().filter(|other| other.has_due(wall));
        let before = wanting().filter(|other| other.priority() > owner.priority());
        let room = room.saturating_sub(before.map(wants).fold(0, u32::saturating_add));
        let peers: Vec<&Owner> = wanting().filter(|other| other.priority() == owner.priority()).collect();
        let held_elsewhere: u32 = others()
            .filter(|other| other.priority() != owner.priority())
            .map(|other| other.tallied.counts.in_flight())
            .fold(0, u32::saturating_add);
        let to_share = u64::from(self.cap().saturating_sub(held_elsewhere));
        let all_shares: u64 = peers.iter().map(|peer| u64::from(peer.share())).sum::<u64>() + u64::from(owner.share());
        let lacks = |one: &Owner| {
            let share = to_share * u64::from(one.share()) / all_shares.max(1);
            u32::try_from(share.max(1)).unwrap_or(u32::MAX).saturating_sub(one.tallied.counts.in_flight())
        };
        let reserved = peers.iter().map(|peer| lacks(peer).min(wants(peer))).fold(0, u32::saturating_add);
        room.min(room.saturating_sub(reserved).max(lacks(owner)))
    }

    /// How many more targets one owner may claim, so that its claims are dialled within seconds although the account's dials
    /// are shared: a claim that waits for long has to be given back.
    pub(super) fn fair_backlog(&self, owner: &Owner) -> u32 {
        if self.owners.len() < 2 {
            return u32::MAX;
        }
        let wall = self.now.wall;
        let peers = self.owners.values().filter(|other| {
            other.id != owner.id
                && other.priority() == owner.priority()
                && other.may_dial(wall)
                && (other.undialled > 0 || other.has_due(wall))
        });
        let all_shares = peers.map(|peer| u64::from(peer.share())).sum::<u64>() + u64::from(owner.share());
        let dials = u64::from(self.governor.rate().millis()) * BACKLOG.as_secs() / 1000;
        let most = (dials * u64::from(owner.share()) / all_shares.max(1)).max(1);
        u32::try_from(most).unwrap_or(u32::MAX).saturating_sub(owner.undialled)
    }

    /// Owners with stored claims, in the order in which the next dial is offered to them: by priority, then whoever has
    /// had the least of its share.
    pub(super) fn turns_in_order(&self) -> Vec<OwnerNo> {
        let mut turns: Vec<OwnerNo> = self.turns.iter().copied().collect();
        if turns.len() > 1 {
            turns.sort_by_key(|number| {
                let owner = self.owners.get(number);
                (owner.map(|owner| (Reverse(owner.priority()), owner.passed)), *number)
            });
        }
        turns
    }

    /// An owner has claims to dial: it takes turns from now on, and has no turns to make up for.
    pub(super) fn joins_turns(&mut self, number: OwnerNo) {
        if self.turns.contains(&number) {
            return;
        }
        let least = self.turns.iter().filter_map(|turn| self.owners.get(turn)).map(|owner| owner.passed).min();
        if let (Some(owner), Some(least)) = (self.owners.get_mut(&number), least) {
            owner.passed = owner.passed.max(least);
        }
        self.turns.insert(number);
    }
}
