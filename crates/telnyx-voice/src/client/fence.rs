//! Whether requests that change something may leave: who works for an account together with others stops in time.
//!
//! Promises that such a request is begun only where its try ends, answered or given up, two seconds before the fence closes,
//! and that the fence is asked once more when the body is handed to the connection, right before it is written: a process that
//! was stopped in between sends nothing when it wakes up. Does not know why a fence closes. Reads pass always.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// How long requests that change something may still be sent and answered; `None`: not at all. Asked before every try and
/// again at its body, so it must be quick.
pub type Fence = Arc<dyn Fn() -> Option<Duration> + Send + Sync>;

/// Between the end of a try and the closing of the fence.
const RESERVE: Duration = Duration::from_secs(2);
/// A try that is given less than this, or than its own timeout where that is shorter, is not begun: it would mostly be given up.
const LEAST: Duration = Duration::from_secs(5);

/// How long a try may take that may take `timeout` by itself; `None`: it must not begin.
pub(super) fn time_for(fence: Option<&Fence>, timeout: Duration) -> Option<Duration> {
    let Some(fence) = fence else { return Some(timeout) };
    let time = fence()?.checked_sub(RESERVE)?.min(timeout);
    (time >= timeout.min(LEAST)).then_some(time)
}

/// A body that is given out only while the fence is open.
pub(super) struct FencedBody {
    bytes: Option<Bytes>,
    fence: Fence,
    withheld: Withheld,
}

/// Whether a body was not given out.
#[derive(Clone, Default)]
pub(super) struct Withheld(Arc<AtomicBool>);

/// Said to the HTTP client, which then sends nothing of the request. The head waits for the body in one buffer (hyper 1.12,
/// HTTP/1 dispatcher), and without its body no server carries a request out.
#[derive(Debug, thiserror::Error)]
#[error("the fence closed before the body was written")]
pub(super) struct Closed;

impl Withheld {
    pub(super) fn is_so(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl FencedBody {
    pub(super) fn new(bytes: Bytes, fence: Fence, withheld: Withheld) -> Self {
        Self { bytes: Some(bytes), fence, withheld }
    }
}

impl Body for FencedBody {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        if (self.fence)().is_none_or(|left| left < RESERVE) {
            self.withheld.0.store(true, Ordering::Release);
            return Poll::Ready(Some(Err(Closed)));
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_ends_two_seconds_before_the_fence_closes() {
        let table: [(Option<u64>, u64, Option<u64>); 9] = [
            // What the fence leaves, the timeout, and what the try gets, in milliseconds.
            (Some(13_000), 10_000, Some(10_000)),
            (Some(11_999), 10_000, Some(9_999)),
            (Some(7_000), 10_000, Some(5_000)),
            (Some(6_999), 10_000, None),
            (Some(4_000), 2_000, Some(2_000)),
            (Some(3_999), 2_000, None),
            (Some(1_000), 2_000, None),
            (Some(0), 0, None),
            (None, 2_000, None),
        ];
        for (left, timeout, expected) in table {
            let fence: Fence = Arc::new(move || left.map(Duration::from_millis));
            let time = time_for(Some(&fence), Duration::from_millis(timeout));
            assert_eq!(time, expected.map(Duration::from_millis), "{left:?} left of {timeout}");
        }
        assert_eq!(time_for(None, Duration::from_secs(10)), Some(Duration::from_secs(10)));
    }
}
