//! The operator is killed again and again while the story is told.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use testbed::{Operator, ServiceError};

/// How often it was killed so far.
#[derive(Debug, Default)]
pub(crate) struct Kills(AtomicU32);

impl Kills {
    /// Kills the operator (SIGKILL) about so often after it was ready, and starts it again at once. Ends when it does not start.
    pub(crate) async fn go_on(&self, operator: &Operator, every: Duration) -> Result<Infallible, ServiceError> {
        loop {
            tokio::time::sleep(moment(every, self.count())).await;
            operator.sigkill().await?;
            self.0.fetch_add(1, Ordering::Relaxed);
            operator.start().await?;
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long the operator lives this time: between half and one and a half of `every`, at another moment each time, by the golden ratio.
fn moment(every: Duration, kill: u32) -> Duration {
    every.mul_f64(0.5 + (f64::from(kill) * 0.618_034).fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_moments_are_the_same_and_none_is_far_off() {
        let mut moments: Vec<Duration> = (0..50).map(|kill| moment(Duration::from_secs(10), kill)).collect();
        moments.sort();
        assert!(moments[0] >= Duration::from_secs(5) && moments[49] <= Duration::from_secs(15), "{moments:?}");
        assert!(moments.windows(2).all(|pair| pair[0] + Duration::from_millis(50) < pair[1]), "{moments:?}");
    }
}
