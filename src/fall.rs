//! A panic ends the work that it happens in, and no other.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

use crate::telemetry::Panics;

/// Why work ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fall<E> {
    /// It says so itself.
    #[error(transparent)]
    Failed(E),
    /// The panic's message and place stand in the log, just before.
    #[error("a panic, which is a fault of the operator: please report it")]
    Panicked,
}

/// Does `work` on something of `kind`. What it was working on must not be used any more after a panic, or be valid at every step.
pub(crate) fn caught<T, E>(
    panics: &Panics,
    kind: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, Fall<E>>> {
    let work = contained(panics, kind, work);
    async move { work.await.map_or(Err(Fall::Panicked), |ended| ended.map_err(Fall::Failed)) }
}

/// The same for work that cannot fail. `None` after a panic, whose message and place stand in the log.
pub(crate) fn contained<T>(
    panics: &Panics,
    kind: &'static str,
    work: impl Future<Output = T>,
) -> impl Future<Output = Option<T>> {
    // What is done with an object as a whole knows much.
    let work = AssertUnwindSafe(Box::pin(work)).catch_unwind();
    async move {
        let ended = work.await.ok();
        if ended.is_none() {
            panics.caught(kind);
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_counted_and_whoever_asked_goes_on() {
        let (panics, mut registry) = (Panics::default(), Registry::default());
        registry.register("panics", "", panics.0.clone());
        let stumbling = caught::<(), &str>(&panics, "queue", async { panic!("on purpose") });
        assert_eq!(stumbling.await, Err(Fall::Panicked));
        assert_eq!(caught(&panics, "queue", async { Err::<(), _>("no") }).await, Err(Fall::Failed("no")));
        assert_eq!(caught(&panics, "queue", async { Ok::<_, &str>(1) }).await, Ok(1));
        assert_eq!(contained(&panics, "queue", async { 1 }).await, Some(1));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.contains("panics_total{kind=\"queue\"} 1\n"), "{text}");
    }
}
