//! Where a target stands: the state that is stored, one per target.
//!
//! Promises that states of one target can be joined in any order with the same result, that time never runs backwards
//! in a join, and that `Done` absorbs everything. Does not know what leads from one state to the next.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aftermath::Ring;
use crate::call::HangupCause;
use crate::client_state::{Party, Position};
use crate::compliance::Rule;
use crate::detail::Detail;
use crate::ids::{CallControlId, CallLegId, Leg, SessionId};
use crate::outcome::Outcome;
pub use crate::tally::{AttemptEnd, Halt, LiveAnswers, Retried, Rings, Tally};

/// Where a target stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "StoredState", try_from = "StoredState")]
pub enum TargetState {
    /// Waits for its first or next attempt.
    Pending {
        /// What has been used up.
        tally: Tally,
        /// Not dialled before. `None`: as soon as it may.
        not_before: Option<Timestamp>,
    },
    /// Reserved. If the process died since, a phone may be ringing.
    Claimed {
        /// What had been used up before.
        tally: Tally,
        /// When, by whom, with which caller id.
        claim: ClaimRecord,
    },
    /// The dial was accepted, or the leg was heard of.
    Dialing {
        /// What had been used up before.
        tally: Tally,
        /// When, by whom, with which caller id.
        claim: ClaimRecord,
        /// The leg, once known.
        leg: Option<Leg>,
        /// How far the announcement, or the flow, has come.
        position: Position,
    },
    /// The attempt's fate cannot be found out and policy says to wait for a person.
    Held {
        /// What had been used up before.
        tally: Tally,
        /// When, by whom, with which caller id.
        claim: ClaimRecord,
    },
    /// Finished.
    Done {
        /// What has been used up.
        tally: Tally,
        /// How it ended.
        outcome: Outcome,
    },
}

/// Who claimed a target, when, and with which caller id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRecord {
    /// When, to the millisecond.
    pub at: Timestamp,
    /// By which life of a dialer.
    pub by: SessionId,
    /// Index into the campaign's caller ids.
    pub from: u16,
}

impl Default for TargetState {
    fn default() -> Self {
        Self::Pending { tally: Tally::default(), not_before: None }
    }
}

impl TargetState {
    /// What has been used up.
    #[must_use]
    pub fn tally(&self) -> Tally {
        match self {
            Self::Pending { tally, .. }
            | Self::Claimed { tally, .. }
            | Self::Dialing { tally, .. }
            | Self::Held { tally, .. }
            | Self::Done { tally, .. } => *tally,
        }
    }

    /// The same state with another tally.
    #[must_use]
    pub(crate) fn with_tally(self, tally: Tally) -> Self {
        match self {
            Self::Pending { not_before, .. } => Self::Pending { tally, not_before },
            Self::Claimed { claim, .. } => Self::Claimed { tally, claim },
            Self::Dialing { claim, leg, position, .. } => Self::Dialing { tally, claim, leg, position },
            Self::Held { claim, .. } => Self::Held { tally, claim },
            Self::Done { outcome, .. } => Self::Done { tally, outcome },
        }
    }

    /// When its phone may have rung, the call under way included: the last eight times that ended, and the one that did not.
    pub fn rings(&self) -> impl Iterator<Item = Ring> + use<> {
        self.tally().rings.iter().chain(self.claimed_at().map(Ring::bare))
    }

    /// When the attempt under way was claimed.
    pub(crate) fn claimed_at(&self) -> Option<Timestamp> {
        match self {
            Self::Claimed { claim, .. } | Self::Dialing { claim, .. } | Self::Held { claim, .. } => Some(claim.at),
            Self::Pending { .. } | Self::Done { .. } => None,
        }
    }

