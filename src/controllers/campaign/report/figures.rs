//! A campaign's figures.

use std::collections::BTreeMap;

use dialer::cost::Spending;
use dialer::{Abandonment, WaitingFor};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Around, Deliveries, second};
use crate::api::{
    AbandonmentStatus, CostStatus, Counts, JobCounts, OutboundCampaignStatus, PacingStatus, ResultsStatus,
};
use crate::controllers::campaign::parts::jobs_for;
use crate::dialing::{Standing, counts};

/// The figures. Targets that were not cut into jobs yet are pending, so that the counts add up at every moment.
pub(super) fn measure(next: &mut OutboundCampaignStatus, standing: &Standing, around: &Around, now: Timestamp) {
    // Until all jobs are read again after a start, what was written before is nearer to the truth.
    if !standing.ready {
        return;
    }
    let progress = &standing.progress;
    let total = next.audience.as_ref().map_or(0, |audience| audience.total);
    let held = progress.tallied.counts;
    let removed = around.gap.map_or(0, |gap| gap.targets);
    let counts = Counts { removed, ..counts(&held, total.saturating_sub(held.total()).saturating_sub(removed)) };
    let counts = Counts { total: counts.total.saturating_add(removed), ..counts };
    next.counts = Some(counts);
    next.outcomes =
        progress.tallied.outcomes.iter().map(|(outcome, n)| (format!("{outcome:?}"), *n)).collect::<BTreeMap<_, _>>();
    next.pacing = Some(PacingStatus {
        in_flight: held.in_flight(),
        cap: Some(progress.cap.map_or(around.cap, |cap| cap.min(around.cap))),
        throttled_until: around.throttled_until.map(Time),
    });
    next.abandonment = progress.abandonment.map(|Abandonment { answered, abandoned }| AbandonmentStatus {
        answered,
        abandoned,
        rate_basis_points: (u64::from(abandoned) * 10_000)
            .checked_div(u64::from(answered))
            .and_then(|rate| u32::try_from(rate).ok()),
    });
    next.cost = progress
        .spending
        .map(|Spending { spent, reserved }| CostStatus { spent: spent.to_string(), reserved: reserved.to_string() });
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    next.results = match around.deliveries {
        Deliveries::NotAskedFor => None,
        Deliveries::NotKnown => next.results.take(),
        Deliveries::Known(delivery) => Some(ResultsStatus {
            waiting: number(delivery.waiting),
            last_failure: delivery.failing.map(|(why, _)| why.to_string()),
            failing_since: delivery.failing.map(|(_, since)| second(since)),
        }),
    };
    next.jobs = Some(JobCounts {
        total: number(jobs_for(usize::try_from(total).unwrap_or(usize::MAX))),
        active: number(standing.jobs.saturating_sub(standing.finished)),
        finished: number(standing.finished),
    });
    next.next_dial_at = match progress.waiting_for {
        WaitingFor::Start { at } | WaitingFor::Due { at } | WaitingFor::CallerIds { at } => Some(Time(at)),
        WaitingFor::Window
        | WaitingFor::Results
        | WaitingFor::Pacing
        | WaitingFor::NothingToDial
        | WaitingFor::Suspension
        | WaitingFor::ConfigError { .. }
        | WaitingFor::Halt(_)
        | WaitingFor::Budget
        | WaitingFor::DoNotCallLists
        | WaitingFor::Concurrency
        | WaitingFor::Agents
        | WaitingFor::Capacity
        | WaitingFor::Jobs => None,
    };
    next.next_window_opens = progress.next_window_opens.map(Time);
    // A claim may be given back, and a dial be refused: neither is a call.
    let called = counts.ringing + counts.live + counts.completed + counts.failed + counts.ambiguous;
    let begun = progress.dialled > 0 || called > 0;
    next.start_time = next.start_time.take().or_else(|| begun.then(|| second(now)));
    next.completion_time = next.completion_time.take().or_else(|| progress.complete.then(|| second(now)));
}
