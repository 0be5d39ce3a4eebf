//! Whether a target may be called now, as far as lists, consent and frequency go: asked when it is claimed, and again just
//! before the dial.
//!
//! Promises that what cannot be told is refused, and that the rule that decided is named. Does not know windows, pacing,
//! nor who set a rule aside.

use jiff::Timestamp;

use crate::compliance::Rule;
use crate::dialer::Dialer;
use crate::outcome::Outcome;
use crate::owner::{Owner, Slot};
use crate::tally::Tally;
use crate::target::TargetState;

/// What the rules say of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It may be placed. With a rule: only because that was set aside.
    Allowed(Option<Rule>),
    /// It may be placed from then on, not now.
    Wait(Rule, Timestamp),
    /// It must not be placed.
    Blocked(Rule),
}

impl Dialer {
    /// What the rules say of calling the target now; `None`: there is no such target, or no campaign to ask for its rules.
    /// A claim of its own does not count.
    pub(super) fn judge(&self, slot: Slot) -> Option<Judgement> {
        let spec = self.owner_of(slot)?.spec.as_ref()?;
        let target = self.jobs.get(&slot.job)?.targets.get(slot.at())?;
        let consent = target.consent_at.is_some_and(|at| at <= self.now.wall);
        let objections = [
            self.is_do_not_call(slot).then_some(Rule::DoNotCall),
            (spec.consent_required && !consent).then_some(Rule::Consent),
        ];
        let mut set_aside = None;
        for rule in objections.into_iter().flatten() {
            if !spec.set_aside.contains(&rule) {
                return Some(Judgement::Blocked(rule));
            }
            set_aside = set_aside.or(Some(rule));
        }
        if let Some(until) = self.called_elsewhere_until(slot) {
            return Some(Judgement::Wait(Rule::Frequency, until));
        }
        Some(match self.frequency_until(slot) {
            None => Judgement::Allowed(set_aside),
            Some(_) if spec.set_aside.contains(&Rule::Frequency) => {
                Judgement::Allowed(set_aside.or(Some(Rule::Frequency)))
            }
            Some(until) => Judgement::Wait(Rule::Frequency, until),
        })
    }

    /// Whether the lists can be asked for an owner. Where not, nothing of it is dialled.
    pub(super) fn is_screened(&self, owner: &Owner) -> bool {
        let Some(spec) = &owner.spec else { return false };
        spec.set_aside.contains(&Rule::DoNotCall) || self.do_not_call.can_be_asked(spec.max_list_age, self.now.wall)
    }

    /// The target is not called any more, because of a rule.
    pub(super) fn block(&mut self, slot: Slot, rule: Rule) {
        if let Some(TargetState::Pending { tally, .. }) = self.state(slot) {
            let tally = Tally { rule: Some(rule), ..*tally };
            self.set_state(slot, &TargetState::Done { tally, outcome: Outcome::ComplianceBlocked });
        }
    }

    /// The target waits, because of a rule.
    pub(super) fn postpone(&mut self, slot: Slot, rule: Rule, until: Timestamp) {
        if let Some(TargetState::Pending { tally, .. }) = self.state(slot) {
            let tally = Tally { rule: Some(rule), ..*tally };
            self.set_state(slot, &TargetState::Pending { tally, not_before: Some(until) });
        }
    }
}
