//! Webhooks that wait for their answer.
//!
//! Promises one answer per token, in bounded time. Does not know what they wait for.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::ACK_PATIENCE;
use crate::dialer::Dialer;
use crate::effect::{Effect, Verdict};
use crate::ids::DeliveryToken;

/// Tokens without an answer, oldest first.
#[derive(Debug, Default)]
pub(super) struct Acks {
    open: BTreeSet<DeliveryToken>,
    overdue: VecDeque<(Duration, DeliveryToken)>,
}

impl Acks {
    fn begin(&mut self, token: DeliveryToken, now: Duration) {
        self.open.insert(token);
        self.overdue.push_back((now + ACK_PATIENCE, token));
    }

    fn end(&mut self, token: DeliveryToken) -> bool {
        let was_open = self.open.remove(&token);
        while self.overdue.front().is_some_and(|(_, token)| !self.open.contains(token)) {
            self.overdue.pop_front();
        }
        was_open
    }

    /// When the oldest has waited as long as it may.
    pub(super) fn next_overdue(&self) -> Option<Duration> {
        self.overdue.front().map(|(at, _)| *at)
    }

    /// Takes out the oldest that has waited as long as it may.
    pub(super) fn pop_overdue(&mut self, now: Duration) -> Option<DeliveryToken> {
        let (_, token) = self.overdue.front().copied().filter(|(at, _)| *at <= now)?;
        self.end(token);
        Some(token)
    }
}

impl Dialer {
    /// Takes a token in; `false`: too many wait, it was answered at once.
    pub(super) fn receive(&mut self, token: DeliveryToken) -> bool {
        if self.acks.open.len() >= self.tuning.max_deliveries {
            self.out.push_back(Effect::Acknowledge { token, verdict: Verdict::Retry });
            return false;
        }
        self.acks.begin(token, self.now.up);
        true
    }

    /// Answers a token, unless it was answered before.
    pub(super) fn acknowledge(&mut self, token: DeliveryToken, verdict: Verdict) {
        if self.acks.end(token) {
            self.out.push_back(Effect::Acknowledge { token, verdict });
        }
    }

    /// Answers several tokens.
    pub(super) fn acknowledge_all(&mut self, tokens: Vec<DeliveryToken>, verdict: Verdict) {
        for token in tokens {
            self.acknowledge(token, verdict);
        }
    }
}
