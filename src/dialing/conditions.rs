//! Conditions of campaigns, jobs and call flows: types and reasons as closed sets, and how a fresh set replaces an old one.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use reconcile_plan::words;

words! {
    /// What a condition is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    Type {
        /// It can do what it should, or has done it.
        Ready,
        /// The last pass could read everything it needs and write what it had to.
        Synced,
        /// Something that it needs is being waited for. Present only while true.
        Reconciling,
        /// Only a person can help. Present only while true.
        Stalled,
        /// Calls are being started.
        Dialing,
        /// `spec.suspend` holds it.
        Suspended,
        /// At least one waiting target may be called now, as far as calling windows go.
        WindowOpen,
        /// Somebody has set rules aside: what they object to is called all the same. Present only while true.
        RulesSetAside,
        /// The audience as it was read is not what its source says now.
        AudienceChanged,
        /// Every target has ended, and nothing has failed the campaign.
        Complete,
        /// Every target has ended because the campaign has failed. Present only while true, and never beside a true
        /// `Complete`.
        Failed,
    }
}

words! {
    /// Why a condition is as it is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    Reason {
        /// Calls are started as fast as pacing allows.
        Dialing,
        /// Every target has ended.
        AllTargetsEnded,
        /// Targets are left.
        TargetsLeft,
        /// `spec.suspend` is set.
        Suspended,
        /// `spec.suspend` is not set.
        NotSuspended,
        /// `spec.startAt` is to come.
        BeforeStart,
        /// No target's calling window is open.
        WindowClosed,
        /// A calling window is open, or no target waits for one.
        WindowOpen,
        /// All that is left waits for its retry, or for its own `notBefore`.
        WaitingForRetry,
        /// As many calls are under way as may be.
        AtConcurrencyLimit,
        /// Telnyx has no capacity for more now.
        Throttled,
        /// The sink of results does not keep up.
        SinkBehind,
        /// `spec.dryRun` is set: nobody is called.
        DryRun,
        /// Every target has ended; the sink has not taken all of the results yet.
        Delivering,
        /// The last calls are under way.
        Finishing,
        /// Jobs are being read or made.
        Preparing,
        /// The account does not exist or is not Ready.
        AccountNotReady,
        /// The account does not allow this namespace.
        AccountNotAllowed,
        /// An object whose name it needs is somebody else's.
        NameTaken,
        /// The application does not exist, has no id yet, or is not Ready.
        ApplicationNotReady,
        /// The call flow does not exist.
        CallFlowNotFound,
        /// No call can begin with the call flow: it was never valid, is for calls that come in, or is being deleted.
        CallFlowNotReady,
        /// The revision of the call flow is not kept any more, or never was.
        CallFlowRevisionGone,
        /// The audience's ConfigMap or Secret, or its key, or what a URL names, does not exist.
        SourceNotFound,
        /// Whoever has the list does not answer, or not to the end.
        SourceUnreachable,
        /// Whoever has the list does not give it.
        SourceRefused,
        /// The list is not the one that the spec names by its SHA-256.
        DigestMismatch,
        /// A field of the spec cannot be acted on.
        InvalidSpec,
        /// Nothing of the audience can be used.
        InvalidAudience,
        /// The source has changed since it was read, and what was read is no longer there.
        AudienceLost,
        /// The source has changed since it was read; the change is ignored.
        SourceChanged,
        /// The source is as it was read.
        SourceUnchanged,
        /// Telnyx refuses all of the campaign's calls because of how it, or the account, is set up.
        ConfigRefused,
        /// The targets' Secret is missing or altered.
        TargetsNotReadable,
        /// `spec.successPolicy` is met.
        SuccessPolicyMet,
        /// More targets failed than `spec.failurePolicy` allows.
        TooManyFailed,
        /// A rule has failed the campaign.
        FailedByRule,
        /// `spec.activeDeadlineSeconds` have passed since the campaign's first call.
        DeadlineExceeded,
        /// A rule, or the circuit breaker, has stopped it until somebody changes it.
        Halted,
        /// As many calls were placed as it may.
        BudgetSpent,
        /// The queue or conference of `spec.pacing.adaptive.agents` does not exist, or is not Ready.
        AgentsNotReady,
        /// No agent is free, or nobody knows of one.
        NoFreeAgent,
        /// Every caller id rests, because analytics engines block it.
        CallerIdsBlocked,
        /// Some of a campaign's jobs were deleted while it lives.
        JobsDeleted,
        /// It is being deleted, and the calls under way are let finish.
        Draining,
        /// Calls can run the flow.
        Valid,
        /// The flow has mistakes.
        InvalidFlow,
        /// A do-not-call list is read and obeyed.
        Listed,
        /// A source of a do-not-call list was never read.
        SourceNotReadable,
        /// The key that a do-not-call list's digests are made with is missing or too short.
        SaltNotReadable,
        /// A source of a do-not-call list could not be read again; what it said last counts.
        RefreshFailed,
        /// Rows of a do-not-call list name no number.
        RowsRejected,
        /// A do-not-call list of the account cannot be asked, so nobody is called.
        DoNotCallNotReady,
        /// The annotation `telnyx-operator.io/compliance-override` says so.
        Overridden,
        /// All that was needed could be read and written.
        Synced,
    }
}

impl Reason {
    /// Whether nobody may be called while it holds, though somebody could be: what was told last no longer holds.
    #[must_use]
    pub fn forbids_calls(self) -> bool {
        matches!(self, Self::InvalidSpec | Self::AccountNotAllowed)
    }
}

/// A condition without its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    kind: Type,
    holds: bool,
    reason: Reason,
    message: String,
}

impl Fact {
    /// It is so.
    pub fn yes(kind: Type, reason: Reason, message: impl Into<String>) -> Self {
        Self { kind, holds: true, reason, message: message.into() }
    }

    /// Whether it is about this.
    #[must_use]
    pub fn is_about(&self, kind: Type) -> bool {
        self.kind == kind
    }

    /// It is not so.
    pub fn no(kind: Type, reason: Reason, message: impl Into<String>) -> Self {
        Self { kind, holds: false, reason, message: message.into() }
    }
}

/// The facts as conditions of this generation. A condition whose status stays keeps its transition time, so that the
/// same facts give the same conditions.
#[must_use]
pub fn merge(previous: &[Condition], facts: Vec<Fact>, generation: i64, now: Timestamp) -> Vec<Condition> {
    let second = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let one = |fact: Fact| {
        let status = if fact.holds { "True" } else { "False" };
        let kind = fact.kind.as_str();
        let before = previous.iter().find(|old| old.type_ == kind && old.status == status);
        Condition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: fact.reason.as_str().to_owned(),
            message: fact.message,
            observed_generation: Some(generation),
            last_transition_time: before.map_or(Time(second), |before| before.last_transition_time.clone()),
        }
    };
    facts.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_same_facts_later_change_nothing_and_a_turn_changes_the_time() {
        let facts = |holds| {
            let make = if holds { Fact::yes } else { Fact::no };
            vec![make(Type::Dialing, Reason::Dialing, String::new())]
        };
        let first = merge(&[], facts(true), 1, at(10));
        assert_eq!(merge(&first, facts(true), 1, at(20)), first);
        let turned = merge(&first, facts(false), 2, at(30));
        assert_eq!(turned[0].last_transition_time, Time(at(30)));
        assert_eq!((turned[0].status.as_str(), turned[0].observed_generation), ("False", Some(2)));
    }
}
