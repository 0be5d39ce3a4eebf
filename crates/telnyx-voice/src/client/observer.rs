//! What became of each try, for whoever counts.

use std::sync::Arc;
use std::time::Duration;

/// One try of one request. Carries no id, name or number: method and route are those of its row in
/// [`OPERATIONS`](crate::OPERATIONS).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path below the base URL with its parameters in braces: `/calls/{call_control_id}/actions/speak`.
    pub route: &'a str,
    /// The HTTP status of the answer; `None` when none came.
    pub status: Option<u16>,
    /// From sending to the answer, without the wait for a turn in the budget.
    pub took: Duration,
}

/// Is told of every try that was not cancelled. Runs in the task of the request, so it must neither block nor panic.
pub type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;
