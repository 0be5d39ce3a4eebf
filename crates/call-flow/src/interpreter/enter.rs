//! Going to a step and beginning it.

use telnyx_voice::{CallControlId, ClientState};

use super::MAX_VISITS;
use super::run::Run;
use crate::compile::Target;
use crate::completion::{Class, Completion, Signal};
use crate::effect::{CallCommand, Effect, Request, WebhookCall};
use crate::position::{Ending, Phase, SecondLeg};
use crate::spec::{Action, Step, control};
use crate::template;

/// The detector may cut a step this often; then the flow goes on.
const MAX_CUTS: u8 = 3;

impl Run<'_> {
    /// Goes to a target, and on through every step that takes no time.
    pub(super) fn go(&mut self, target: Target) {
        let mut target = target;
        loop {
            target = match target {
                Target::End => return self.hang_up(Ending::Completed),
                Target::Fail => return self.hang_up(Ending::Failed),
                Target::Step(_) if self.state.position.visit >= MAX_VISITS => {
                    return self.hang_up(Ending::TooManySteps);
                }
                Target::Step(index) => {
                    self.state.position.cuts = 0;
                    match self.enter(index) {
                        Some(next) => next,
                        None => return,
                    }
                }
            };
        }
    }

    /// Begins a step. Returns where to go on at once, if the step takes no time.
    fn enter(&mut self, index: u8) -> Option<Target> {
        self.state.position.step = index;
        self.state.position.visit += 1;
        self.phase(Phase::UnderWay);
        let Some(step) = self.step() else { return Some(Target::Fail) };
        if step.completion() == Completion::Instant {
            return Some(self.instant(step));
        }
        if let Action::Wait(_) = &step.action {
            self.place();
        } else if let Action::CallWebhook(call) = &step.action {
            self.place();
            self.call_webhook(call, step);
        } else if let Err(target) = self.command(&step.action) {
            return Some(target);
        }
        if self.state.position.phase != Phase::HangingUp {
            self.arm();
        }
        None
    }

    /// Does a step that takes no time.
    fn instant(&mut self, step: &Step) -> Target {
        let Some(ways) = self.flow.ways.get(usize::from(self.state.position.step)) else { return Target::Fail };
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds take time")]
        match &step.action {
            Action::Switch(_) => {
                let facts = self.facts();
                for (condition, target) in &ways.cases {
                    match condition.holds(&facts) {
                        Ok(true) => return *target,
                        Ok(false) => {}
                        Err(_) => return ways.on_error,
                    }
                }
            }
            Action::Set(set) => {
                let Ok(()) = self.set_all(set) else { return ways.on_error };
            }
            Action::Loop(repeat) => {
                if let Some((back, number)) = ways.back
                    && let Some(count) = self.state.position.loops.get_mut(number)
                {
                    if *count < repeat.times {
                        *count += 1;
                        return back;
                    }
                    *count = 0;
                }
            }
            Action::Outcome(outcome) => {
                let value = template::fill(&outcome.value, &|name: &str| self.value(name));
                self.push(Effect::SetOutcome(value));
            }
            Action::OptOut(_) => self.push(Effect::OptOut),
            _ => {}
        }
        ways.on.get("done").copied().unwrap_or(ways.next)
    }

    fn set_all(&mut self, set: &control::Set) -> Result<(), super::values::TooLong> {
        let filled: Vec<(&String, String)> = set
            .variables
            .iter()
            .map(|(name, text)| (name, template::fill(text, &|name: &str| self.value(name))))
            .collect();
        filled.into_iter().try_for_each(|(name, value)| self.set_variable(name, value))
    }

    /// Lets the call carry the position without any other command.
    pub(super) fn place(&mut self) {
        if let Ok(state) = self.state.position.encode() {
            let id = self.command_id("place");
            self.send(id, self.on_call(CallCommand::UpdateClientState(state)));
        }
    }

    pub(super) fn on_call(&self, command: CallCommand) -> Request {
        Request::Call(self.state.leg.call_control_id.clone(), Box::new(command))
    }

    pub(super) fn call_webhook(&mut self, call: &control::CallWebhook, step: &Step) {
        let values = |name: &str| self.value(name);
        let escaped = |name: &str| self.value(name).map(|value| percent_encode(&value));
        let url = template::fill(&call.url, &escaped);
        let mut body = call.body.clone().unwrap_or_default();
        template::render(&mut body, &values);
        let effect = WebhookCall { id: self.command_id("step"), url, body, timeout_secs: step.patience_secs() };
        self.push(Effect::CallWebhook(effect));
    }

    /// Sends the command of a step. `Err`: it could not be made; where to go then.
    fn command(&mut self, action: &Action) -> Result<(), Target> {
        let id = self.command_id("step");
        let request = self.request(action, id.as_str())?;
        if matches!(action, Action::Hangup(_)) {
            self.hang_up_with(Ending::Completed, request);
            return Ok(());
        }
        self.send(id, request);
        Ok(())
    }

    /// The request of a step, with the position that it lets the call carry.
    fn request(&self, action: &Action, id: &str) -> Result<Request, Target> {
        let failed =
            self.flow.ways.get(usize::from(self.state.position.step)).map_or(Target::Fail, |ways| ways.on_error);
        let state = self.state.position.encode().map_err(|_| Target::Fail)?;
        let set = [("client_state", state.as_str()), ("command_id", id)];
        let values = |name: &str| self.value(name);
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds send no command")]
        let command = match action {
            Action::Hangup(params) => CallCommand::Hangup(params.render(&values, &set).map_err(|_| failed)?),
            Action::Speak(params) => CallCommand::Speak(params.render(&values, &set).map_err(|_| failed)?),
            Action::Play(params) => CallCommand::StartPlayback(params.render(&values, &set).map_err(|_| failed)?),
            Action::StopPlayback(params) => {
                CallCommand::StopPlayback(params.render(&values, &set).map_err(|_| failed)?)
            }
            Action::Dial(params) => {
                let marked = self.second_leg_state().ok_or(failed)?;
                let set = [("client_state", marked.as_str()), ("command_id", id)];
                return Ok(Request::Dial(Box::new(params.render(&values, &set).map_err(|_| failed)?)));
            }
            _ => return Err(failed),
        };
        Ok(self.on_call(command))
    }

    /// What a leg that this step calls carries.
    fn second_leg_state(&self) -> Option<ClientState> {
        let leg = SecondLeg {
            key: self.state.position.key,
            parent: self.state.leg.call_leg_id.clone(),
            parent_control: self.state.leg.call_control_id.clone(),
            visit: self.state.position.visit,
        };
        leg.encode().ok()
    }

    /// A step has ended, or has come to where it wanted.
    pub(super) fn signal(&mut self, signal: Signal) {
        let index = self.state.position.step;
        let (Some(step), Some(ways)) = (self.step(), self.flow.ways.get(usize::from(index))) else { return };
        if let Some(digits) = signal.digits {
            self.state.position.digits = digits;
        }
        for (variable, field) in &step.save {
            let value = field_of(&signal.result, field);
            if self.set_variable(variable, value).is_err() {
                return self.go(ways.on_error);
            }
        }
        if signal.outcome == "cancelledAmd"
            && !ways.on.contains_key("cancelledAmd")
            && self.state.position.cuts < MAX_CUTS
        {
            self.state.position.cuts += 1;
            if let Some(target) = self.enter(index) {
                self.go(target);
            }
            return;
        }
        let class = step
            .action
            .kind()
            .outcomes()
            .iter()
            .find(|outcome| outcome.name == signal.outcome)
            .map_or(Class::Error, |outcome| outcome.class);
        match (ways.on.get(signal.outcome), class) {
            (Some(target), _) => self.go(*target),
            (None, Class::Next) => self.go(ways.next),
            (None, Class::Error) => self.go(ways.on_error),
            (None, Class::Stay) => {
                if self.state.position.phase != Phase::Established {
                    self.phase(Phase::Established);
                    self.arm();
                }
            }
        }
    }

    /// Begins the present step again, under a new visit.
    pub(super) fn again(&mut self) {
        if let Some(target) = self.enter(self.state.position.step) {
            self.go(target);
        }
    }

    /// Remembers the second leg.
    pub(super) fn second_leg_is(&mut self, leg: CallControlId) {
        if leg.as_str().len() <= crate::compile::MAX_CONTROL_ID {
            self.state.position.second_leg = Some(leg);
        }
    }
}

/// The text of a field of a result; dots lead into objects, numbers into lists.
fn field_of(result: &serde_json::Value, path: &str) -> String {
    use serde_json::Value;
    let found = path.split('.').try_fold(result, |value, key| match value {
        Value::Object(fields) => fields.get(key),
        Value::Array(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    });
    match found {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Escapes all but the unreserved characters of RFC 3986.
fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
