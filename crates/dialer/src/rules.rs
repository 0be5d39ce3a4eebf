//! What a campaign wants done about an attempt that has ended: ordered rules, of which the first that matches applies.
//!
//! Promises that a rule names what it is about, so that what is not known matches no rule that does not say so, and that
//! no rule makes a success of anything. Does not know what the usual course would be.

use std::time::Duration;

use crate::call::{Hangup, HangupCause};
use crate::client_state::{Party, Position};
use crate::detail::Detail;
use crate::outcome::Outcome;

/// Rules beyond this many are ignored (Kubernetes allows a Job's `podFailurePolicy` as many).
pub const MOST_RULES: usize = 20;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRule {
    /// Attempts that it is about.
    pub when: Match,
    /// What to do then.
    pub action: RuleAction,
}

/// Which attempts a rule is about: those that fit every list that is not empty. With all of them empty it fits none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// How the attempt ended.
    pub outcomes: Vec<Outcome>,
    /// The SIP status that it ended with (Telnyx: `sip_hangup_cause`), 100 to 699.
    pub sip: Vec<u16>,
    /// Who answered, as the detector heard it.
    pub heard: Vec<Party>,
    /// What a flow called the outcome.
    pub details: Vec<Detail>,
}

/// What a rule does. An opt-out, and what may not be called, stay so whatever a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// Try again while the target's attempts last, after this long (or as the backoff list says), never before the least
    /// gap.
    Retry {
        /// Overrides the backoff list.
        after: Option<Duration>,
        /// Retries of the target after this outcome. `None`: as many as its attempts allow.
        at_most: Option<u8>,
    },
    /// The target is not called again.
    Finish,
    /// Try again as with `Retry`, but the attempt does not count. After [`MOST_IGNORED`] of a target they count.
    Ignore {
        /// Overrides the backoff list.
        after: Option<Duration>,
    },
    /// The target is not called again, and the campaign has failed: whoever waits is not called any more.
    FailCampaign,
    /// The target goes its usual way; the campaign dials nothing more until somebody changes it.
    PauseCampaign,
    /// The target is not called again, nor is its number, by any campaign of the account.
    AddToDnc,
}

/// Attempts of one target that may be ignored.
pub const MOST_IGNORED: u16 = 10;

/// What is known of an attempt that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How it ended.
    pub outcome: Outcome,
    /// The SIP status that it ended with, where there was one.
    pub sip: Option<u16>,
    /// Who answered, where a detector has said so.
    pub heard: Option<Party>,
    /// What a flow called the outcome, where one did.
    pub detail: Option<Detail>,
    /// Why the call ended, where there was one. No rule asks for it; results tell it.
    pub cause: Option<HangupCause>,
}

impl Evidence {
    /// An outcome without a call.
    #[must_use]
    pub fn bare(outcome: Outcome) -> Self {
        Self { outcome, sip: None, heard: None, detail: None, cause: None }
    }

    /// The end of a call whose announcement, or flow, had come to `position`.
    #[must_use]
    pub fn of_hangup(hangup: Hangup, position: Position) -> Self {
        let detail = if let Position::InFlow(flow) = position { flow.detail } else { None };
        Self {
            outcome: Outcome::of_hangup(hangup, position),
            sip: hangup.sip,
            heard: heard(position),
            detail,
            cause: Some(hangup.cause),
        }
    }
}

fn heard(position: Position) -> Option<Party> {
    let party = match position {
        Position::Ringing | Position::Listening => return None,
        Position::AwaitingBeep => Party::Machine,
        Position::Announcing { to, .. } => to,
        Position::InFlow(flow) => flow.with,
        Position::HangingUp { with, .. } => with,
    };
    (party != Party::Unscreened).then_some(party)
}

