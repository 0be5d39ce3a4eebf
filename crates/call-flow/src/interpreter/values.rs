//! What templates and conditions can see, and how variables are set.

use telnyx_voice::CallControlId;

use super::run::Run;
use crate::expression::Facts;
use crate::position::{Amd, CallDirection};

/// Names that every flow has in its templates. `digits`: keys of the last gather. `amd`: who answered. `attempt`, `direction`.
/// `secondLeg`: the call control id of the leg that a `dial` step called. `conference`: the id of the conference that the call is
/// in. `callControlId`, `connectionId`: the call's own.
pub(crate) const BUILT_IN: [&str; 8] =
    ["amd", "attempt", "callControlId", "conference", "connectionId", "digits", "direction", "secondLeg"];

/// The value is longer than declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

fn direction(direction: CallDirection) -> &'static str {
    match direction {
        CallDirection::Inbound => "Inbound",
        CallDirection::Outbound => "Outbound",
    }
}

impl Run<'_> {
    /// The value of a name in a template.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let position = &self.state.position;
        let text = match name {
            "amd" => position.amd.map(Amd::as_str).unwrap_or_default().to_owned(),
            "attempt" => position.attempt.to_string(),
            "callControlId" => self.state.leg.call_control_id.to_string(),
            "conference" => position.conference.clone().unwrap_or_default(),
            "connectionId" => self.state.leg.connection_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            "digits" => position.digits.clone(),
            "direction" => direction(position.direction).to_owned(),
            "secondLeg" => position.second_leg.as_ref().map(CallControlId::to_string).unwrap_or_default(),
            variable => {
                let at = self.flow.variables.iter().position(|known| known == variable)?;
                position.variables.get(at)?.clone()
            }
        };
        Some(text)
    }

    /// What a condition can see.
    pub(super) fn facts(&self) -> Facts<'_> {
        let position = &self.state.position;
        Facts {
            digits: &position.digits,
            amd: position.amd.map(Amd::as_str).unwrap_or_default(),
            attempt: position.attempt,
            direction: direction(position.direction),
            vars: self
                .flow
                .variables
                .iter()
                .map(String::as_str)
                .zip(position.variables.iter().map(String::as_str))
                .collect(),
        }
    }

    /// Gives a variable a value.
    pub(super) fn set_variable(&mut self, name: &str, value: String) -> Result<(), TooLong> {
        let most = self.flow.spec.variables.get(name).map_or(0, |variable| usize::from(variable.max_length));
        if value.len() > most {
            return Err(TooLong);
        }
        if let Some(at) = self.flow.variables.iter().position(|known| known == name)
            && let Some(slot) = self.state.position.variables.get_mut(at)
        {
            *slot = value;
        }
        Ok(())
    }
}
