//! Claim, then dial: the proof that a claim is stored is what a dial is made of.
//!
//! Promises that no dial exists without a stored claim, and that one claim asks to ring once; asking again under the
//! same command id, by whatever process, ends before Telnyx forgets the first. Does not know what may be claimed, nor
//! when.

use std::time::Duration;

use crate::effect::Dial;
use crate::ids::DialKey;

/// How long after its claim a dial may be asked for the first time; also by a process that finds the claim of another
/// one. What was not dialled by then is given back, or looked up.
pub(crate) const DIAL_FOR: Duration = Duration::from_secs(30);

/// How long an unanswered command is sent again under its id; of a dial, how long after its claim, so that all requests
/// under one id leave within this time, whoever sends them. Telnyx ignores a repeated id for 60 s (Telnyx: receiving
/// webhooks guide); the rest is for requests on their way.
pub(crate) const RESEND_FOR: Duration = Duration::from_secs(45);

/// A target reserved for one dial. Not `Clone`: it goes out with the save and comes back with the proof.
#[derive(Debug)]
pub struct Claim(DialKey);

/// Proof that something is stored. Only the answer to a compare-and-swap, or a read that finds it, makes one.
#[derive(Debug)]
pub struct Saved<T>(T);

impl<T> Saved<T> {
    /// The store has answered that it holds `value`.
    pub(crate) fn by_store(value: T) -> Self {
        Self(value)
    }
}

impl Claim {
    pub(crate) fn new(key: DialKey) -> Self {
        Self(key)
    }
}

impl Saved<Claim> {
    /// Which dial may be made.
    pub(crate) fn key(&self) -> &DialKey {
        &self.0.0
    }

    /// Takes the proof by value: an unsaved claim cannot ring a phone, a saved one asks to ring it once. `dial_by`: when
    /// the time for the first request ends. `in_doubt`: another process may have dialled before.
    pub(crate) fn dial(self, request: impl FnOnce(DialKey) -> Dial, dial_by: Duration, in_doubt: bool) -> Sent {
        let Self(Claim(key)) = self;
        Sent { dial: request(key), until: dial_by + RESEND_FOR.saturating_sub(DIAL_FOR), retry_at: None, in_doubt }
    }
}

/// A dial that was asked for and not answered yet.
#[derive(Debug)]
pub(crate) struct Sent {
    dial: Dial,
    /// From here on the fate is looked up instead.
    until: Duration,
    /// When to ask again; `None` while an answer is awaited.
    retry_at: Option<Duration>,
    /// One of the requests got no answer, or a predecessor may have sent one. It may have been accepted, so the refusal of another says nothing about it.
    in_doubt: bool,
}

/// An unanswered dial is sent again after this long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Sent {
    /// The request, for asking the first time or again.
    pub(crate) fn request(&self) -> Dial {
        self.dial.clone()
    }

    /// No answer came.
    pub(crate) fn unanswered(&mut self, now: Duration) {
        self.in_doubt = true;
        self.retry_at = Some(now + RETRY_AFTER);
    }

    /// Whether a phone may ring though the latest request was refused.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Not asked again before `at`.
    pub(crate) fn retry_not_before(&mut self, at: Duration) {
        self.retry_at = Some(at);
    }

    /// Asked again.
    pub(crate) fn resent(&mut self) {
        self.retry_at = None;
    }

    /// When to ask again.
    pub(crate) fn retry_at(&self) -> Option<Duration> {
        self.retry_at
    }

    /// From when on it may no longer be asked again.
    pub(crate) fn until(&self) -> Duration {
        self.until
    }
}