    /// Calls placed for the target, the one under way included.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.tally().calls() + u32::from(self.attempt().is_some())
    }

    /// The number of the attempt under way; `None` when there is none.
    #[must_use]
    pub fn attempt(&self) -> Option<u16> {
        match self {
            Self::Claimed { tally, .. } | Self::Dialing { tally, .. } | Self::Held { tally, .. } => {
                Some(tally.attempts.saturating_add(1))
            }
            Self::Pending { .. } | Self::Done { .. } => None,
        }
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// Whether it takes a channel: claimed, ringing or live.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        matches!(self, Self::Claimed { .. } | Self::Dialing { .. })
    }

    /// How far the target has come. Every step of a target's life raises it.
    fn rank(&self) -> (bool, u64, u8) {
        let tally = self.tally();
        let ended = u64::from(tally.attempts) + u64::from(tally.refusals);
        match self {
            Self::Pending { .. } => (false, ended, 0),
            Self::Claimed { .. } => (false, ended, 1),
            Self::Dialing { .. } => (false, ended, 2),
            Self::Held { .. } => (false, ended, 3),
            Self::Done { .. } => (true, ended, 4),
        }
    }

    /// What is known when `stored` was read and `self` is remembered: whichever has come further, the stored one when
    /// they have come equally far; of the same call, both halves.
    #[must_use]
    pub fn join(self, stored: Self) -> Self {
        if let (
            Self::Dialing { tally, leg, position, .. },
            Self::Dialing { tally: other_tally, claim, leg: other_leg, position: other_position },
        ) = (&self, &stored)
            && tally.is_of_same_call(other_tally)
            && (leg.is_none() || other_leg.is_none() || leg == other_leg)
        {
            let leg = other_leg.clone().or_else(|| leg.clone());
            let tally = Tally { dnc: tally.dnc || other_tally.dnc, ..*tally };
            return Self::Dialing { tally, claim: *claim, leg, position: (*position).max(*other_position) };
        }
        let dnc = self.tally().dnc || stored.tally().dnc;
        let further = if self.rank() > stored.rank() { self } else { stored };
        // Whoever has asked not to be called again is not forgotten, whichever knows more otherwise.
        let tally = Tally { dnc, ..further.tally() };
        further.with_tally(tally)
    }
}

/// [`TargetState`] as it is written: flat, without empty fields, about 100 bytes as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StoredState {
    /// Where the target stands.
    pub state: StateName,
    /// Attempts used.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u16,
    /// Claims that ended without using an attempt.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refusals: u32,
    /// Those of them that were calls all the same: carrier failures, and caller ids that were blocked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub infra: u16,
    /// Those of `attempts` that a rule does not count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ignored: u16,
    /// Retries by the outcome that they followed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, u8>"))]
    pub retried: BTreeMap<Outcome, u8>,
    /// Why this target's end halts its campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt: Option<Halt>,
    /// Its number must not be called by anybody.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dnc: bool,
    /// When its phone may have rung, in seconds since 1970, the latest first; at most eight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rang: Vec<u32>,
    /// What each of them came to, a digit for each: 1 a conversation, or what may have been one, 2 a machine, 4 a person whom no
    /// agent took in time, added up. Those that are missing came to nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub came_to: String,
    /// When a person answered, in seconds since 1970, the latest first; at most three. Of campaigns that dial by agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<u32>,
    /// Those of them without an agent in time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abandoned: Vec<u32>,
    /// Begun minutes of answered calls that have ended: as long as they were seen to last, else as long as they may have.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minutes: u32,
    /// The rule because of which the target is not called (`ComplianceBlocked`), or has to wait (`Pending`). In any other
    /// state: a rule that was set aside for the call, by the annotation `telnyx-operator.io/compliance-override`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// A rule in spite of which the target was called, by whichever of its calls that have ended; of several, the first of
    /// `DoNotCall`, `Consent` and `Frequency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_in_spite_of: Option<Rule>,
    /// When the last attempt, or the target itself, ended, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u32>,
    /// Seconds from the answer of the last attempt to its end, as far as the operator saw both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talked: Option<u32>,
    /// Telnyx's `hangup_cause` of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hangup_cause: Option<String>,
    /// The SIP status of the last attempt (Telnyx: `sip_hangup_cause`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_code: Option<u16>,
    /// Who answered the last attempt, as the detector heard it: `human`, `machine`, `fax`, `silence` or `not_sure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
    /// Which rule of `retry.rules` applied to the last attempt, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_rule: Option<u8>,
    /// Pending: not dialled before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub not_before: Option<Timestamp>,
    /// How the last attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Outcome>,
    /// What the call flow called the outcome of the last attempt; at most 64 bytes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Done: how the target ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Claimed and after: when it was claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub claimed_at: Option<Timestamp>,
    /// Claimed and after: which life of a dialer claimed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u32>,
    /// Claimed and after: index of the caller id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u16>,
    /// Dialing: Telnyx's `call_control_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_control_id: Option<String>,
    /// Dialing: Telnyx's `call_leg_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_leg_id: Option<String>,
    /// Dialing: how far the announcement has come; `r` ringing, `l` listening, `b` awaiting the beep, `p…` playing,
    /// `f…` in a call flow, `h…` hanging up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

