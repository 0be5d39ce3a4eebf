//! What a world's campaigns ask for. The seed draws it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dialer::client_state::Party;
use dialer::cost::{CostLimit, Money};
use dialer::rules::{Match, OutcomeRule, RuleAction};
use dialer::spec::{
    AccountLimits, Adaptive, Agents, Amd, AmdMode, Announcement, Blackout, Breaker, CampaignSpec, DialRate,
    DrainPolicy, FlowKey, FrequencyCap, FromSelection, OnAmbiguous, OnMachine, OnNobody, OnNotSure, Pacing, Portion,
    Ramp, RetryPolicy, TargetSpec, Treatment, Window, Zone,
};
use dialer::{JobId, Outcome, OwnerId, PhoneNumber, TargetId};
use jiff::Timestamp;
use jiff::civil::{Time, Weekday, time};
use jiff::tz::TimeZone;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::world::owner;

/// One campaign of a world.
pub struct Campaign {
    pub owner: OwnerId,
    pub spec: CampaignSpec,
    pub suspended: bool,
    /// Agents who are there; of those that the campaign counts on some may be on a break.
    pub agents: u32,
}

/// One job of a campaign.
pub struct Job {
    pub id: JobId,
    /// Whose: an index into the campaigns.
    pub campaign: usize,
    pub targets: Arc<[TargetSpec]>,
}

pub struct Scenario {
    pub campaigns: Vec<Campaign>,
    pub account: AccountLimits,
    pub jobs: Vec<Job>,
    pub begins: Timestamp,
    /// Where each target lies: its job, and its place in it.
    places: BTreeMap<TargetId, (usize, usize)>,
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
        let begins = draw_begin(rng);
        let count = pick(rng, [1, 1, 1, 2, 2, 3]);
        // From a stream of its own, so that it changes nothing else in the world.
        let mut treatments = ChaCha8Rng::seed_from_u64(seed);
        treatments.set_stream(11);
        let mut rules = ChaCha8Rng::seed_from_u64(seed);
        rules.set_stream(12);
        let mut more = ChaCha8Rng::seed_from_u64(seed);
        more.set_stream(13);
        let mut bounds = ChaCha8Rng::seed_from_u64(seed);
        bounds.set_stream(14);
        let campaigns: Vec<Campaign> = (0..count)
            .map(|number| {
                let mut spec = CampaignSpec {
                    treatment: draw_treatment(&mut treatments),
                    blackouts: draw_blackouts(begins, &mut rules),
                    consent_required: rules.random_bool(0.2),
                    ..draw_spec(rng)
                };
                if matches!(spec.treatment, Treatment::Flow(_)) {
                    // What a flow does for its callees is not modelled.
                    spec.pacing.adaptive = None;
                }
                if more.random_bool(0.15) {
                    spec.active_deadline = Some(minutes(more.random_range(5..600)));
                    spec.started_at = Some(begins);
                }
                if more.random_bool(0.2) {
                    spec.cost = Some(CostLimit {
                        most: Money::from_millionths(more.random_range(500_000..20_000_000)),
                        per_call: Money::from_millionths(100_000),
                        per_minute: Money::from_millionths(pick(&mut more, [0, 50_000, 200_000])),
                    });
                }
                if more.random_bool(0.2) {
                    spec.from_selection = FromSelection::LocalPresence;
                }
                (spec.start_at, spec.stop_at) = draw_bounds(begins, &mut bounds);
                let adaptive = spec.pacing.adaptive;
                let agents = adaptive.map_or(0, |adaptive| staff(adaptive).saturating_sub(pick(rng, [0, 0, 1, 4])));
                Campaign { owner: owner(number), spec, suspended: false, agents }
            })
            .collect();
        let mut jobs = Vec::new();
        for campaign in 0..count {
            for _ in 0..rng.random_range(1..4) {
                jobs.push(draw_job(jobs.len(), campaign, begins, rng, &mut rules));
            }
        }
        let places = jobs
            .iter()
            .enumerate()
            .flat_map(|(job, it)| {
                it.targets.iter().enumerate().map(move |(index, target)| (target.id.clone(), (job, index)))
            })
            .collect();
        Self { campaigns, account, jobs, begins, places }
    }

    /// Somebody edits a campaign.
    pub fn edit(&mut self, campaign: usize, rng: &mut ChaCha8Rng) {
        self.campaigns[campaign].spec.windows = draw_windows(rng);
    }

    /// Where a target lies; `None`: in no campaign of this world.
    pub fn place(&self, id: &TargetId) -> Option<(&Job, usize)> {
        self.places.get(id).map(|(job, index)| (&self.jobs[*job], *index))
    }

    /// Where a target of this world lies.
    pub fn find(&self, id: &TargetId) -> (&Job, usize) {
        self.place(id).unwrap()
    }

    /// Whose target it is.
    pub fn campaign_of(&self, id: &TargetId) -> &Campaign {
        &self.campaigns[self.find(id).0.campaign]
    }

    fn target(&self, id: &TargetId) -> &TargetSpec {
        let (job, index) = self.find(id);
        &job.targets[index]
    }

    /// Whether every clock that may be the callee's is inside a window, reckoned apart from the dialer.
    pub fn is_open(&self, id: &TargetId, at: Timestamp) -> bool {
        let (spec, target) = (&self.campaign_of(id).spec, self.target(id));
        let of_number = if spec.default_zone == Zone::Unknown { &target.zone_of_number } else { &spec.default_zone };
        let zones = target.zone.as_ref().unwrap_or(of_number).all();
        let is_open_in = |zone: &TimeZone| {
            let local = at.to_zoned(zone.clone());
            let (day, clock) = (local.weekday(), local.time());
            let before_end = |end: Time| end == Time::MIN || clock < end;
            let is_off = |blackout: &Blackout| match blackout {
                Blackout::Day { date, zones } => *date == local.date() && (zones.is_empty() || zones.contains(zone)),
                Blackout::Span { from, until } => *from <= at && at < *until,
            };
            spec.windows.iter().any(|w| w.days.contains(&day) && w.start <= clock && before_end(w.end))
                && !spec.blackouts.iter().any(is_off)
        };
        !zones.is_empty() && zones.iter().all(is_open_in)
    }

    /// Whether who has to have agreed has.
    pub fn has_agreed(&self, id: &TargetId) -> bool {
        !self.campaign_of(id).spec.consent_required || self.target(id).consent_at.is_some_and(|at| at < self.begins)
    }

    /// Whether a target is due and not expired. `latest`: what the wall clock showed at most, since a target that was due
    /// once stays due.
    pub fn is_in_time(&self, id: &TargetId, at: Timestamp, latest: Timestamp) -> bool {
        let target = self.target(id);
        target.expires_at.is_none_or(|end| at < end) && target.not_before.is_none_or(|start| start <= latest)
    }
}

