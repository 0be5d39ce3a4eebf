//! The circuit breaker: tells a blocked account from a bad list before the list is burnt.
//!
//! Promises that no verdict rests on fewer results than asked for, nor on older ones. Does not know campaigns; a verdict
//! says who has to look, and what is done about it is decided elsewhere.

use std::collections::VecDeque;
use std::time::Duration;

use crate::outcome::Outcome;
use crate::rules::Evidence;
use crate::spec::Breaker;
use crate::tally::{Halt, Tally};

/// More results than this are not kept, however long the window.
const MOST: usize = 2000;

/// So many numbers that had rung and are unknown now prove that it is not the numbers: they do not vanish in a day.
const VANISHED: u32 = 3;

/// With so many of a hundred unknown, it is the account: a list that bad is hardly ever bought. Telnyx answers 404 for an
/// inactive connection and an account blocked for billing, too (Telnyx: SIP response codes D8, D18, D19, D40, D59).
const HARDLY_EVER: u32 = 90;

/// What a result says of account and list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A phone rang, or was busy.
    Good,
    /// Somebody hung up within seconds.
    Short,
    /// The number is unknown.
    Invalid,
    /// The number is unknown, and has rung before.
    Vanished,
    /// Rejected, by the callee or on the way.
    Rejected,
    /// Lost at a carrier.
    Lost,
}

impl Signal {
    /// What an attempt says; `None`: nothing. `short`: its callee hung up within seconds.
    pub(crate) fn of(evidence: Evidence, before: Tally, short: bool) -> Option<Self> {
        let has_rung =
            || Outcome::ALL.into_iter().any(|outcome| outcome.may_have_rung() && before.retried.after(outcome) > 0);
        match evidence.outcome {
            Outcome::HumanHangup if short => Some(Self::Short),
            Outcome::Completed
            | Outcome::HumanHangup
            | Outcome::OptedOut
            | Outcome::VoicemailLeft
            | Outcome::Machine
            | Outcome::Fax
            | Outcome::Silence
            | Outcome::NoAnswer
            | Outcome::Busy
            | Outcome::TimeLimit
            | Outcome::FlowError
            | Outcome::Abandoned => Some(Self::Good),
            Outcome::InvalidNumber => Some(if has_rung() { Self::Vanished } else { Self::Invalid }),
            Outcome::Rejected | Outcome::BlockedByAnalytics | Outcome::DestinationBlocked => Some(Self::Rejected),
            // 403 covers caller ids, destinations, money and the account itself (Telnyx: SIP response codes).
            Outcome::CarrierFailure if evidence.sip == Some(403) => Some(Self::Rejected),
            Outcome::CarrierFailure => Some(Self::Lost),
            Outcome::CanceledBySystem
            | Outcome::CapacityLimited
            | Outcome::ConfigError
            | Outcome::ComplianceBlocked
            | Outcome::Expired
            | Outcome::Skipped
            | Outcome::Ambiguous => None,
        }
    }

    /// Whether it speaks against dialing faster.
    pub(crate) fn is_trouble(self) -> bool {
        self != Self::Good
    }
}

/// Recent results of one campaign.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    recent: VecDeque<(Duration, Signal)>,
}