/// The name of a [`TargetState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum StateName {
    /// Waits for its first or next attempt.
    Pending,
    /// Reserved for a dial.
    Claimed,
    /// Dialled: rings or is live.
    Dialing,
    /// Ambiguous, waits for a person.
    Held,
    /// Finished.
    Done,
}

fn is_zero<T: Default + PartialEq>(count: &T) -> bool {
    *count == T::default()
}

/// The stored state was not written by this dialer, or somebody edited it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStoredState {
    /// A field that the state needs is missing.
    #[error("a {state:?} target needs the field {field}")]
    Missing {
        /// In which state.
        state: StateName,
        /// Which field.
        field: &'static str,
    },
    /// The position is not one.
    #[error("the field position holds no position")]
    Position,
}

impl From<TargetState> for StoredState {
    fn from(state: TargetState) -> Self {
        let name = match &state {
            TargetState::Pending { .. } => StateName::Pending,
            TargetState::Claimed { .. } => StateName::Claimed,
            TargetState::Dialing { .. } => StateName::Dialing,
            TargetState::Held { .. } => StateName::Held,
            TargetState::Done { .. } => StateName::Done,
        };
        let tally = state.tally();
        let Tally { attempts, ignored, refusals, infra, last, retried, halt, dnc, rings, detail, answers, .. } = tally;
        let Tally { rule, called_in_spite_of, end, minutes, .. } = tally;
        let bare = Self {
            state: name,
            attempts,
            refusals,
            infra,
            ignored,
            retried: retried.to_map(),
            halt,
            dnc,
            rang: rings.to_seconds(),
            came_to: rings.to_digits(),
            answered: answers.iter().map(|(at, _)| at).collect(),
            abandoned: answers.iter().filter(|(_, abandoned)| *abandoned).map(|(at, _)| at).collect(),
            minutes,
            rule,
            called_in_spite_of,
            ended_at: end.map(|end| end.at),
            talked: end.and_then(|end| end.talked),
            hangup_cause: end.and_then(|end| end.cause).map(|cause| cause.as_str().to_owned()),
            sip_code: end.and_then(|end| end.sip),
            heard: end.and_then(|end| end.heard).map(|heard| heard.as_str().to_owned()),
            outcome_rule: end.and_then(|end| end.rule),
            not_before: None,
            last,
            detail: detail.map(|detail| detail.as_str().to_owned()),
            outcome: None,
            claimed_at: None,
            session: None,
            from: None,
            call_control_id: None,
            call_leg_id: None,
            position: None,
        };
        match state {
            TargetState::Pending { not_before, .. } => Self { not_before, ..bare },
            TargetState::Claimed { claim, .. } | TargetState::Held { claim, .. } => bare.claimed(claim),
            TargetState::Dialing { claim, leg, position, .. } => Self {
                call_control_id: leg.as_ref().map(|leg| leg.control.as_str().to_owned()),
                call_leg_id: leg.as_ref().map(|leg| leg.id.as_str().to_owned()),
                position: Some(position.encode()),
                ..bare.claimed(claim)
            },
            TargetState::Done { outcome, .. } => Self { outcome: Some(outcome), ..bare },
        }
    }
}

impl StoredState {
    fn claimed(self, claim: ClaimRecord) -> Self {
        Self { claimed_at: Some(claim.at), session: Some(claim.by.0), from: Some(claim.from), ..self }
    }

    fn need<T>(&self, field: &'static str, value: Option<T>) -> Result<T, BadStoredState> {
        value.ok_or(BadStoredState::Missing { state: self.state, field })
    }

