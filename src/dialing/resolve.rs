//! From a dial plan as written to what the dialer acts on.
//!
//! Pure and in one place: every default is applied, every text parsed, and whatever does not hold is named by its field
//! path with what to write instead. Most of it the API server refuses already; this is the proof, and the answer for what
//! a schema cannot know (time zones).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dialer::client_state::Party;
use dialer::compliance::Preset;
use dialer::cost::CostLimit;
use dialer::detail::Detail;
use dialer::rules::{Match, OutcomeRule, RuleAction};
use dialer::spec::{self, AccountLimits, CampaignSpec, DialRate, FlowKey, Portion, Treatment, Zone};
use dialer::{Outcome, PhoneNumber};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as ApiTime;
use kube::ResourceExt as _;

use super::hours::{blackouts, windows};
use super::rules_kept::{consent_required, frequency, preset, set_aside};
use crate::api::{
    AdaptivePacing, Amd, AmdMode, Announcement, CircuitBreaker, CostBudget, CountOrPercent, DialPlan, DrainPolicy,
    FromSelection, Heard, OnAmbiguous, OnMachine, OnNobody, OnNotSure, OutboundCampaign, OutboundCampaignSpec, Pacing,
    Retry, RetryAction, RetryOutcome, UnknownTimeZone,
};

/// How long a machine's greeting may take. Voice mail boxes allow greetings of half a minute and more; `detect_words`
/// itself gives up after 30 s (Telnyx: answering machine detection guide).
const GREETING: Duration = Duration::from_secs(30);

/// A field that cannot be acted on. Never repeats the value: it may be a phone number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct FieldError {
    /// The field, as `kubectl explain` writes it.
    pub path: String,
    /// What to write instead.
    pub problem: &'static str,
}

impl FieldError {
    pub(super) fn new(path: impl Into<String>, problem: &'static str) -> Self {
        Self { path: path.into(), problem }
    }
}

/// What the plan asks for. `root` is the path of the plan itself, such as `spec` or `spec.plan`; `connection_id` is the
/// application's id at Telnyx, `flow` the revision that is kept of the plan's `callFlowRef`.
///
/// # Errors
/// Every field that cannot be acted on, not only the first.
pub fn resolve(
    root: &str,
    plan: &DialPlan,
    connection_id: &str,
    flow: Option<FlowKey>,
) -> Result<CampaignSpec, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut keep = |error: FieldError| errors.push(error);
    let from = from(root, plan, &mut keep);
    let treatment = treatment(root, plan, flow).map_err(&mut keep).ok();
    let pacing = pacing(root, &plan.pacing).map_err(&mut keep).ok();
    let rules = preset(plan).map(Preset::rules);
    let windows = windows(root, plan, rules.as_ref(), &mut keep);
    let blackouts = blackouts(root, plan, &mut keep);
    let default_zone = zone(root, plan).map_err(&mut keep).ok();
    match (treatment, pacing, default_zone) {
        (Some(treatment), Some(pacing), Some(default_zone)) if errors.is_empty() => Ok(CampaignSpec {
            from,
            from_selection: match plan.from_selection {
                FromSelection::RoundRobin => spec::FromSelection::RoundRobin,
                FromSelection::Sticky => spec::FromSelection::Sticky,
                FromSelection::LocalPresence => spec::FromSelection::LocalPresence,
            },
            connection_id: connection_id.into(),
            treatment,
            amd: amd(&plan.amd),
            ring_timeout: secs(plan.ring_timeout_secs),
            max_call: secs(plan.max_call_secs),
            pacing,
            windows,
            blackouts,
            default_zone,
            retry: retry(&plan.retry),
            on_ambiguous: match plan.on_ambiguous {
                OnAmbiguous::CountAsAttempt => spec::OnAmbiguous::CountAsAttempt,
                OnAmbiguous::Skip => spec::OnAmbiguous::Skip,
                OnAmbiguous::Hold => spec::OnAmbiguous::Hold,
            },
            suspended: plan.suspend,
            drain: match plan.drain_policy {
                DrainPolicy::LetFinish => spec::DrainPolicy::LetFinish,
                DrainPolicy::StopRingingAfter15s => spec::DrainPolicy::StopRingingAfter15s,
                DrainPolicy::HangupAll => spec::DrainPolicy::HangupAll,
            },
            start_at: plan.start_at.as_ref().map(instant),
            stop_at: plan.stop_at.as_ref().map(instant),
            frequency: frequency(plan, rules.as_ref()),
            rests: rules.as_ref().map(|rules| rules.rests.clone()).unwrap_or_default(),
            consent_required: consent_required(plan, rules.as_ref()),
            set_aside: BTreeSet::new(),
            max_list_age: rules.and_then(|rules| rules.list_age),
            breaker: breaker(&plan.circuit_breaker),
            max_calls: plan.budget.and_then(|budget| budget.max_calls),
            cost: plan.budget.and_then(|budget| budget.cost).map(cost),
            enough_reached: plan.success_policy.map(|policy| portion(policy.completed_count)),
            most_failed: plan.failure_policy.map(|policy| portion(policy.max_failed_targets)),
            list: None,
            active_deadline: None,
            started_at: None,
        }),
        (Some(_) | None, Some(_) | None, Some(_) | None) => Err(errors),
    }
}

