//! What a world's campaign asks for. The seed draws it.

use std::sync::Arc;
use std::time::Duration;

use dialer::client_state::Party;
use dialer::rules::{Match, OutcomeRule, RuleAction};
use dialer::spec::{
    AccountLimits, Amd, AmdMode, Announcement, Breaker, CampaignSpec, DialRate, DrainPolicy, FrequencyCap,
    FromSelection, OnAmbiguous, OnMachine, OnNobody, OnNotSure, Pacing, Ramp, RetryPolicy, TargetSpec, Window, Zone,
};
use dialer::{JobId, Outcome, OwnerId, PhoneNumber, TargetId};
use jiff::Timestamp;
use jiff::civil::{Time, Weekday, time};
use jiff::tz::TimeZone;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::world::owner;

pub struct Scenario {
    pub owner: OwnerId,
    pub spec: CampaignSpec,
    pub account: AccountLimits,
    pub jobs: Vec<(JobId, Arc<[TargetSpec]>)>,
    pub begins: Timestamp,
}

const EVERY_DAY: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn zones() -> [TimeZone; 3] {
    ["EST5EDT,M3.2.0,M11.1.0", "CET-1CEST,M3.5.0,M10.5.0/3", "JST-9"].map(|text| TimeZone::posix(text).unwrap())
}

fn pick<T: Clone, const N: usize>(rng: &mut ChaCha8Rng, from: [T; N]) -> T {
    from[rng.random_range(0..N)].clone()
}

impl Scenario {
    pub fn draw(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(3);
        let rng = &mut rng;
        let account =
            AccountLimits { dials_per_second: pick(rng, [3, 10, 30]), max_concurrent: pick(rng, [2, 8, 100]) };
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let spec = CampaignSpec {
            from: vec![PhoneNumber::parse("+15550000001").unwrap(), PhoneNumber::parse("+15550000002").unwrap()],
            from_selection: pick(rng, [FromSelection::RoundRobin, FromSelection::Sticky]),
            connection_id: "connection".into(),
            announcement: Announcement::Audio { url: "https://example.com/a.wav".into() },
            amd: draw_amd(rng),
            ring_timeout: Duration::from_secs(rng.random_range(15..60)),
            max_call: Duration::from_secs(rng.random_range(60..600)),
            pacing: Pacing {
                dials_per_second: DialRate::from_millis(pick(rng, [300, 1000, 5000, 30_000])),
                max_concurrent: pick(rng, [1, 5, 50]),
                ramp: rng.random_bool(0.3).then_some(Ramp {
                    from: DialRate::from_millis(500),
                    step_percent: 50,
                    every: Duration::from_mins(1),
                }),
                priority: 3,
                share: 1,
            },
            windows: draw_windows(rng),
            default_zone: if rng.random_bool(0.7) { Zone::Known(pick(rng, zones())) } else { Zone::Unknown },
            retry: RetryPolicy {
                max_attempts_per_target: rng.random_range(1..4),
                min_gap: minutes(rng.random_range(0..10)),
                backoff: vec![minutes(rng.random_range(0..30)), minutes(rng.random_range(0..60))],
                vary_time_of_day: rng.random_bool(0.5),
                infra_retries: rng.random_range(0..4),
                rules: draw_rules(rng),
            },
            on_ambiguous: pick(rng, [OnAmbiguous::CountAsAttempt, OnAmbiguous::Skip, OnAmbiguous::Hold]),
            suspended: false,
            drain: pick(rng, [DrainPolicy::LetFinish, DrainPolicy::StopRingingAfter15s, DrainPolicy::HangupAll]),
            start_at: None,
            stop_at: None,
            frequency: match rng.random_range(0..4) {
                0 => {
                    vec![FrequencyCap { calls: 1, within: minutes(20) }, FrequencyCap { calls: 2, within: minutes(90) }]
                }
                _ => Vec::new(),
            },
            breaker: rng.random_bool(0.3).then_some(Breaker {
                window: minutes(30),
                least_sample: 15,
                invalid_percent: 20,
                reject_percent: 40,
                short_percent: 50,
            }),
            max_calls: rng.random_bool(0.2).then(|| rng.random_range(1..60)),
            enough_reached: rng.random_bool(0.1).then(|| rng.random_range(1..20)),
            most_failed: rng.random_bool(0.1).then(|| rng.random_range(0..20)),
        };
        let begins = Timestamp::from_second(1_790_000_000 + rng.random_range(0..86_400 * 7)).unwrap();
        let jobs = (0..rng.random_range(1..4)).map(|job| draw_job(job, begins, rng)).collect();
        Self { owner: owner(), spec, account, jobs, begins }
    }

    /// Somebody edits the campaign.
    pub fn edit(&mut self, rng: &mut ChaCha8Rng) {
        self.spec.windows = draw_windows(rng);
    }

    /// Where a target lies.
    pub fn find(&self, id: &TargetId) -> (JobId, usize) {
        let place = |(job, targets): &(JobId, Arc<[TargetSpec]>)| {
            let index = targets.iter().position(|target| target.id == *id)?;
            Some((job.clone(), index))
        };
        self.jobs.iter().find_map(place).unwrap()
    }

