//! What happens on calls, told as it happens to whoever tries a flow out.

use call_flow::position::Ending;
use call_flow::{Command, CommandOutcome};
use telnyx_voice::webhook::Event;
use tokio::sync::mpsc;

/// One thing that happened. Holds what callers said and pressed: for the eyes of whoever placed the call.
#[derive(Debug)]
pub enum Happening {
    /// A webhook came.
    Webhook(Box<Event>),
    /// A call came to a step, by its place in the flow.
    Step(usize),
    /// A step ended in an error.
    StepFailed(usize),
    /// A command was sent.
    Command(Box<Command>),
    /// A command was not accepted.
    NotAccepted(CommandOutcome),
    /// A timer ran out.
    Timer,
    /// The API was asked how the call stands, because no webhook says it.
    LookedUp,
    /// The user's program was asked.
    Asked(String),
    /// The call counts as this.
    Outcome(String),
    /// The callee is not to be called again.
    OptOut,
    /// The flow is over.
    Ended(Ending),
}

/// Tells, when somebody listens.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Option<mpsc::UnboundedSender<Happening>>);

impl Transcript {
    /// One that is told, and what is told.
    #[must_use]
    pub fn told() -> (Self, mpsc::UnboundedReceiver<Happening>) {
        let (sender, told) = mpsc::unbounded_channel();
        (Self(Some(sender)), told)
    }

    /// Makes the happening only when somebody listens.
    pub(super) fn tell(&self, happening: impl FnOnce() -> Happening) {
        if let Some(sender) = &self.0 {
            let _nobody_listens_any_more = sender.send(happening());
        }
    }
}
