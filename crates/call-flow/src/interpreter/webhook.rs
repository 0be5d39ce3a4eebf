//! The answer of the user's program.

use jiff::Timestamp;
use telnyx_voice::CommandId;

use super::run::Run;
use crate::compile::Flow;
use crate::completion::Signal;
use crate::effect::{CallState, Reaction, Seen, WebhookResponse};
use crate::position::Phase;
use crate::spec::Kind;

impl Flow {
    /// The user's program has answered, or has not.
    #[must_use]
    pub fn on_webhook_response(
        &self,
        state: &CallState,
        id: &CommandId,
        response: WebhookResponse,
        now: Timestamp,
    ) -> Reaction {
        let mut run = Run::new(self, state.clone(), now);
        let asked = run.step().is_some_and(|step| step.action.kind() == Kind::CallWebhook);
        if !asked || state.position.phase != Phase::UnderWay || *id != run.command_id("step") {
            return run.done(Seen::Stale);
        }
        run.signal(match response {
            WebhookResponse::Ok(result) => Signal { outcome: "done", digits: None, result },
            WebhookResponse::Failed => Signal::of("failed"),
        });
        run.done(Seen::Handled)
    }
}