/// What a campaign asks for, the rules that somebody has set aside for it included; as [`resolve`] otherwise.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_campaign(
    campaign: &OutboundCampaign,
    connection_id: &str,
    flow: Option<FlowKey>,
) -> Result<CampaignSpec, Vec<FieldError>> {
    let OutboundCampaignSpec { plan, active_deadline_seconds, .. } = &campaign.spec;
    let spec = resolve("spec", plan, connection_id, flow)?;
    let set_aside = set_aside(campaign.annotations(), plan.purpose).map_err(|error| vec![error])?;
    Ok(CampaignSpec { active_deadline: active_deadline_seconds.map(secs), set_aside, ..spec })
}

/// What an account may do.
#[must_use]
pub fn limits(written: &crate::api::AccountLimits) -> AccountLimits {
    AccountLimits {
        dials_per_second: written.dials_per_second,
        max_concurrent: written.concurrent_calls.unwrap_or(u32::MAX),
    }
}

fn cost(written: CostBudget) -> CostLimit {
    let CostBudget { max, per_minute, per_call } = written;
    CostLimit { most: max.money(), per_call: per_call.money(), per_minute: per_minute.money() }
}

fn portion(written: CountOrPercent) -> Portion {
    match written {
        CountOrPercent::Count(count) => Portion::Targets(count),
        CountOrPercent::Percent(percent) => Portion::Percent(percent.of_a_hundred()),
    }
}

