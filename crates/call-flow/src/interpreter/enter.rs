//! Going to a step and beginning it.

use serde_json::Value;
use telnyx_voice::call::ClientStateUpdateRequest;
use telnyx_voice::{CallControlId, ClientState, CommandId};

use super::MAX_VISITS;
use super::run::Run;
use crate::compile::Target;
use crate::completion::{Class, Completion, Signal};
use crate::effect::{CallCommand, Effect, Request, WebhookCall};
use crate::position::{CallDirection, Ending, MAX_OUTCOME, Phase, SecondLeg};
use crate::spec::action::{Filling, Rendered};
use crate::spec::{Action, Kind, Step, control};
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
        self.entered.push(index);
        let Some(step) = self.step() else { return Some(Target::Fail) };
        // Who was called has answered, or will: the API refuses to do it for him (code 90102).
        let placed = self.state.position.direction == CallDirection::Outbound;
        if step.action.kind().answers() && (self.state.position.answered || placed) {
            let ways = self.flow.ways.get(usize::from(index))?;
            return Some(ways.on.get("answered").copied().unwrap_or(ways.next));
        }
        if step.completion() == Completion::Hangup {
            self.state.position.ending = Ending::Completed;
            self.phase(Phase::HangingUp);
        } else {
            self.phase(Phase::UnderWay);
        }
        if step.completion() == Completion::Instant {
            return Some(self.instant(step));
        }
        if let Action::Wait(_) = &step.action {
            self.place();
        } else if let Action::CallWebhook(call) = &step.action {
            self.place();
            self.call_webhook(call, step);
        } else {
            self.begin_sound();
            self.begin_entering();
            if let Err(target) = self.command(&step.action) {
                self.unbegin();
                self.failed.push(index);
                return Some(target);
            }
        }
        self.arm();
        None
    }

    /// The present step's command was not taken.
    pub(super) fn unbegin(&mut self) {
        self.unbegin_sound();
        self.unbegin_entering();
    }

    /// The present step ends in an error.
    fn fail(&mut self, target: Target) -> Target {
        self.failed.push(self.state.position.step);
        target
    }

    /// Does a step that takes no time.
    fn instant(&mut self, step: &Step) -> Target {
        let Some(ways) = self.flow.ways.get(usize::from(self.state.position.step)) else { return Target::Fail };
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds take time")]
        match &step.action {
            Action::Switch(_) => {
                let Ok(known) = self.facts().known() else { return ways.on_error };
                for (condition, target) in &ways.cases {
                    match condition.holds(&known) {
                        Ok(true) => return *target,
                        Ok(false) => {}
                        Err(_) => return self.fail(ways.on_error),
                    }
                }
            }
            Action::Set(set) => {
                let Ok(()) = self.set_all(set) else { return self.fail(ways.on_error) };
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
                let mut value = template::fill(&outcome.value, &|name: &str| self.value(name));
                value.truncate(value.floor_char_boundary(MAX_OUTCOME));
                self.state.position.outcome.clone_from(&value);
                self.state.position.success = outcome.success.filter(|_| !value.is_empty());
                self.push(Effect::SetOutcome(value));
            }
            Action::OptOut(_) => {
                self.state.position.opted_out = true;
                self.push(Effect::OptOut);
            }
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
            self.send(
                id,
                self.on_call(CallCommand::UpdateClientState(ClientStateUpdateRequest::default().client_state(state))),
            );
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
        if matches!(action, Action::Dial(_)) {
            self.drop_second_leg();
        }
        let id = self.command_id("step");
        let rendered = self.rendered(action, &id)?;
        if !rendered.carries {
            self.place();
        }
        self.send(id, rendered.request);
        Ok(())
    }

    /// The request of a step, with the position that it lets the call carry.
    pub(super) fn rendered(&self, action: &Action, id: &CommandId) -> Result<Rendered, Target> {
        let failed =
            self.flow.ways.get(usize::from(self.state.position.step)).map_or(Target::Fail, |ways| ways.on_error);
        let position = self.state.position.encode().map_err(|_| Target::Fail)?;
        let second = self.second_leg_state().ok_or(failed)?;
        let control = &self.state.leg.call_control_id;
        let text = |text: &str| Value::String(text.to_owned());
        let values = |name: &str| self.value(name);
        let common = [("client_state", text(position.as_str())), ("command_id", text(id.as_str()))];
        #[expect(clippy::wildcard_enum_match_arm, reason = "most commands have nothing of their own to fill in")]
        let own = match action {
            Action::Transfer(_) => vec![("target_leg_client_state", text(second.as_str()))],
            Action::UnholdConference(_) => vec![("call_control_ids", Value::Array(vec![text(control.as_str())]))],
            Action::JoinConference(_)
            | Action::LeaveConference(_)
            | Action::GatherConference(_)
            | Action::UpdateConference(_)
            | Action::CreateConference(_) => vec![("call_control_id", text(control.as_str()))],
            _ => Vec::new(),
        };
        let set: Vec<_> = common.into_iter().chain(own).collect();
        if let Action::Dial(params) = action {
            let mut set = vec![("client_state", text(second.as_str())), ("command_id", text(id.as_str()))];
            set.extend(self.state.leg.connection_id.as_ref().map(|own| ("connection_id", text(own.as_str()))));
            let (request, _) = params.render(&values, &set).map_err(|_| failed)?;
            request.check().map_err(|_| failed)?;
            // What a dial carries is the other leg's.
            return Ok(Rendered { request: Request::Dial(Box::new(request)), carries: false });
        }
        if let Action::CreateConference(params) = action {
            let (request, carries) = params.render(&values, &set).map_err(|_| failed)?;
            request.check().map_err(|_| failed)?;
            return Ok(Rendered { request: Request::CreateConference(Box::new(request)), carries });
        }
        let conference = self.state.position.conference.as_deref();
        // Who supervises is on the leg that was dialled for it.
        let supervisor =
            self.state.position.second_leg.as_ref().filter(|_| action.kind() == Kind::SwitchSupervisorRole);
        let filling = Filling { values: &values, set: &set, call: supervisor.unwrap_or(control), conference };
        action.command(&filling).and_then(Result::ok).ok_or(failed)
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
        if step.action.kind() == Kind::Dial && signal.outcome == "timeout" {
            self.drop_second_leg();
        }
        if let Some(digits) = signal.digits {
            // More than was asked for: there is no room for them.
            if digits.len() > step.action.most_digits() {
                return self.go(ways.on_error);
            }
            self.state.position.digits = digits;
        }
        for (variable, field) in &step.save {
            let value = field_of(&signal.result, field);
            if self.set_variable(variable, value).is_err() {
                let target = self.fail(ways.on_error);
                return self.go(target);
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
        if class == Class::Error {
            self.failed.push(index);
        }
        match (ways.on.get(signal.outcome), class) {
            (Some(target), _) => self.go(*target),
            (None, Class::Next) => self.go(ways.next),
            (None, Class::Error) => self.go(ways.on_error),
            (None, Class::Stay) => {
                if self.state.position.phase != Phase::Established {
                    self.phase(Phase::Established);
                    // So that a restart does not take it for a step that is still trying.
                    self.place();
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
fn field_of(result: &Value, path: &str) -> String {
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
