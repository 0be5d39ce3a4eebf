//! How many calls are under way, and whether one more may start.

use std::collections::HashMap;
use std::sync::Arc;

use super::calls::Direction;

/// Calls under way: in all, per profile, per application.
#[derive(Default)]
pub(crate) struct Channels {
    account: u64,
    profiles: HashMap<Arc<str>, u64>,
    applications: HashMap<Arc<str>, u64>,
    /// Incoming calls per application.
    incoming: HashMap<Arc<str>, u64>,
}

/// A limit and its error code (Telnyx: "API error codes").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Account,
    Profile,
    Application,
}

impl Full {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Account => "90041",
            Self::Profile => "90042",
            Self::Application => "90043",
        }
    }

    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Account => "User channel limit exceeded D1",
            Self::Profile => "Outbound voice profile channel limit exceeded D2",
            Self::Application => "Connection channel limit exceeded D3",
        }
    }
}

/// The limits in force for one dial; `None` is no limit.
pub(crate) struct ChannelLimits {
    pub(crate) account: Option<u64>,
    pub(crate) profile: Option<u64>,
    pub(crate) application: Option<u64>,
}

impl Channels {
    /// Which limit, if any, `more` calls would break.
    pub(crate) fn full(
        &self,
        application: &str,
        profile: Option<&str>,
        limits: &ChannelLimits,
        more: u64,
    ) -> Option<Full> {
        let over = |used: u64, limit: Option<u64>| limit.is_some_and(|limit| used.saturating_add(more) > limit);
        let used = |map: &HashMap<Arc<str>, u64>, key: &str| map.get(key).copied().unwrap_or(0);
        if over(self.account, limits.account) {
            return Some(Full::Account);
        }
        if profile.is_some_and(|profile| over(used(&self.profiles, profile), limits.profile)) {
            return Some(Full::Profile);
        }
        over(used(&self.applications, application), limits.application).then_some(Full::Application)
    }

    /// How many incoming calls an application has.
    pub(crate) fn incoming(&self, application: &str) -> u64 {
        self.incoming.get(application).copied().unwrap_or(0)
    }

    /// Takes a channel; the number of calls now under way. Incoming calls count against no outbound limit.
    pub(crate) fn take(&mut self, direction: Direction, application: &Arc<str>, profile: Option<&Arc<str>>) -> u64 {
        if direction == Direction::Incoming {
            *self.incoming.entry(Arc::clone(application)).or_default() += 1;
            return self.in_use();
        }
        self.account += 1;
        *self.applications.entry(Arc::clone(application)).or_default() += 1;
        if let Some(profile) = profile {
            *self.profiles.entry(Arc::clone(profile)).or_default() += 1;
        }
        self.in_use()
    }

    pub(crate) fn release(&mut self, direction: Direction, application: &Arc<str>, profile: Option<&Arc<str>>) {
        if direction == Direction::Incoming {
            return release(&mut self.incoming, application);
        }
        self.account = self.account.saturating_sub(1);
        release(&mut self.applications, application);
        if let Some(profile) = profile {
            release(&mut self.profiles, profile);
        }
    }

    /// Calls under way, in both directions.
    pub(crate) fn in_use(&self) -> u64 {
        self.account + self.incoming.values().sum::<u64>()
    }
}

fn release(map: &mut HashMap<Arc<str>, u64>, key: &Arc<str>) {
    if let Some(count) = map.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            map.remove(key);
        }
    }
}