/// How many agents a campaign counts on.
pub fn staff(adaptive: Adaptive) -> u32 {
    match adaptive.agents {
        Agents::Count(count) | Agents::CountBesideQueue(count) => count,
        Agents::Told => 0,
    }
}

/// Changes of the clocks in the zones that targets live in: to and from summer time in New York and in Berlin.
const CLOCK_CHANGES: [i64; 4] = [1_792_890_000, 1_793_512_800, 1_805_007_600, 1_806_195_600];

/// In a third of the worlds the clocks change while things go wrong.
fn draw_begin(rng: &mut ChaCha8Rng) -> Timestamp {
    let second = if rng.random_bool(0.33) {
        pick(rng, CLOCK_CHANGES) - rng.random_range(0..7200)
    } else {
        1_790_000_000 + rng.random_range(0..86_400 * 7)
    };
    Timestamp::from_second(second).unwrap()
}

fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

fn draw_spec(rng: &mut ChaCha8Rng) -> CampaignSpec {
    CampaignSpec {
        from: vec![PhoneNumber::parse("+15550000001").unwrap(), PhoneNumber::parse("+15550000002").unwrap()],
        from_selection: pick(rng, [FromSelection::RoundRobin, FromSelection::Sticky]),
        connection_id: "connection".into(),
        treatment: announcement(),
        amd: draw_amd(rng),
        ring_timeout: Duration::from_secs(rng.random_range(15..60)),
        max_call: Duration::from_secs(rng.random_range(60..600)),
        pacing: draw_pacing(rng),
        windows: draw_windows(rng),
        blackouts: Vec::new(),
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
            0 => vec![FrequencyCap { calls: 1, within: minutes(20) }, FrequencyCap { calls: 2, within: minutes(90) }],
            _ => Vec::new(),
        },
        rests: Vec::new(),
        consent_required: false,
        set_aside: BTreeSet::new(),
        max_list_age: None,
        breaker: rng.random_bool(0.3).then_some(Breaker {
            window: minutes(30),
            least_sample: 15,
            invalid_percent: 20,
            reject_percent: 40,
            short_percent: 50,
        }),
        max_calls: rng.random_bool(0.2).then(|| rng.random_range(1..60)),
        cost: None,
        enough_reached: rng.random_bool(0.1).then(|| portion(rng.random_range(1..20))),
        most_failed: rng.random_bool(0.1).then(|| portion(rng.random_range(0..20))),
        list: None,
        active_deadline: None,
        started_at: None,
    }
}

