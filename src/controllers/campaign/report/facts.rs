//! The phase and the conditions of a campaign, by what its dialer waits for.

use std::collections::BTreeSet;

use dialer::compliance::Rule;
use dialer::target::Halt;
use dialer::{CampaignEnd, Progress, WaitingFor};

use super::Gap;
use crate::api::COMPLIANCE_OVERRIDE;
use crate::dialing::conditions::{Fact, Reason, Type};
use crate::dialing::names;

/// Why a suspended campaign starts no call. One whose dry run waits for the last calls to end is like one.
const SUSPENDED: &str = "spec.suspend, or spec.dryRun, is set";

pub(super) fn missing(gap: &Gap) -> String {
    format!(
        "{} of {} DialJobs were deleted: their {} targets are called no more; create another campaign for those who still \
         should be",
        gap.deleted, gap.made, gap.targets
    )
}

/// Which rules somebody has set aside; `None`: none.
pub(super) fn overridden(rules: &BTreeSet<Rule>) -> Option<Fact> {
    let message = format!(
        "{}: set aside by the annotation {COMPLIANCE_OVERRIDE}; who was called in spite of a rule has it in \
         status.targets[].calledInSpiteOf of the DialJob",
        names(rules)
    );
    (!rules.is_empty()).then(|| Fact::yes(Type::RulesSetAside, Reason::Overridden, message))
}

pub(super) fn waiting(reason: Reason, message: &str) -> Vec<Fact> {
    vec![
        Fact::no(Type::Ready, reason, message),
        Fact::no(Type::Synced, reason, message),
        Fact::yes(Type::Reconciling, reason, message),
        Fact::no(Type::Dialing, reason, message),
        Fact::no(Type::Complete, Reason::TargetsLeft, ""),
    ]
}

pub(super) fn stalled(reason: Reason, message: &str) -> Vec<Fact> {
    vec![
        Fact::no(Type::Ready, reason, message),
        Fact::no(Type::Synced, reason, message),
        Fact::yes(Type::Stalled, reason, message),
        Fact::no(Type::Dialing, reason, message),
        Fact::no(Type::Complete, Reason::TargetsLeft, ""),
    ]
}

pub(super) fn complete(reason: Reason, message: &str) -> Vec<Fact> {
    vec![
        Fact::yes(Type::Ready, reason, message),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        Fact::no(Type::Dialing, reason, ""),
        Fact::yes(Type::Complete, reason, message),
    ]
}

pub(super) fn rehearsed() -> Vec<Fact> {
    let message = "spec.dryRun is set: nobody is called; see status.estimate";
    vec![
        Fact::yes(Type::Ready, Reason::DryRun, message),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        Fact::no(Type::Dialing, Reason::DryRun, message),
        Fact::no(Type::Complete, Reason::DryRun, message),
    ]
}

/// Phase and facts of a campaign whose targets have all ended and whose sink does not have all results.
pub(super) fn delivering() -> (&'static str, Vec<Fact>) {
    let message = "every target has ended; results are being taken to spec.results.sink, see status.results";
    let facts = vec![
        Fact::yes(Type::Ready, Reason::Delivering, message),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        Fact::no(Type::Dialing, Reason::AllTargetsEnded, ""),
        Fact::no(Type::Complete, Reason::Delivering, message),
    ];
    ("Delivering", facts)
}