impl Match {
    fn fits(&self, evidence: Evidence) -> bool {
        let Self { outcomes, sip, heard, details } = self;
        let says_something = !(outcomes.is_empty() && sip.is_empty() && heard.is_empty() && details.is_empty());
        says_something
            && (outcomes.is_empty() || outcomes.contains(&evidence.outcome))
            && (sip.is_empty() || evidence.sip.is_some_and(|code| sip.contains(&code)))
            && (heard.is_empty() || evidence.heard.is_some_and(|party| heard.contains(&party)))
            && (details.is_empty() || evidence.detail.is_some_and(|detail| details.contains(&detail)))
    }
}

/// The first rule that fits, counted from 0.
pub(crate) fn first(rules: &[OutcomeRule], evidence: Evidence) -> Option<usize> {
    rules.iter().take(MOST_RULES).position(|rule| rule.when.fits(evidence))
}

/// The action of the first rule that fits.
pub(crate) fn action(rules: &[OutcomeRule], evidence: Evidence) -> Option<RuleAction> {
    first(rules, evidence).and_then(|index| rules.get(index)).map(|rule| rule.action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::HangupCause;

    fn rule(outcomes: &[Outcome], sip: &[u16], heard: &[Party]) -> OutcomeRule {
        let when = Match { outcomes: outcomes.to_vec(), sip: sip.to_vec(), heard: heard.to_vec(), details: Vec::new() };
        OutcomeRule { when, action: RuleAction::Finish }
    }

    fn fits(rule: &OutcomeRule, cause: HangupCause, sip: Option<u16>, position: &str) -> bool {
        let position = Position::decode(position).unwrap();
        rule.when.fits(Evidence::of_hangup(Hangup { cause, sip }, position))
    }

    #[test]
    fn a_rule_fits_when_everything_it_names_fits() {
        use HangupCause::{NormalClearing, Unknown, Unspecified};
        let machine = rule(&[], &[], &[Party::Machine]);
        assert!(fits(&machine, NormalClearing, Some(200), "p1m") && fits(&machine, NormalClearing, None, "b"));
        assert!(!fits(&machine, NormalClearing, Some(200), "p1h"));
        let gone = rule(&[Outcome::InvalidNumber], &[410], &[]);
        assert!(fits(&gone, Unspecified, Some(410), "r"));
        assert!(!fits(&gone, Unspecified, Some(404), "r") && !fits(&gone, Unspecified, None, "r"));
        assert!(!fits(&rule(&[], &[], &[]), Unknown, None, "r"), "a rule that names nothing fits nothing");
        assert!(!fits(&rule(&[], &[], &[Party::Human]), Unknown, None, "r"), "nobody was heard");
    }

    #[test]
    fn a_rule_can_be_about_what_a_flow_called_the_outcome() {
        let unclear = OutcomeRule {
            when: Match { details: vec![Detail::parse("unclear").unwrap()], ..Match::default() },
            action: RuleAction::Finish,
        };
        assert!(fits(&unclear, HangupCause::NormalClearing, None, "f3hcu:unclear"));
        assert!(!fits(&unclear, HangupCause::NormalClearing, None, "f3hcu:confirmed"));
        assert!(
            !fits(&unclear, HangupCause::NormalClearing, None, "f3hcu")
                && !fits(&unclear, HangupCause::UserBusy, None, "r")
        );
    }

    #[test]
    fn the_first_rule_that_fits_applies_and_the_twenty_first_never() {
        let evidence = Evidence::bare(Outcome::Busy);
        let other = || rule(&[Outcome::NoAnswer], &[], &[]);
        let pause = OutcomeRule { action: RuleAction::PauseCampaign, ..rule(&[Outcome::Busy], &[], &[]) };
        let rules = [other(), pause.clone(), rule(&[Outcome::Busy], &[], &[])];
        assert_eq!(action(&rules, evidence), Some(RuleAction::PauseCampaign));
        let mut many: Vec<_> = (0..20).map(|_| other()).collect();
        many.push(pause);
        assert_eq!(action(&many, evidence), None);
    }
}