    /// Whether a target may be called, reckoned apart from the dialer. `latest`: what the wall clock showed at most, since a
    /// target that was due once stays due.
    pub fn is_open(&self, id: &TargetId, at: Timestamp, latest: Timestamp) -> bool {
        let (job, index) = self.find(id);
        let target = &self.jobs.iter().find(|(name, _)| *name == job).unwrap().1[index];
        let of_number =
            if self.spec.default_zone == Zone::Unknown { &target.zone_of_number } else { &self.spec.default_zone };
        let zones = target.zone.as_ref().unwrap_or(of_number).all();
        let is_open_in = |zone: &TimeZone| {
            let local = at.to_zoned(zone.clone());
            let (day, clock) = (local.weekday(), local.time());
            let before_end = |end: Time| end == Time::MIN || clock < end;
            self.spec.windows.iter().any(|w| w.days.contains(&day) && w.start <= clock && before_end(w.end))
        };
        target.expires_at.is_none_or(|end| at < end)
            && target.not_before.is_none_or(|start| start <= latest)
            && !zones.is_empty()
            && zones.iter().all(is_open_in)
    }
}

fn draw_amd(rng: &mut ChaCha8Rng) -> Amd {
    Amd {
        mode: pick(rng, [AmdMode::Disabled, AmdMode::Premium, AmdMode::Premium, AmdMode::Detect, AmdMode::GreetingEnd]),
        total_analysis: Duration::from_millis(3500),
        greeting: Duration::from_secs(25),
        on_machine: pick(rng, [OnMachine::LeaveMessage, OnMachine::Hangup, OnMachine::Continue]),
        on_fax: OnNobody::Hangup,
        on_silence: pick(rng, [OnNobody::Hangup, OnNobody::Continue]),
        on_not_sure: pick(rng, [OnNotSure::TreatAsHuman, OnNotSure::TreatAsMachine, OnNotSure::Hangup]),
    }
}

/// None in half of the worlds. None tries again what has delivered its message: the checks would lose track.
fn draw_rules(rng: &mut ChaCha8Rng) -> Vec<OutcomeRule> {
    use Outcome::{Busy, HumanHangup, Machine, NoAnswer, Rejected, Silence};
    let count = if rng.random_bool(0.5) { rng.random_range(1..4) } else { 0 };
    let after = Some(Duration::from_mins(3));
    let rule = |rng: &mut ChaCha8Rng| OutcomeRule {
        when: Match {
            outcomes: vec![pick(rng, [Busy, HumanHangup, Machine, NoAnswer, Rejected, Silence])],
            sip: if rng.random_bool(0.1) { vec![486, 603] } else { Vec::new() },
            heard: if rng.random_bool(0.1) { vec![Party::Human, Party::Machine] } else { Vec::new() },
        },
        action: pick(
            rng,
            [
                RuleAction::Retry { after, at_most: Some(2) },
                RuleAction::Retry { after: None, at_most: None },
                RuleAction::Ignore { after },
                RuleAction::Ignore { after },
                RuleAction::Finish,
                RuleAction::AddToDnc,
                RuleAction::PauseCampaign,
                RuleAction::FailCampaign,
            ],
        ),
    };
    (0..count).map(|_| rule(rng)).collect()
}

fn draw_windows(rng: &mut ChaCha8Rng) -> Vec<Window> {
    let days = EVERY_DAY.to_vec();
    match rng.random_range(0..4) {
        0 => vec![Window { days, start: time(9, 0, 0, 0), end: time(20, 0, 0, 0) }],
        1 => vec![
            Window { days: days.clone(), start: time(8, 30, 0, 0), end: time(8, 45, 0, 0) },
            Window { days, start: time(17, 0, 0, 0), end: time(21, 0, 0, 0) },
        ],
        _ => vec![Window { days, start: Time::MIN, end: Time::MIN }],
    }
}

fn draw_job(job: u32, begins: Timestamp, rng: &mut ChaCha8Rng) -> (JobId, Arc<[TargetSpec]>) {
    let hours = |count: i64| jiff::SignedDuration::from_hours(count);
    let targets = (0..rng.random_range(1..40))
        .map(|index| TargetSpec {
            id: TargetId::parse(&format!("t{job}-{index}")).unwrap(),
            to: {
                // Some numbers are in the list twice, and in other jobs.
                let job = if rng.random_bool(0.1) { 0 } else { job };
                PhoneNumber::parse(&format!("+1555{job:02}{index:05}")).unwrap()
            },
            zone: match rng.random_range(0..8) {
                0 => Some(Zone::Known(pick(rng, zones()))),
                1 if rng.random_bool(0.3) => Some(Zone::Unknown),
                _ => None,
            },
            zone_of_number: match rng.random_range(0..4) {
                0 => Zone::OneOf(zones().into()),
                1 => Zone::OneOf(zones()[..2].into()),
                2 => Zone::Known(pick(rng, zones())),
                _ => Zone::Unknown,
            },
            not_before: rng.random_bool(0.1).then(|| begins + hours(rng.random_range(0..3))),
            expires_at: rng.random_bool(0.1).then(|| begins + hours(rng.random_range(0..12))),
        })
        .collect();
    (JobId::parse(&format!("job-{job}")).unwrap(), targets)
}