/// An even number is a share.
fn portion(count: u32) -> Portion {
    if count.is_multiple_of(2) { Portion::Percent(u8::try_from(count * 5).unwrap()) } else { Portion::Targets(count) }
}

fn draw_pacing(rng: &mut ChaCha8Rng) -> Pacing {
    Pacing {
        dials_per_second: DialRate::from_millis(pick(rng, [300, 1000, 5000, 30_000])),
        max_concurrent: pick(rng, [1, 5, 50]),
        ramp: rng.random_bool(0.3).then_some(Ramp {
            from: DialRate::from_millis(500),
            step_percent: 50,
            every: Duration::from_mins(1),
        }),
        priority: pick(rng, [1, 3, 3, 3, 5]),
        share: pick(rng, [1, 1, 2, 7]),
        adaptive: rng.random_bool(0.25).then(|| Adaptive {
            agents: Agents::Count(rng.random_range(1..12)),
            target: 20,
            hard_stop: 30,
            window: Duration::from_hours(24 * 30),
        }),
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

/// A flow for a third of the campaigns.
fn draw_treatment(rng: &mut ChaCha8Rng) -> Treatment {
    if rng.random_ratio(1, 3) {
        return Treatment::Flow(FlowKey { flow: 1, revision: 1 });
    }
    announcement()
}

fn announcement() -> Treatment {
    Treatment::Announcement(Announcement::Audio { url: "https://example.com/a.wav".into() })
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
            ..Match::default()
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

/// In a third of the campaigns a day off, in all zones or in one, or a time at which nobody is called.
fn draw_blackouts(begins: Timestamp, rng: &mut ChaCha8Rng) -> Vec<Blackout> {
    let day = begins.to_zoned(pick(rng, zones())).date();
    match rng.random_range(0..6) {
        0 => vec![
            Blackout::Day { date: day, zones: vec![pick(rng, zones())] },
            Blackout::Day { date: day.tomorrow().unwrap(), zones: Vec::new() },
        ],
        1 => {
            let from = begins + jiff::SignedDuration::from_mins(rng.random_range(-30..90));
            vec![Blackout::Span { from, until: from + jiff::SignedDuration::from_mins(rng.random_range(1..90)) }]
        }
        _ => Vec::new(),
    }
}

/// One campaign in six is to start at some time, which may have passed, and one in six is to stop.
fn draw_bounds(begins: Timestamp, rng: &mut ChaCha8Rng) -> (Option<Timestamp>, Option<Timestamp>) {
    let at = |minutes| begins + jiff::SignedDuration::from_mins(minutes);
    let start = rng.random_ratio(1, 6).then(|| at(rng.random_range(-60..180)));
    let stop = rng.random_ratio(1, 6).then(|| at(rng.random_range(1..900)));
    (start, stop)
}

/// Open at any time.
pub fn always() -> Vec<Window> {
    vec![Window { days: EVERY_DAY.to_vec(), start: Time::MIN, end: Time::MIN }]
}

fn draw_windows(rng: &mut ChaCha8Rng) -> Vec<Window> {
    let days = EVERY_DAY.to_vec();
    match rng.random_range(0..5) {
        0 => vec![Window { days, start: time(9, 0, 0, 0), end: time(20, 0, 0, 0) }],
        // The clocks change inside.
        1 => vec![Window { days, start: time(0, 30, 0, 0), end: time(2, 30, 0, 0) }],
        2 => vec![
            Window { days: days.clone(), start: time(8, 30, 0, 0), end: time(8, 45, 0, 0) },
            Window { days, start: time(17, 0, 0, 0), end: time(21, 0, 0, 0) },
        ],
        _ => always(),
    }
}

fn draw_job(job: usize, campaign: usize, begins: Timestamp, rng: &mut ChaCha8Rng, rules: &mut ChaCha8Rng) -> Job {
    let hours = |count: i64| jiff::SignedDuration::from_hours(count);
    let targets = (0..rng.random_range(1..40))
        .map(|index| TargetSpec {
            id: TargetId::parse(&format!("t{job}-{index}")).unwrap(),
            to: {
                // Some numbers are in the list twice, in other jobs, and in other campaigns.
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
            // Beyond any jump of the clock, so that it is plain who has agreed.
            consent_at: match rules.random_range(0..6) {
                0 => None,
                1 => Some(begins + hours(24 * 365)),
                _ => Some(begins - hours(24 * 365)),
            },
            not_before: rng.random_bool(0.1).then(|| begins + hours(rng.random_range(0..3))),
            expires_at: rng.random_bool(0.1).then(|| begins + hours(rng.random_range(0..12))),
        })
        .collect();
    Job { id: JobId::parse(&format!("job-{job}")).unwrap(), campaign, targets }
}
