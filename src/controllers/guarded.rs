//! What surrounds every pass of a controller that has a loop of its own.

use std::fmt::Display;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use kube::runtime::controller::Action;

use crate::telemetry::traces::Traces;

/// One pass over an object of `kind`, told as a trace. Whatever goes wrong in it, a panic included, ends this pass and no other: there
/// is another after `retry`.
pub(super) async fn guarded<E: Display>(
    traces: &Traces,
    (kind, namespace, name): (&'static str, &str, &str),
    retry: Duration,
    pass: impl Future<Output = Result<Option<Duration>, E>>,
) -> Action {
    let pass = AssertUnwindSafe(pass).catch_unwind();
    let ended = async {
        match pass.await {
            Ok(Ok(after)) => ("done", after.map_or_else(Action::await_change, Action::requeue)),
            Ok(Err(error)) => {
                tracing::warn!(kind, namespace, name, %error, "a pass failed");
                ("retry", Action::requeue(retry))
            }
            Err(_) => {
                tracing::error!(kind, namespace, name, "a pass panicked");
                ("panic", Action::requeue(retry))
            }
        }
    };
    // A pass knows much.
    traces.pass(kind, namespace, name, Box::pin(ended)).await
}