/// Phase and facts of a campaign that its dialer works on.
pub(super) fn going(progress: &Progress) -> (&'static str, Vec<Fact>) {
    if progress.complete {
        return ended(progress.end);
    }
    let in_flight = progress.tallied.counts.in_flight() > 0;
    let (phase, dialing) = match &progress.waiting_for {
        WaitingFor::ConfigError { status, code, pointer } => {
            let (code, pointer) = (code.as_deref().unwrap_or("none"), pointer.as_deref().map_or("no field", field));
            let message = format!(
                "Telnyx refuses the campaign's calls (status {status}, code {code}, {pointer}): correct the campaign, its \
                 application or its account; one call at a time, at most every 15 minutes, finds out whether that was done"
            );
            return ("Blocked", stalled(Reason::ConfigRefused, &message));
        }
        WaitingFor::Halt(halt) => return ("Halted", stalled(Reason::Halted, why_halted(*halt))),
        WaitingFor::Budget => {
            let message = "spec.budget is spent: raise its maxCalls or cost.max to call the targets that are left; see status.cost";
            ("BudgetSpent", Fact::no(Type::Dialing, Reason::BudgetSpent, message))
        }
        WaitingFor::DoNotCallLists => {
            let message = "a DoNotCallList of the account was not read, or not for longer than compliance.preset allows: see the \
                           lists' own conditions; nobody is called meanwhile";
            return ("WaitingForDoNotCallList", waiting(Reason::DoNotCallNotReady, message));
        }
        WaitingFor::CallerIds { .. } => {
            let message =
                "every caller id was blocked by an analytics engine (SIP 608) and rests; see status.nextDialAt";
            ("WaitingForCallerId", Fact::no(Type::Dialing, Reason::CallerIdsBlocked, message))
        }
        WaitingFor::Suspension => ("Suspended", Fact::no(Type::Dialing, Reason::Suspended, SUSPENDED)),
        WaitingFor::Start { .. } => {
            ("Scheduled", Fact::no(Type::Dialing, Reason::BeforeStart, "spec.startAt is to come"))
        }
        WaitingFor::Results => {
            let message = "results pile up because spec.results.sink does not take them; see status.results";
            ("WaitingForSink", Fact::no(Type::Dialing, Reason::SinkBehind, message))
        }
        WaitingFor::Window => {
            let message = "no target's calling window is open; see status.nextWindowOpens";
            ("WaitingForWindow", Fact::no(Type::Dialing, Reason::WindowClosed, message))
        }
        WaitingFor::Due { .. } if !in_flight => {
            let message = "all targets left wait for their retry or their notBefore; see status.nextDialAt";
            ("WaitingForRetry", Fact::no(Type::Dialing, Reason::WaitingForRetry, message))
        }
        WaitingFor::Due { .. } | WaitingFor::Pacing => ("Dialing", Fact::yes(Type::Dialing, Reason::Dialing, "")),
        WaitingFor::Concurrency => {
            ("Dialing", Fact::yes(Type::Dialing, Reason::AtConcurrencyLimit, "as many calls are under way as may be"))
        }
        WaitingFor::Agents => {
            let message =
                "no agent of spec.pacing.adaptive.agents is free, or nothing has been heard of them for a minute";
            ("Dialing", Fact::no(Type::Dialing, Reason::NoFreeAgent, message))
        }
        WaitingFor::Capacity => {
            ("Dialing", Fact::no(Type::Dialing, Reason::Throttled, "Telnyx has no capacity for more now"))
        }
        WaitingFor::NothingToDial if in_flight => {
            ("Dialing", Fact::no(Type::Dialing, Reason::Finishing, "the last calls are under way"))
        }
        WaitingFor::NothingToDial | WaitingFor::Jobs => {
            ("Dialing", Fact::no(Type::Dialing, Reason::Preparing, "jobs are being made or read"))
        }
    };
    let suspended = matches!(progress.waiting_for, WaitingFor::Suspension);
    let closed = matches!(progress.waiting_for, WaitingFor::Window);
    let facts = vec![
        Fact::yes(Type::Ready, if suspended { Reason::Suspended } else { Reason::Dialing }, ""),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        dialing,
        if suspended {
            Fact::yes(Type::Suspended, Reason::Suspended, SUSPENDED)
        } else {
            Fact::no(Type::Suspended, Reason::NotSuspended, "")
        },
        if closed {
            Fact::no(Type::WindowOpen, Reason::WindowClosed, "")
        } else {
            Fact::yes(Type::WindowOpen, Reason::WindowOpen, "")
        },
        Fact::no(Type::Complete, Reason::TargetsLeft, ""),
    ];
    (phase, facts)
}

/// Phase and facts of a campaign whose targets have all ended.
fn ended(end: Option<CampaignEnd>) -> (&'static str, Vec<Fact>) {
    match end {
        None => ("Complete", complete(Reason::AllTargetsEnded, "every target has ended")),
        Some(CampaignEnd::Satisfied) => {
            ("Complete", complete(Reason::SuccessPolicyMet, "spec.successPolicy is met; who waited was not called"))
        }
        Some(CampaignEnd::TooManyFailed) => failed(
            Reason::TooManyFailed,
            "more targets failed than spec.failurePolicy allows; who waited was not called",
        ),
        Some(CampaignEnd::FailedByRule) => failed(
            Reason::FailedByRule,
            "a rule of spec.retry.rules has failed the campaign; who waited was not called",
        ),
        Some(CampaignEnd::DeadlineExceeded) => failed(
            Reason::DeadlineExceeded,
            "spec.activeDeadlineSeconds have passed since the first call; who was left was not called any more",
        ),
    }
}

/// A campaign that has failed is over, and no success: never `Complete`, as with a Job of Kubernetes. `Stalled` says so to
/// tools that know nothing of campaigns (kstatus: Failed).
fn failed(reason: Reason, message: &str) -> (&'static str, Vec<Fact>) {
    let facts = vec![
        Fact::no(Type::Ready, reason, message),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        Fact::yes(Type::Stalled, reason, message),
        Fact::no(Type::Dialing, reason, ""),
        Fact::no(Type::Complete, reason, message),
        Fact::yes(Type::Failed, reason, message),
    ];
    ("Failed", facts)
}

/// What a person should look at.
fn why_halted(halt: Halt) -> &'static str {
    match halt {
        Halt::PausedByRule => "a rule of spec.retry.rules has paused the campaign: change the campaign to go on",
        Halt::ShortCalls => {
            "so many people hang up within seconds that the announcement or the caller id must be at fault: check both, then \
             change the campaign to go on"
        }
        Halt::NumbersSuspect => {
            "so many numbers do not exist that the list cannot be right: check it, then change the campaign to go on"
        }
        Halt::TooManyAbandoned => {
            "so many people who answered found no agent that spec.pacing.adaptive.hardStop is reached: see status.abandonment, \
             look after the agents, then change the campaign to go on"
        }
        Halt::AccountSuspect => {
            "so many calls are rejected or lost that Telnyx must be blocking the account: check its balance, its verification \
             and its caller ids, then change the campaign to go on"
        }
        Halt::FailedByRule => "a rule of spec.retry.rules has failed the campaign",
    }
}

/// Where a campaign says what this field of a dial holds. The pointer itself, when it says nothing of it.
fn field(pointer: &str) -> &str {
    match pointer.strip_prefix("/data").unwrap_or(pointer).trim_start_matches('/').split('/').next() {
        Some("from") => "spec.from",
        Some("connection_id") => "spec.applicationRef",
        Some("timeout_secs") => "spec.ringTimeoutSecs",
        Some("time_limit_secs") => "spec.maxCallSecs",
        Some("answering_machine_detection" | "answering_machine_detection_config") => "spec.amd",
        _ => pointer,
    }
}
