//! What surrounds every pass of a controller that has a loop of its own.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use kube::runtime::controller::Action;

use crate::fall::{Fall, caught};
use crate::reconcile;
use crate::telemetry::Panics;
use crate::telemetry::traces::Traces;

/// The passes over objects of one kind. Each is told as a trace, and whatever goes wrong in it, a panic included, ends this pass and
/// no other: there is another after `retry`.
pub(super) struct Passes {
    kind: &'static str,
    retry: Duration,
    traces: Traces,
    panics: Panics,
}

impl Passes {
    pub(super) fn of(kind: &'static str, retry: Duration, context: &reconcile::Context) -> Self {
        let panics = context.metrics.panics().clone();
        panics.expect(kind);
        Self { kind, retry, traces: context.traces.clone(), panics }
    }

    pub(super) fn run<E: Display>(
        &self,
        namespace: &str,
        name: &str,
        pass: impl Future<Output = Result<Option<Duration>, E>>,
    ) -> impl Future<Output = Action> {
        let kind = self.kind;
        let pass = caught(&self.panics, kind, pass);
        let ended = async move {
            match pass.await {
                Ok(after) => ("done", after.map_or_else(Action::await_change, Action::requeue)),
                Err(Fall::Failed(error)) => {
                    tracing::warn!(kind, namespace, name, %error, "a pass failed");
                    ("retry", Action::requeue(self.retry))
                }
                Err(Fall::Panicked) => {
                    tracing::error!(kind, namespace, name, "a pass panicked");
                    ("panic", Action::requeue(self.retry))
                }
            }
        };
        self.traces.pass(kind, namespace, name, ended)
    }
}