    fn claim(&self) -> Result<ClaimRecord, BadStoredState> {
        Ok(ClaimRecord {
            at: self.need("claimedAt", self.claimed_at)?,
            by: SessionId(self.need("session", self.session)?),
            from: self.need("from", self.from)?,
        })
    }

    fn end(&self) -> Option<AttemptEnd> {
        Some(AttemptEnd {
            at: self.ended_at?,
            talked: self.talked,
            cause: self.hangup_cause.as_deref().map(HangupCause::parse),
            sip: self.sip_code,
            heard: self.heard.as_deref().and_then(Party::parse),
            rule: self.outcome_rule,
        })
    }

    fn leg(&self) -> Option<Leg> {
        let control = CallControlId::new(self.call_control_id.as_deref()?);
        Some(Leg { control, id: CallLegId::new(self.call_leg_id.as_deref()?) })
    }
}

impl TryFrom<StoredState> for TargetState {
    type Error = BadStoredState;

    fn try_from(stored: StoredState) -> Result<Self, BadStoredState> {
        let StoredState {
            attempts, ignored, refusals, infra, last, halt, dnc, rule, called_in_spite_of, minutes, ..
        } = stored;
        let retried = Retried::from_map(&stored.retried);
        let rings = Rings::from_stored(&stored.rang, &stored.came_to);
        let end = stored.end();
        let detail = stored.detail.as_deref().and_then(Detail::parse);
        let answers = LiveAnswers::from_seconds(&stored.answered, &stored.abandoned);
        let tally = Tally {
            attempts,
            ignored,
            refusals,
            infra,
            last,
            retried,
            halt,
            dnc,
            rings,
            detail,
            answers,
            rule,
            called_in_spite_of,
            minutes,
            end,
        };
        Ok(match stored.state {
            StateName::Pending => Self::Pending { tally, not_before: stored.not_before },
            StateName::Claimed => Self::Claimed { tally, claim: stored.claim()? },
            StateName::Held => Self::Held { tally, claim: stored.claim()? },
            StateName::Dialing => {
                let text = stored.need("position", stored.position.as_deref())?;
                let position = Position::decode(text).map_err(|_| BadStoredState::Position)?;
                Self::Dialing { tally, claim: stored.claim()?, leg: stored.leg(), position }
            }
            StateName::Done => Self::Done { tally, outcome: stored.need("outcome", stored.outcome)? },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally() -> impl Strategy<Value = Tally> {
        let halt = prop::sample::select(vec![None, Some(Halt::PausedByRule), Some(Halt::FailedByRule)]);
        let retried = prop::collection::btree_map(outcome(), 1..4u8, 0..3);
        let used = (0..4u16, 0..4u16, 0..4u32, 0..4u16);
        let rang = (prop::collection::vec(1..9u32, 0..10), "[0-7]{0,10}");
        let rule = || prop::option::of(prop::sample::select(vec![Rule::DoNotCall, Rule::Frequency]));
        let live = (prop::sample::subsequence(vec![1, 2, 3, 4], 0..4), prop::collection::vec(1..5u32, 0..3));
        let more = (live, (rule(), rule()), 0..3u32, prop::option::of(end()));
        (used, prop::option::of(outcome()), retried, halt, any::<bool>(), rang, more).prop_map(
            |((attempts, ignored, refusals, infra), last, retried, halt, dnc, rang, (live, rules, minutes, end))| {
                let (retried, rings) = (Retried::from_map(&retried), Rings::from_stored(&rang.0, &rang.1));
                let detail = rang.0.first().and_then(|_| Detail::parse("confirmed"));
                let answers = LiveAnswers::from_seconds(&live.0, &live.1);
                Tally {
                    attempts,
                    ignored,
                    refusals,
                    infra,
                    last,
                    retried,
                    halt,
                    dnc,
                    rings,
                    detail,
                    answers,
                    rule: rules.0,
                    called_in_spite_of: rules.1,
                    minutes,
                    end,
                }
            },
        )
    }

    fn end() -> impl Strategy<Value = AttemptEnd> {
        let cause = prop::sample::select(vec![None, Some(HangupCause::UserBusy), Some(HangupCause::Unknown)]);
        let heard = prop::sample::select(vec![None, Some(Party::NotSure), Some(Party::Fax)]);
        let numbers = (any::<u32>(), prop::option::of(any::<u32>()), prop::option::of(100..700u16));
        (numbers, cause, heard, prop::option::of(0..20u8))
            .prop_map(|((at, talked, sip), cause, heard, rule)| AttemptEnd { at, talked, cause, sip, heard, rule })
    }

    fn claim() -> impl Strategy<Value = ClaimRecord> {
        (0..3i64, 0..3u32, 0..2u16).prop_map(|(at, by, from)| ClaimRecord {
            at: Timestamp::from_millisecond(1_800_000_000_000 + at).unwrap(),
            by: SessionId(by),
            from,
        })
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop::sample::select(Outcome::ALL.to_vec())
    }

    fn state() -> impl Strategy<Value = TargetState> {
        let leg = Leg { control: CallControlId::new("v3:abc"), id: CallLegId::new("leg") };
        let position = prop::sample::select(vec![Position::Ringing, Position::Listening, Position::AwaitingBeep]);
        prop_oneof![
            (tally(), any::<bool>()).prop_map(|(tally, wait)| TargetState::Pending {
                tally,
                not_before: wait.then_some(Timestamp::UNIX_EPOCH)
            }),
            (tally(), claim()).prop_map(|(tally, claim)| TargetState::Claimed { tally, claim }),
            (tally(), claim(), any::<bool>(), position).prop_map(move |(tally, claim, known, position)| {
                TargetState::Dialing { tally, claim, leg: known.then(|| leg.clone()), position }
            }),
            (tally(), claim()).prop_map(|(tally, claim)| TargetState::Held { tally, claim }),
            (tally(), outcome()).prop_map(|(tally, outcome)| TargetState::Done { tally, outcome }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(state in state()) {
            let text = serde_json::to_string(&state).unwrap();
            prop_assert_eq!(serde_json::from_str::<TargetState>(&text).unwrap(), state);
        }

        #[test]
        fn a_join_never_goes_back_and_settles(mine in state(), stored in state()) {
            let joined = mine.clone().join(stored.clone());
            prop_assert!(joined.rank() >= mine.rank() && joined.rank() >= stored.rank());
            prop_assert_eq!(joined.clone().join(stored), joined.clone());
            prop_assert_eq!(mine.join(joined.clone()), joined);
        }
    }

    #[test]
    fn what_two_lives_know_of_one_call_is_put_together() {
        let dialing = |by, leg: Option<Leg>, position| TargetState::Dialing {
            tally: Tally::default(),
            claim: ClaimRecord { at: Timestamp::UNIX_EPOCH, by: SessionId(by), from: 0 },
            leg,
            position,
        };
        let leg = Some(Leg { control: CallControlId::new("v3:abc"), id: CallLegId::new("leg") });
        let joined = dialing(1, None, Position::Listening).join(dialing(2, leg.clone(), Position::Ringing));
        assert_eq!(joined, dialing(2, leg, Position::Listening));
    }

    #[test]
    fn an_edited_state_is_refused_by_field() {
        let read = |text: &str| serde_json::from_str::<TargetState>(text).unwrap_err().to_string();
        assert!(read(r#"{"state":"Claimed"}"#).contains("claimedAt"));
        assert!(read(r#"{"state":"Done"}"#).contains("outcome"));
    }

    #[test]
    fn what_an_older_version_wrote_is_read() {
        let old = r#"{"state":"Pending","attempts":1,"refusals":2,"notBefore":"2026-01-01T00:00:00Z","last":"Busy"}"#;
        let state = serde_json::from_str::<TargetState>(old).unwrap();
        let tally = Tally { attempts: 1, refusals: 2, last: Some(Outcome::Busy), ..Tally::default() };
        assert_eq!(state.tally(), tally);
    }

    #[test]
    fn a_typical_state_stays_small() {
        let done = TargetState::Done { tally: Tally { attempts: 1, ..Tally::default() }, outcome: Outcome::Completed };
        assert!(serde_json::to_string(&done).unwrap().len() < 60);
        assert_eq!(serde_json::to_string(&TargetState::default()).unwrap(), r#"{"state":"Pending"}"#);
    }
}