fn secs(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

fn instant(time: &ApiTime) -> Timestamp {
    time.0
}

fn from(root: &str, plan: &DialPlan, keep: &mut impl FnMut(FieldError)) -> Vec<PhoneNumber> {
    if plan.from.is_empty() {
        keep(FieldError::new(format!("{root}.from"), "needs at least one number"));
    }
    let mut numbers = Vec::with_capacity(plan.from.len());
    for (index, number) in plan.from.iter().enumerate() {
        match PhoneNumber::parse(number.expose()) {
            Ok(number) => numbers.push(number),
            Err(_) => keep(FieldError::new(
                format!("{root}.from[{index}]"),
                "must be a number in E.164 form: '+', a country code that does not begin with 0, at most 15 digits",
            )),
        }
    }
    numbers
}

fn treatment(root: &str, plan: &DialPlan, flow: Option<FlowKey>) -> Result<Treatment, FieldError> {
    match (&plan.announcement, &plan.call_flow_ref, flow) {
        (Some(written), None, _) => announcement(root, written).map(Treatment::Announcement),
        (None, Some(_), Some(flow)) => Ok(Treatment::Flow(flow)),
        (None, Some(_), None) => {
            Err(FieldError::new(format!("{root}.callFlowRef"), "must name a CallFlow that calls can run"))
        }
        (Some(_), Some(_), _) | (None, None, _) => {
            Err(FieldError::new(format!("{root}.announcement"), "set exactly one of announcement and callFlowRef"))
        }
    }
}

fn announcement(root: &str, written: &Announcement) -> Result<spec::Announcement, FieldError> {
    match (&written.text, &written.audio) {
        (Some(text), None) => Ok(spec::Announcement::Text {
            payload: text.payload.as_str().into(),
            voice: text.voice.as_str().into(),
            language: text.language.as_deref().map(Arc::from),
        }),
        (None, Some(audio)) => Ok(spec::Announcement::Audio { url: audio.url.as_str().into() }),
        (Some(_), Some(_)) | (None, None) => {
            Err(FieldError::new(format!("{root}.announcement"), "set exactly one of text and audio"))
        }
    }
}

fn amd(written: &Amd) -> spec::Amd {
    let nobody = |policy| match policy {
        OnNobody::Hangup => spec::OnNobody::Hangup,
        OnNobody::Continue => spec::OnNobody::Continue,
    };
    spec::Amd {
        mode: match written.mode {
            AmdMode::Disabled => spec::AmdMode::Disabled,
            AmdMode::Premium => spec::AmdMode::Premium,
            AmdMode::Detect => spec::AmdMode::Detect,
            AmdMode::DetectBeep => spec::AmdMode::DetectBeep,
            AmdMode::DetectWords => spec::AmdMode::DetectWords,
            AmdMode::GreetingEnd => spec::AmdMode::GreetingEnd,
        },
        total_analysis: Duration::from_millis(written.total_analysis_time_millis.into()),
        greeting: GREETING,
        on_machine: match written.on_machine {
            OnMachine::LeaveMessage => spec::OnMachine::LeaveMessage,
            OnMachine::Hangup => spec::OnMachine::Hangup,
            OnMachine::Continue => spec::OnMachine::Continue,
        },
        on_fax: nobody(written.on_fax),
        on_silence: nobody(written.on_silence),
        on_not_sure: match written.on_not_sure {
            OnNotSure::TreatAsHuman => spec::OnNotSure::TreatAsHuman,
            OnNotSure::TreatAsMachine => spec::OnNotSure::TreatAsMachine,
            OnNotSure::Hangup => spec::OnNotSure::Hangup,
        },
    }
}

fn pacing(root: &str, written: &Pacing) -> Result<spec::Pacing, FieldError> {
    let thousandths = (written.dials_per_second * 1000.0).round();
    if !(1.0..=1_000_000.0).contains(&thousandths) {
        return Err(FieldError::new(format!("{root}.pacing.dialsPerSecond"), "must be 0.001 to 1000"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 1,000,000, checked above")]
    let dials_per_second = DialRate::from_millis(thousandths as u32);
    Ok(spec::Pacing {
        dials_per_second,
        max_concurrent: written.max_concurrent_calls,
        ramp: written.ramp_up.as_ref().map(|ramp| spec::Ramp {
            from: DialRate::from_millis(dials_per_second.millis().saturating_mul(ramp.from_percent).div_ceil(100)),
            step_percent: ramp.step_percent,
            every: secs(ramp.every_secs),
        }),
        priority: written.priority,
        share: written.share,
        adaptive: written.adaptive.as_ref().map(|adaptive| agents(root, adaptive)).transpose()?,
    })
}

fn agents(root: &str, written: &AdaptivePacing) -> Result<spec::Adaptive, FieldError> {
    let path = |field: &str| format!("{root}.pacing.adaptive.{field}");
    let share = |field: &str, share: f64| {
        let thousandths = (share * 1000.0).round();
        if !(1.0..=30.0).contains(&thousandths) {
            return Err(FieldError::new(path(field), "must be 0.001 to 0.03"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 30, checked above")]
        let thousandths = thousandths as u16;
        Ok(thousandths)
    };
    let agents = match (written.agents.count, &written.agents.queue_ref, &written.agents.conference_ref) {
        (Some(count), None, None) => spec::Agents::Count(count),
        (Some(count), Some(_), None) => spec::Agents::CountBesideQueue(count),
        (None, None, Some(_)) => spec::Agents::Told,
        (None, None | Some(_), None) | (Some(_) | None, Some(_), Some(_)) | (Some(_), None, Some(_)) => {
            return Err(FieldError::new(path("agents"), "set count, count and queueRef, or conferenceRef"));
        }
    };
    Ok(spec::Adaptive {
        agents,
        target: share("abandonRateTarget", written.abandon_rate_target)?,
        hard_stop: share("hardStop", written.hard_stop)?,
        window: Duration::from_hours(24 * u64::from(written.window_days)),
    })
}

fn zone(root: &str, plan: &DialPlan) -> Result<Zone, FieldError> {
    let UnknownTimeZone::Block = plan.callee_time_zone.unknown;
    let Some(name) = &plan.callee_time_zone.default else {
        return Ok(Zone::Unknown);
    };
    TimeZone::get(name).map(Zone::Known).map_err(|_| {
        FieldError::new(
            format!("{root}.calleeTimeZone.default"),
            "must be a name of the IANA time zone database, such as America/Chicago",
        )
    })
}

fn retry(written: &Retry) -> spec::RetryPolicy {
    let count = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
    spec::RetryPolicy {
        max_attempts_per_target: count(written.max_attempts_per_target),
        min_gap: secs(written.min_gap_secs),
        backoff: written.backoff_secs.iter().copied().map(secs).collect(),
        vary_time_of_day: written.vary_time_of_day,
        infra_retries: count(written.infra_retries),
        rules: written
            .rules
            .iter()
            .map(|rule| OutcomeRule {
                when: Match {
                    outcomes: rule.outcomes.iter().copied().map(outcome).collect(),
                    sip: rule.sip_codes.clone(),
                    heard: rule.heard.iter().copied().map(heard).collect(),
                    details: rule.details.iter().filter_map(|text| Detail::parse(text)).collect(),
                },
                action: match rule.action {
                    RetryAction::Retry => RuleAction::Retry { after: rule.after_secs.map(secs), at_most: rule.at_most },
                    RetryAction::FailTarget => RuleAction::Finish,
                    RetryAction::Ignore => RuleAction::Ignore { after: rule.after_secs.map(secs) },
                    RetryAction::FailCampaign => RuleAction::FailCampaign,
                    RetryAction::PauseCampaign => RuleAction::PauseCampaign,
                    RetryAction::AddToDnc => RuleAction::AddToDnc,
                },
            })
            .collect(),
    }
}

fn heard(written: Heard) -> Party {
    match written {
        Heard::Human => Party::Human,
        Heard::Machine => Party::Machine,
        Heard::Fax => Party::Fax,
        Heard::Silence => Party::Silence,
        Heard::NotSure => Party::NotSure,
    }
}

fn breaker(written: &CircuitBreaker) -> Option<spec::Breaker> {
    written.enabled.then(|| spec::Breaker {
        window: secs(written.window_secs),
        least_sample: written.min_sample,
        invalid_percent: written.invalid_number_percent,
        reject_percent: written.reject_percent,
        short_percent: written.short_call_percent,
    })
}

fn outcome(written: RetryOutcome) -> Outcome {
    match written {
        RetryOutcome::HumanHangup => Outcome::HumanHangup,
        RetryOutcome::VoicemailLeft => Outcome::VoicemailLeft,
        RetryOutcome::Machine => Outcome::Machine,
        RetryOutcome::Fax => Outcome::Fax,
        RetryOutcome::Silence => Outcome::Silence,
        RetryOutcome::NoAnswer => Outcome::NoAnswer,
        RetryOutcome::Busy => Outcome::Busy,
        RetryOutcome::Rejected => Outcome::Rejected,
        RetryOutcome::BlockedByAnalytics => Outcome::BlockedByAnalytics,
        RetryOutcome::InvalidNumber => Outcome::InvalidNumber,
        RetryOutcome::TimeLimit => Outcome::TimeLimit,
        RetryOutcome::FlowError => Outcome::FlowError,
        RetryOutcome::CarrierFailure => Outcome::CarrierFailure,
        RetryOutcome::Ambiguous => Outcome::Ambiguous,
        RetryOutcome::Abandoned => Outcome::Abandoned,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Time;
    use serde_json::{Value, json};

    use super::*;

    /// The least plan that is one, with these fields over it.
    fn plan(over: Value) -> DialPlan {
        let mut plan = json!({
            "accountRef": { "name": "a" },
            "applicationRef": { "name": "b" },
            "from": ["+15550100"],
            "purpose": "Informational",
            "announcement": { "text": { "payload": "hello" } },
        });
        if let (Value::Object(plan), Value::Object(over)) = (&mut plan, over) {
            plan.extend(over);
        }
        serde_json::from_value(plan).unwrap()
    }

    fn paths(over: Value) -> Vec<String> {
        resolve("spec.plan", &plan(over), "1", None)
            .map_or_else(|errors| errors.into_iter().map(|e| e.path).collect(), |_| vec![])
    }

    #[test]
    fn a_preset_bounds_the_windows_and_adds_its_caps() {
        let windows = json!([{ "days": ["Mon"], "start": "09:00", "end": "20:30" }]);
        let over = json!({
            "windows": windows,
            "compliance": { "preset": "UsFloridaOklahoma" },
            "frequency": [{ "calls": 1, "withinSecs": 3600 }],
        });
        let errors = resolve("spec", &plan(over), "1", None).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.path.as_str()).collect::<Vec<_>>(), ["spec.windows[0]"]);
        let over = json!({
            "compliance": { "preset": "UsFloridaOklahoma" },
            "frequency": [{ "calls": 1, "withinSecs": 3600 }],
        });
        let spec = resolve("spec", &plan(over), "1", None).unwrap();
        let caps: Vec<_> = spec.frequency.iter().map(|cap| (cap.calls, cap.within.as_secs())).collect();
        assert_eq!(caps, [(1, 3600), (3, 86_400)]);
    }

    #[test]
    fn who_sells_has_the_hours_caps_and_consent_of_strict_without_a_word_of_it() {
        let spec = resolve("spec", &plan(json!({ "purpose": "Telemarketing" })), "1", None).unwrap();
        assert_eq!(
            spec.windows,
            dialer::compliance::Preset::Strict.rules().windows,
            "the hours by default are its hours"
        );
        assert_eq!((spec.consent_required, spec.frequency.len(), spec.rests.len()), (true, 5, 3));
        assert_eq!(spec.max_list_age, Some(Duration::from_hours(31 * 24)));
        let late =
            json!({ "purpose": "Telemarketing", "windows": [{ "days": ["Mon"], "start": "09:00", "end": "21:00" }] });
        assert_eq!(paths(late), ["spec.plan.windows[0]"]);
    }

    #[test]
    fn what_a_campaign_costs_and_when_it_stops_is_resolved() {
        let over = json!({
            "budget": { "maxCalls": 10, "cost": { "max": "99.5", "perMinute": "0.007" } },
            "successPolicy": { "completedCount": 3 },
            "failurePolicy": { "maxFailedTargets": "4%" },
            "circuitBreaker": { "enabled": false },
            "pacing": { "dialsPerSecond": 2.5, "rampUp": { "fromPercent": 10 }, "priority": 5, "share": 7 },
            "retry": { "rules": [
                { "sipCodes": [603], "action": "AddToDnc" },
                { "heard": ["Machine"], "outcomes": ["Machine"], "action": "Retry", "atMost": 1 },
            ] },
        });
        let spec = resolve("spec", &plan(over), "1", None).unwrap();
        let money = |text| dialer::cost::Money::parse(text).unwrap();
        let cost = CostLimit { most: money("99.50"), per_call: money("0"), per_minute: money("0.007") };
        assert_eq!((spec.max_calls, spec.cost), (Some(10), Some(cost)));
        assert_eq!((spec.enough_reached, spec.most_failed), (Some(Portion::Targets(3)), Some(Portion::Percent(4))));
        assert_eq!((spec.breaker, spec.pacing.priority, spec.pacing.share), (None, 5, 7));
        let ramp = spec.pacing.ramp.unwrap();
        assert_eq!((ramp.from, ramp.step_percent, ramp.every), (DialRate::from_millis(250), 50, secs(60)));
        assert_eq!(
            (spec.retry.rules[0].when.sip.as_slice(), spec.retry.rules[0].action),
            (&[603][..], RuleAction::AddToDnc)
        );
        assert_eq!(spec.retry.rules[1].when.heard, [Party::Machine]);
        assert_eq!(spec.retry.rules[1].action, RuleAction::Retry { after: None, at_most: Some(1) });
        assert!(resolve("spec", &plan(json!({})), "1", None).unwrap().breaker.is_some(), "on unless switched off");
    }

    #[test]
    fn a_flow_is_run_at_the_revision_that_is_kept() {
        let flow = FlowKey { flow: 7, revision: 3 };
        let over = json!({ "announcement": null, "callFlowRef": { "name": "f" } });
        assert_eq!(resolve("spec", &plan(over.clone()), "1", Some(flow)).unwrap().treatment, Treatment::Flow(flow));
        assert_eq!(paths(over), ["spec.plan.callFlowRef"], "no revision is kept");
        assert_eq!(paths(json!({ "callFlowRef": { "name": "f" } })), ["spec.plan.announcement"], "both");
        assert_eq!(paths(json!({ "announcement": null })), ["spec.plan.announcement"], "neither");
        let rule = json!({ "retry": { "rules": [{ "details": ["unclear"], "action": "Retry" }] } });
        let details = resolve("spec", &plan(rule), "1", None).unwrap().retry.rules[0].when.details.clone();
        assert_eq!(details, [Detail::parse("unclear").unwrap()]);
    }

    #[test]
    fn agents_are_resolved_and_shares_out_of_bounds_are_named() {
        let adaptive = |agents: serde_json::Value| {
            let pacing =
                json!({ "mode": "Adaptive", "adaptive": { "agents": agents, "hardStop": 0.025, "windowDays": 7 } });
            resolve("spec", &plan(json!({ "pacing": pacing })), "1", None)
        };
        let agents = |written| adaptive(written).unwrap().pacing.adaptive.unwrap().agents;
        assert_eq!(agents(json!({ "count": 3 })), spec::Agents::Count(3));
        assert_eq!(agents(json!({ "count": 3, "queueRef": { "name": "q" } })), spec::Agents::CountBesideQueue(3));
        assert_eq!(agents(json!({ "conferenceRef": { "name": "c" } })), spec::Agents::Told);
        let pacing = adaptive(json!({ "count": 3 })).unwrap().pacing.adaptive.unwrap();
        assert_eq!((pacing.target, pacing.hard_stop, pacing.window), (20, 25, secs(7 * 86_400)));
        assert_eq!(adaptive(json!({})).unwrap_err()[0].path, "spec.pacing.adaptive.agents");
        let over = json!({ "mode": "Adaptive", "adaptive": { "agents": { "count": 3 }, "hardStop": 0.5 } });
        let errors = resolve("spec", &plan(json!({ "pacing": over })), "1", None).unwrap_err();
        assert_eq!(errors[0].path, "spec.pacing.adaptive.hardStop");
    }

    #[test]
    fn what_is_unset_has_a_default() {
        let spec = resolve("spec", &plan(json!({})), "1293384261075731499", None).unwrap();
        assert_eq!(&*spec.connection_id, "1293384261075731499");
        assert_eq!(spec.from.len(), 1);
        assert_eq!((spec.ring_timeout, spec.max_call), (secs(30), secs(600)));
        assert_eq!(spec.pacing.dials_per_second, DialRate::per_second(1));
        assert_eq!(spec.windows.len(), 2, "weekdays and Saturday");
        assert_eq!(spec.default_zone, Zone::Unknown, "nobody is called on a guessed clock");
        assert_eq!((spec.retry.max_attempts_per_target, spec.retry.min_gap), (3, secs(3600)));
        assert_eq!(spec.amd.mode, spec::AmdMode::Disabled);
        assert!(!spec.suspended);
    }

    #[test]
    fn every_field_arrives() {
        let spec = resolve(
            "spec",
            &plan(json!({
                "from": ["+15550100", "+15550101"],
                "fromSelection": "Sticky",
                "announcement": { "audio": { "url": "https://example.com/a.mp3" } },
                "amd": { "mode": "premium", "totalAnalysisTimeMillis": 2500, "onMachine": "Hangup", "onFax": "Continue",
                         "onSilence": "Hangup", "onNotSure": "TreatAsMachine" },
                "ringTimeoutSecs": 20, "maxCallSecs": 120,
                "pacing": { "dialsPerSecond": 0.25, "maxConcurrentCalls": 7 },
                "windows": [{ "days": ["Mon", "Sun"], "start": "08:30", "end": "24:00" }],
                "calleeTimeZone": { "default": "America/Chicago" },
                "retry": { "maxAttemptsPerTarget": 5, "minGapSecs": 60, "backoffSecs": [60, 600], "infraRetries": 2,
                           "rules": [{ "outcomes": ["Busy"], "action": "Retry", "afterSecs": 90 },
                                     { "outcomes": ["Machine", "Fax"], "action": "FailTarget" }] },
                "onAmbiguous": "Hold", "drainPolicy": "HangupAll", "suspend": true,
                "startAt": "2026-03-01T00:00:00Z", "stopAt": "2026-04-01T00:00:00Z",
            })),
            "1",
            None,
        )
        .unwrap();
        assert_eq!(spec.from_selection, spec::FromSelection::Sticky);
        let audio = spec::Announcement::Audio { url: "https://example.com/a.mp3".into() };
        assert_eq!(spec.treatment, Treatment::Announcement(audio));
        assert_eq!(spec.amd.total_analysis, Duration::from_millis(2500));
        assert_eq!((spec.amd.on_machine, spec.amd.on_fax), (spec::OnMachine::Hangup, spec::OnNobody::Continue));
        assert_eq!(spec.amd.on_not_sure, spec::OnNotSure::TreatAsMachine);
        assert_eq!((spec.pacing.dials_per_second, spec.pacing.max_concurrent), (DialRate::from_millis(250), 7));
        let window = spec.windows.first().unwrap();
        assert_eq!(window.days, [jiff::civil::Weekday::Monday, jiff::civil::Weekday::Sunday]);
        assert_eq!((window.start, window.end), (Time::new(8, 30, 0, 0).unwrap(), Time::MIN));
        assert_eq!(spec.default_zone, Zone::Known(TimeZone::get("America/Chicago").unwrap()));
        assert_eq!(spec.retry.backoff, [secs(60), secs(600)]);
        assert_eq!(spec.retry.rules[0].action, RuleAction::Retry { after: Some(secs(90)), at_most: None });
        assert_eq!(spec.retry.rules[1].when.outcomes, [Outcome::Machine, Outcome::Fax]);
        assert_eq!((spec.on_ambiguous, spec.drain), (spec::OnAmbiguous::Hold, spec::DrainPolicy::HangupAll));
        assert!(spec.suspended && spec.start_at < spec.stop_at);
    }

    /// Fields over the least plan, and the paths complained about.
    #[test]
    fn what_cannot_be_acted_on_is_named_by_its_field_path() {
        let check = |over: Value, expected: &[&str]| assert_eq!(paths(over.clone()), expected, "{over}");
        check(json!({}), &[]);
        check(json!({ "from": [] }), &["spec.plan.from"]);
        check(json!({ "from": ["+15550100", "15550101", "+0"] }), &["spec.plan.from[1]", "spec.plan.from[2]"]);
        check(json!({ "announcement": {} }), &["spec.plan.announcement"]);
        check(json!({ "pacing": { "dialsPerSecond": 0.0001 } }), &["spec.plan.pacing.dialsPerSecond"]);
        check(json!({ "pacing": { "dialsPerSecond": 1e9 } }), &["spec.plan.pacing.dialsPerSecond"]);
        check(json!({ "calleeTimeZone": { "default": "Mars/Olympus" } }), &["spec.plan.calleeTimeZone.default"]);
        let window = |start: &str, end: &str| json!({ "windows": [{ "days": ["Mon"], "start": start, "end": end }] });
        check(window("25:00", "26:00"), &["spec.plan.windows[0].start"]);
        check(window("09:00", "nine"), &["spec.plan.windows[0].end"]);
        check(window("20:00", "09:00"), &["spec.plan.windows[0].end"]);
        check(json!({ "from": [], "announcement": {} }), &["spec.plan.from", "spec.plan.announcement"]);
    }

    #[test]
    fn a_complaint_never_repeats_a_number() {
        let errors = resolve("spec", &plan(json!({ "from": ["15550100"] })), "1", None).unwrap_err();
        assert!(!format!("{errors:?}").contains("15550100"));
    }
}
