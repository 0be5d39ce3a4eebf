//! Gives answered calls to the account's flows.
//!
//! Promises to tell apart: the flow has the call and its first command was accepted; no flow will ever take it; nobody knows. A call
//! that is given twice is taken once.

use call_flow::{Detection, position};
use dialer::Event;
use dialer::effect::{Answerer, LegCommand, RunFlow};
use dialer::event::CommandRefusal;
use telnyx_voice::ConnectionId;
use tokio::sync::oneshot;

use crate::reconcile::AccountKey;
use crate::webhook::{Begun, FlowBegin, FlowOrder, Routes, Verdict};

/// The way to one account's flows.
#[derive(Clone, Debug)]
pub(super) struct FlowCalls {
    pub(super) routes: Routes,
    pub(super) account: AccountKey,
}

impl FlowCalls {
    /// Gives the call of `command` to the flow.
    pub(super) async fn give(&self, command: &LegCommand, run: &RunFlow) -> Event {
        let (command_id, leg) = (command.command_id, command.leg.id.clone());
        let refused = |refusal| Event::CommandRefused { command_id, leg: leg.clone(), refusal };
        match self.ask(command, run).await {
            Some(Begun::Taken(verdict)) => match verdict.await {
                Ok(Verdict::Durable | Verdict::NotNeeded) => Event::CommandAccepted { command_id, leg },
                // It has the call, or had it: it is asked again.
                Ok(Verdict::Again) | Err(_) => Event::CommandFateUnknown { command_id, leg },
            },
            Some(Begun::Ended) => refused(CommandRefusal::AlreadyEnded),
            Some(Begun::Never) => refused(CommandRefusal::Invalid),
            Some(Begun::NotYet) | None => Event::CommandFateUnknown { command_id, leg },
        }
    }

    /// `None`: nobody listens now.
    async fn ask(&self, command: &LegCommand, run: &RunFlow) -> Option<Begun> {
        let (reply, answer) = oneshot::channel();
        let begin = FlowBegin {
            leg: call_flow::Leg {
                call_control_id: command.leg.control.as_str().into(),
                call_leg_id: command.leg.id.as_str().into(),
                connection_id: Some(ConnectionId::from(run.connection_id.as_ref())),
            },
            key: call_flow::FlowKey { flow: run.flow.flow, revision: run.flow.revision },
            detection: detection(run.answerer),
            attempt: run.attempt,
            origin: command.client_state.to_text(),
            reply,
        };
        let line = self.routes.flows_of(&self.account.namespace, &self.account.name)?;
        line.tell(FlowOrder::Begin(Box::new(begin))).ok()?;
        answer.await.ok()
    }
}

/// Who answered, in the flow's words.
fn detection(answerer: Answerer) -> Detection {
    use position::Amd;
    match answerer {
        Answerer::Unscreened => Detection::Disabled,
        Answerer::NotSure => Detection::Verdict(Amd::NotSure),
        Answerer::Human => Detection::Verdict(Amd::Human),
        Answerer::Machine => Detection::Verdict(Amd::Machine),
        Answerer::Beep => Detection::Verdict(Amd::Beep),
        Answerer::NoBeep => Detection::NoGreetingEnd,
        Answerer::Fax => Detection::Verdict(Amd::Fax),
        Answerer::Silence => Detection::Verdict(Amd::Silence),
    }
}
