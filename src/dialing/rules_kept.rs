//! Which rules a campaign keeps besides its windows: the preset, days off, consent, and what somebody has set aside.
//!
//! Pure. Knows what is written and what holds where nothing is. Does not know when a rule objects: that is the dialer's.

use std::collections::{BTreeMap, BTreeSet};

use dialer::compliance::{Preset, Rule};
use dialer::spec::{self, CampaignSpec, DrainPolicy};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::resolve::FieldError;
use crate::api::{Blackout, COMPLIANCE_OVERRIDE, CompliancePreset, DialPlan, Holiday, Purpose};

/// The preset that a plan keeps: the one that it names, and `Strict` for selling where it names none.
#[must_use]
pub fn preset(plan: &DialPlan) -> Option<Preset> {
    let named = plan.compliance.as_ref().and_then(|compliance| compliance.preset);
    Some(match named {
        None => return (plan.purpose == Purpose::Telemarketing).then_some(Preset::Strict),
        Some(CompliancePreset::UsTelemarketing) => Preset::UsTelemarketing,
        Some(CompliancePreset::UsFloridaOklahoma) => Preset::UsFloridaOklahoma,
        Some(CompliancePreset::UsDebtCollection) => Preset::UsDebtCollection,
        Some(CompliancePreset::UsExemptInformational) => Preset::UsExemptInformational,
        Some(CompliancePreset::UsHealthcare) => Preset::UsHealthcare,
        Some(CompliancePreset::UnitedKingdom) => Preset::UnitedKingdom,
        Some(CompliancePreset::Australia) => Preset::Australia,
        Some(CompliancePreset::Canada) => Preset::Canada,
        Some(CompliancePreset::Strict) => Preset::Strict,
    })
}

/// Whether nobody is called who has not agreed.
pub(super) fn consent_required(plan: &DialPlan) -> bool {
    let asked = plan.compliance.as_ref().is_some_and(|compliance| compliance.consent_required);
    asked || preset(plan).is_some_and(|preset| preset.rules().consent)
}

/// Days off, and times at which nobody is called. `root` is the path of the plan.
pub(super) fn blackouts(root: &str, plan: &DialPlan, keep: &mut impl FnMut(FieldError)) -> Vec<spec::Blackout> {
    let Some(compliance) = &plan.compliance else { return Vec::new() };
    let mut all = Vec::with_capacity(compliance.holidays.len() + compliance.blackouts.len());
    for (index, holiday) in compliance.holidays.iter().enumerate() {
        match day(&format!("{root}.compliance.holidays[{index}]"), holiday) {
            Ok(day) => all.push(day),
            Err(error) => keep(error),
        }
    }
    for (index, Blackout { start, end, .. }) in compliance.blackouts.iter().enumerate() {
        if end.0 <= start.0 {
            keep(FieldError::new(format!("{root}.compliance.blackouts[{index}].end"), "must be after start"));
        }
        all.push(spec::Blackout::Span { from: start.0, until: end.0 });
    }
    all
}

fn day(path: &str, holiday: &Holiday) -> Result<spec::Blackout, FieldError> {
    let date: Date = holiday.date.parse().map_err(|_| {
        FieldError::new(format!("{path}.date"), "must be a day of the calendar as YYYY-MM-DD, such as 2026-12-25")
    })?;
    let zone = |(index, name): (usize, &String)| {
        TimeZone::get(name).map_err(|_| {
            FieldError::new(
                format!("{path}.timeZones[{index}]"),
                "must be a name of the IANA time zone database, such as Europe/Berlin",
            )
        })
    };
    let zones = holiday.time_zones.iter().enumerate().map(zone).collect::<Result<_, _>>()?;
    Ok(spec::Blackout::Day { date, zones })
}

/// The rules that a campaign's annotation sets aside.
///
/// # Errors
/// A word in it that is no rule, or a rule that this campaign cannot set aside.
pub fn set_aside(annotations: &BTreeMap<String, String>, purpose: Purpose) -> Result<BTreeSet<Rule>, FieldError> {
    let Some(written) = annotations.get(COMPLIANCE_OVERRIDE).filter(|written| !written.trim().is_empty()) else {
        return Ok(BTreeSet::new());
    };
    let refused = |problem| Err(FieldError::new(format!("metadata.annotations[{COMPLIANCE_OVERRIDE}]"), problem));
    let mut rules = BTreeSet::new();
    for word in written.split(',').map(str::trim) {
        match word {
            "Consent" => rules.insert(Rule::Consent),
            "Frequency" => rules.insert(Rule::Frequency),
            "DoNotCall" if purpose == Purpose::Emergency => rules.insert(Rule::DoNotCall),
            "DoNotCall" => {
                return refused(
                    "DoNotCall can be set aside for purpose Emergency alone: who has asked not to be called is called for nothing \
                     else; take the number off the list if it should not be there",
                );
            }
            "Window" | "UnknownTimeZone" => {
                return refused(
                    "windows and unknown time zones cannot be set aside: correct spec.windows and spec.compliance, or give the \
                     targets a timeZone",
                );
            }
            _ => {
                return refused(
                    "must be names of rules, separated by commas: Consent, Frequency, and DoNotCall for purpose Emergency",
                );
            }
        };
    }
    Ok(rules)
}

