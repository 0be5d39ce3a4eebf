//! A bounded wait that says what it saw last.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

/// Time between two polls: short against anything that is waited for, long against one `kubectl`.
const POLL: Duration = Duration::from_millis(100);

/// It did not happen in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: not within {within:?}; last seen: {last}")]
pub struct TimedOut {
    /// What was waited for, in the caller's words.
    pub what: String,
    /// How long.
    pub within: Duration,
    /// The state at the last poll, or that no poll ever ended.
    pub last: String,
}

/// Calls `poll` until it yields `Ok`, at most for `within`; a poll that hangs counts against the time.
///
/// The `Err` of a poll is the state that was seen instead. It ends up in [`TimedOut`], so say what a reader wants to
/// know.
pub async fn eventually<T, S: Display>(
    what: &str,
    within: Duration,
    mut poll: impl AsyncFnMut() -> Result<T, S>,
) -> Result<T, TimedOut> {
    let deadline = Instant::now() + within;
    let mut last = "nothing, the first look did not end".to_owned();
    loop {
        match timeout(deadline.saturating_duration_since(Instant::now()), poll()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(state)) => last = state.to_string(),
            Err(_elapsed) => {}
        }
        if Instant::now() >= deadline {
            return Err(TimedOut { what: what.to_owned(), within, last });
        }
        sleep_until(deadline.min(Instant::now() + POLL)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_comes_in_time_is_returned() {
        let mut looks = 0;
        let got = eventually("three looks", Duration::from_secs(1), async || {
            looks += 1;
            if looks == 3 { Ok(looks) } else { Err(format!("look {looks}")) }
        });
        assert_eq!(got.await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_come_is_reported_with_the_last_state() {
        let mut looks = 0;
        let got = eventually("a wonder", Duration::from_millis(250), async || {
            looks += 1;
            Err::<(), _>(format!("look {looks}"))
        });
        let error = got.await.unwrap_err();
        assert_eq!(error.to_string(), "a wonder: not within 250ms; last seen: look 4");
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_does_not_hang_the_wait() {
        let got = eventually("an answer", Duration::from_secs(1), async || {
            std::future::pending::<()>().await;
            Err::<(), _>("unreachable")
        });
        assert_eq!(got.await.unwrap_err().last, "nothing, the first look did not end");
    }
}
