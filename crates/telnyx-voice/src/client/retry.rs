//! Which requests may be repeated, how often, and after how long.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use crate::error::{Class, Endpoint, Error, classify};

/// How requests are repeated. Dials never are: who dials decides whether a phone may ring again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, from 1.
    pub tries: u32,
    /// The pause before the second try; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// After this long a command is not sent again under its id: the API remembers ids for 60 s.
    pub command_window: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 3,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(4),
            command_window: Duration::from_secs(45),
        }
    }
}

/// What makes a request safe to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Nothing: only what was never carried out is sent again.
    Unsafe,
    /// Doing it twice is doing it once: GET, PUT, PATCH, DELETE.
    Idempotent,
    /// The `command_id` that it carries, for as long as the API remembers it.
    CommandId,
    /// Not even what was never sent: dials.
    Never,
}

impl RetryPolicy {
    /// Whether to try again after the `tried`th try failed, and after which pause. `since_first`: how long ago the first try began.
    /// `jitter`, 0 to 1, draws a pause between half and the whole of it.
    pub(super) fn pause(
        &self,
        repeat: Repeat,
        error: &Error,
        tried: u32,
        since_first: Duration,
        jitter: f64,
    ) -> Option<Duration> {
        if tried >= self.tries || !allowed(repeat, error) {
            return None;
        }
        let doublings = tried.saturating_sub(1).min(16);
        let pause = self.first_pause.saturating_mul(1 << doublings).min(self.longest_pause);
        let pause = pause.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
        let late = repeat == Repeat::CommandId && since_first + pause >= self.command_window;
        (!late).then_some(pause)
    }
}

fn allowed(repeat: Repeat, error: &Error) -> bool {
    // The endpoint does not matter to the classes that are asked for here.
    let class = classify(error, Endpoint::Command);
    match repeat {
        Repeat::Never => false,
        // A command that was refused may still hold its id, so its next try needs a new one: the caller's to choose.
        Repeat::CommandId => matches!(class, Class::NotSent | Class::FateUnknown | Class::Unavailable),
        Repeat::Idempotent => {
            matches!(class, Class::NotSent | Class::FateUnknown | Class::Unavailable | Class::RequestRate)
        }
        Repeat::Unsafe => matches!(class, Class::NotSent | Class::RequestRate),
    }
}

/// A number from 0 to 1 out of the operating system's randomness; good enough for pauses.
pub(crate) fn random_jitter() -> f64 {
    let bits = RandomState::new().hash_one(0_u8);
    let high = u32::try_from(bits >> 32).unwrap_or(u32::MAX);
    f64::from(high) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ApiError, ErrorItem, RateLimit};

    fn answered(status: u16, code: &str) -> Error {
        let item = ErrorItem { code: code.to_owned(), ..ErrorItem::default() };
        Error::Api(Box::new(ApiError { status, items: vec![item], rate: RateLimit::default() }))
    }

    fn timed_out() -> Error {
        Error::Timeout { after: Duration::from_secs(10) }
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_may_be_repeated_depends_on_what_is_known() {
        use Repeat::{CommandId, Idempotent, Never, Unsafe};
        let table = [
            (answered(500, "10007"), [Never, Unsafe].as_slice(), [Idempotent, CommandId].as_slice()),
            (answered(503, ""), &[Never, Unsafe], &[Idempotent, CommandId]),
            (timed_out(), &[Never, Unsafe], &[Idempotent, CommandId]),
            (answered(429, "10011"), &[Never, CommandId], &[Idempotent, Unsafe]),
            (answered(429, "90103"), &[Never, CommandId, Idempotent, Unsafe], &[]),
            (answered(422, "10011"), &[Never, CommandId, Idempotent, Unsafe], &[]),
            (answered(404, "10005"), &[Never, CommandId, Idempotent, Unsafe], &[]),
            (Error::AcceptedWithoutIds { status: 200 }, &[Never, CommandId, Idempotent, Unsafe], &[]),
        ];
        let policy = RetryPolicy::default();
        for (error, never, again) in &table {
            for repeat in *never {
                assert_eq!(policy.pause(*repeat, error, 1, secs(0), 0.5), None, "{repeat:?} {error}");
            }
            for repeat in *again {
                assert!(policy.pause(*repeat, error, 1, secs(0), 0.5).is_some(), "{repeat:?} {error}");
            }
        }
    }

    #[test]
    fn a_command_is_not_sent_under_its_id_after_45_seconds() {
        let policy = RetryPolicy { tries: 9, ..RetryPolicy::default() };
        let pause = |since| policy.pause(Repeat::CommandId, &timed_out(), 1, since, 0.0);
        assert!(pause(secs(44)).is_some());
        assert_eq!(pause(Duration::from_millis(44_900)), None);
        assert_eq!(pause(secs(50)), None);
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_are_drawn_between_half_and_whole() {
        let policy = RetryPolicy { tries: 99, ..RetryPolicy::default() };
        let pause = |tried, jitter| policy.pause(Repeat::Idempotent, &timed_out(), tried, secs(0), jitter).unwrap();
        assert_eq!(pause(1, 1.0), Duration::from_millis(250));
        assert_eq!(pause(1, 0.0), Duration::from_millis(125));
        assert_eq!(pause(3, 1.0), secs(1));
        assert_eq!(pause(98, 1.0), secs(4));
    }

    #[test]
    fn tries_are_bounded() {
        let policy = RetryPolicy::default();
        assert!(policy.pause(Repeat::Idempotent, &timed_out(), 2, secs(0), 0.0).is_some());
        assert_eq!(policy.pause(Repeat::Idempotent, &timed_out(), 3, secs(0), 0.0), None);
    }

    #[test]
    fn jitter_is_a_share() {
        assert!((0..1000).all(|_| (0.0..=1.0).contains(&random_jitter())));
    }
}