/// The same campaign, calling nobody: what a person has to mend first is known, and what it was told before may be looser than
/// what they want now. Calls under way are let finish.
#[must_use]
pub fn hushed(spec: CampaignSpec) -> CampaignSpec {
    CampaignSpec { suspended: true, drain: DrainPolicy::LetFinish, ..spec }
}

/// Names of rules, as the annotation has them.
#[must_use]
pub fn names(rules: &BTreeSet<Rule>) -> String {
    rules.iter().map(|rule| format!("{rule:?}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn plan(purpose: &str, compliance: Value) -> DialPlan {
        let mut plan = json!({
            "accountRef": { "name": "a" },
            "applicationRef": { "name": "b" },
            "from": ["+15550100"],
            "purpose": purpose,
            "announcement": { "text": { "payload": "hello" } },
        });
        if !compliance.is_null() {
            plan["compliance"] = compliance;
        }
        serde_json::from_value(plan).unwrap()
    }

    #[test]
    fn who_sells_keeps_strict_unless_another_preset_is_named_and_strict_asks_for_consent() {
        for (purpose, compliance, kept, consent) in [
            ("Telemarketing", Value::Null, Some(Preset::Strict), true),
            ("Telemarketing", json!({ "consentRequired": false }), Some(Preset::Strict), true),
            ("Telemarketing", json!({ "preset": "Australia" }), Some(Preset::Australia), false),
            ("Telemarketing", json!({ "preset": "Australia", "consentRequired": true }), Some(Preset::Australia), true),
            ("Informational", Value::Null, None, false),
            ("Informational", json!({ "consentRequired": true }), None, true),
            ("Political", json!({ "preset": "Strict" }), Some(Preset::Strict), true),
        ] {
            let plan = plan(purpose, compliance.clone());
            assert_eq!((preset(&plan), consent_required(&plan)), (kept, consent), "{purpose} {compliance}");
        }
    }

    #[test]
    fn days_off_and_blackouts_arrive_and_what_is_no_day_or_zone_is_named_by_its_path() {
        let compliance = json!({
            "holidays": [
                { "date": "2026-12-25", "name": "Christmas" },
                { "date": "2026-10-03", "timeZones": ["Europe/Berlin"] },
            ],
            "blackouts": [{ "start": "2026-06-01T10:00:00Z", "end": "2026-06-01T11:00:00Z" }],
        });
        let mut errors = Vec::new();
        let read = blackouts("spec", &plan("Informational", compliance), &mut |error| errors.push(error));
        assert_eq!(errors, []);
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(
            read,
            [
                spec::Blackout::Day { date: Date::constant(2026, 12, 25), zones: Vec::new() },
                spec::Blackout::Day { date: Date::constant(2026, 10, 3), zones: vec![berlin] },
                spec::Blackout::Span {
                    from: "2026-06-01T10:00:00Z".parse().unwrap(),
                    until: "2026-06-01T11:00:00Z".parse().unwrap(),
                },
            ]
        );
        let wrong = json!({
            "holidays": [
                { "date": "2026-02-30" },
                { "date": "2026-12-25", "timeZones": ["Europe/Berlin", "Mars/Olympus"] },
            ],
            "blackouts": [{ "start": "2026-06-01T10:00:00Z", "end": "2026-06-01T10:00:00Z" }],
        });
        blackouts("spec", &plan("Informational", wrong), &mut |error| errors.push(error));
        let paths: Vec<_> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "spec.compliance.holidays[0].date",
                "spec.compliance.holidays[1].timeZones[1]",
                "spec.compliance.blackouts[0].end"
            ]
        );
    }

    #[test]
    fn an_annotation_sets_aside_what_it_names_and_nothing_that_cannot_be() {
        let read = |written: &str, purpose| {
            set_aside(&BTreeMap::from([(COMPLIANCE_OVERRIDE.to_owned(), written.to_owned())]), purpose)
                .map(|rules| names(&rules))
                .map_err(|error| error.to_string())
        };
        let ok = |names: &str| Ok(names.to_owned());
        assert_eq!(read(" Frequency ,Consent", Purpose::Informational), ok("Consent, Frequency"));
        assert_eq!(read("  ", Purpose::Informational), ok(""));
        assert_eq!(read("DoNotCall", Purpose::Emergency), ok("DoNotCall"));
        assert_eq!(set_aside(&BTreeMap::new(), Purpose::Emergency), Ok(BTreeSet::new()));
        for (written, purpose, says) in [
            ("DoNotCall", Purpose::Healthcare, "for purpose Emergency alone"),
            ("Window", Purpose::Emergency, "cannot be set aside"),
            ("UnknownTimeZone", Purpose::Emergency, "cannot be set aside"),
            ("Frequency,", Purpose::Emergency, "separated by commas"),
            ("frequency", Purpose::Emergency, "separated by commas"),
            ("+15550101", Purpose::Emergency, "separated by commas"),
        ] {
            let told = read(written, purpose).unwrap_err();
            assert!(told.contains(says) && told.contains(COMPLIANCE_OVERRIDE), "{written}: {told}");
            assert!(!told.contains("+1555"), "{told}");
        }
    }
}