impl Results {
    /// Takes one in, and lets go of what is older than `window`.
    pub(crate) fn note(&mut self, signal: Signal, window: Duration, now: Duration) {
        self.recent.push_back((now, signal));
        while self.recent.len() > MOST || self.recent.front().is_some_and(|(at, _)| *at + window < now) {
            self.recent.pop_front();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.recent.clear();
    }

    fn count(&self, which: impl Fn(Signal) -> bool) -> u32 {
        let count = self.recent.iter().filter(|(_, signal)| which(*signal)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// All results, and those of unknown numbers.
    pub(crate) fn sample(&self) -> (u32, u32) {
        let unknown = self.count(|signal| matches!(signal, Signal::Invalid | Signal::Vanished));
        (u32::try_from(self.recent.len()).unwrap_or(u32::MAX), unknown)
    }

    /// Why nothing more should be dialled, if so. `others`: results of the account's other campaigns, and those of unknown
    /// numbers among them.
    pub(crate) fn judge(&self, limits: &Breaker, others: (u32, u32)) -> Option<Halt> {
        let (sample, unknown) = self.sample();
        if sample < limits.least_sample.max(1) {
            return None;
        }
        let reaches = |count: u32, of: u32, percent: u8| u64::from(count) * 100 >= u64::from(of) * u64::from(percent);
        let refused = self.count(|signal| matches!(signal, Signal::Rejected | Signal::Lost));
        if reaches(refused, sample, limits.reject_percent) {
            return Some(Halt::AccountSuspect);
        }
        if reaches(unknown, sample, limits.invalid_percent) {
            let vanished = self.count(|signal| signal == Signal::Vanished) >= VANISHED;
            let elsewhere = others.0 >= limits.least_sample && reaches(others.1, others.0, limits.invalid_percent);
            let everywhere = u64::from(unknown) * 100 >= u64::from(sample) * u64::from(HARDLY_EVER);
            let account = vanished || elsewhere || everywhere;
            return Some(if account { Halt::AccountSuspect } else { Halt::NumbersSuspect });
        }
        let short = self.count(|signal| signal == Signal::Short);
        reaches(short, sample, limits.short_percent).then_some(Halt::ShortCalls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Breaker = Breaker {
        window: Duration::from_mins(10),
        least_sample: 50,
        invalid_percent: 30,
        reject_percent: 40,
        short_percent: 50,
    };

    /// Letters: g good, s short, i unknown, v unknown though it has rung, r rejected, l lost; each with its count.
    fn results(text: &str) -> Results {
        let mut results = Results::default();
        for word in text.split_whitespace() {
            let signal = match &word[..1] {
                "g" => Signal::Good,
                "s" => Signal::Short,
                "i" => Signal::Invalid,
                "v" => Signal::Vanished,
                "r" => Signal::Rejected,
                "l" => Signal::Lost,
                other => panic!("{other}"),
            };
            for _ in 0..word[1..].parse::<u32>().unwrap() {
                results.note(signal, LIMITS.window, Duration::ZERO);
            }
        }
        results
    }

    #[test]
    fn the_verdict_follows_the_results() {
        let check = |text, others, expected| assert_eq!(results(text).judge(&LIMITS, others), expected, "{text}");
        check("g100", (0, 0), None);
        check("i49", (0, 0), None);
        check("g36 i14", (0, 0), None);
        check("g35 i15", (0, 0), Some(Halt::NumbersSuspect));
        check("g35 i12 v3", (0, 0), Some(Halt::AccountSuspect));
        check("g35 i15", (60, 20), Some(Halt::AccountSuspect));
        check("g35 i15", (60, 2), Some(Halt::NumbersSuspect));
        check("g35 i15", (10, 10), Some(Halt::NumbersSuspect));
        check("g5 i45", (0, 0), Some(Halt::AccountSuspect));
        check("g30 r10 l10", (0, 0), Some(Halt::AccountSuspect));
        check("g31 r19", (0, 0), None);
        check("g25 s25", (0, 0), Some(Halt::ShortCalls));
    }

    #[test]
    fn what_is_old_does_not_count() {
        let mut results = results("i49");
        results.note(Signal::Invalid, LIMITS.window, LIMITS.window + Duration::from_secs(1));
        assert_eq!((results.sample(), results.judge(&LIMITS, (0, 0))), ((1, 1), None));
    }

    #[test]
    fn a_number_that_rang_before_has_vanished() {
        let evidence = Evidence::bare(Outcome::InvalidNumber);
        let mut before = Tally::default();
        assert_eq!(Signal::of(evidence, before, false), Some(Signal::Invalid));
        before.retried.count(Outcome::NoAnswer);
        assert_eq!(Signal::of(evidence, before, false), Some(Signal::Vanished));
        let forbidden = Evidence { sip: Some(403), ..Evidence::bare(Outcome::CarrierFailure) };
        assert_eq!(Signal::of(forbidden, before, false), Some(Signal::Rejected));
    }
}
