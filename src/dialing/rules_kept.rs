//! Which rules a campaign keeps besides its hours: the preset, consent, frequency, and what somebody has set aside.
//!
//! Pure. Knows what is written and what holds where nothing is. Does not know when a rule objects: that is the dialer's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dialer::compliance::{Preset, Rule, Rules};
use dialer::spec;

use super::resolve::FieldError;
use crate::api::{COMPLIANCE_OVERRIDE, CompliancePreset, DialPlan, Purpose};

/// The preset that a plan keeps: the one that it names; where it names none, `Strict` for selling and `UsDebtCollection` for
/// collecting debts.
#[must_use]
pub fn preset(plan: &DialPlan) -> Option<Preset> {
    let named = plan.compliance.as_ref().and_then(|compliance| compliance.preset);
    Some(match named {
        None => return preset_of(plan.purpose),
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

/// The preset of a purpose whose rules bind whoever calls for it. What is known of the others' rules depends on what is not known
/// here: `UsHealthcare` is for calls to landlines without consent, which most of that purpose are not.
fn preset_of(purpose: Purpose) -> Option<Preset> {
    match purpose {
        Purpose::Telemarketing => Some(Preset::Strict),
        Purpose::DebtCollection => Some(Preset::UsDebtCollection),
        Purpose::Informational | Purpose::Healthcare | Purpose::Political | Purpose::Emergency => None,
    }
}

/// Whether nobody is called who has not agreed.
pub(super) fn consent_required(plan: &DialPlan, rules: Option<&Rules>) -> bool {
    let asked = plan.compliance.as_ref().is_some_and(|compliance| compliance.consent_required);
    asked || rules.is_some_and(|rules| rules.consent)
}

/// How often a number may be called: what the plan asks for, and what its preset does.
pub(super) fn frequency(plan: &DialPlan, rules: Option<&Rules>) -> Vec<spec::FrequencyCap> {
    let within = |secs: u32| Duration::from_secs(secs.into());
    let own = plan.frequency.iter().map(|cap| spec::FrequencyCap { calls: cap.calls, within: within(cap.within_secs) });
    own.chain(rules.into_iter().flat_map(|rules| rules.frequency.iter().copied())).collect()
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
    fn who_sells_keeps_strict_and_who_collects_debts_its_preset_unless_another_is_named() {
        for (purpose, compliance, kept, consent) in [
            ("Telemarketing", Value::Null, Some(Preset::Strict), true),
            ("Telemarketing", json!({ "consentRequired": false }), Some(Preset::Strict), true),
            ("Telemarketing", json!({ "preset": "Australia" }), Some(Preset::Australia), false),
            ("Telemarketing", json!({ "preset": "Australia", "consentRequired": true }), Some(Preset::Australia), true),
            ("DebtCollection", Value::Null, Some(Preset::UsDebtCollection), false),
            ("DebtCollection", json!({ "consentRequired": true }), Some(Preset::UsDebtCollection), true),
            ("DebtCollection", json!({ "preset": "UnitedKingdom" }), Some(Preset::UnitedKingdom), false),
            ("Healthcare", Value::Null, None, false),
            ("Healthcare", json!({ "preset": "UsHealthcare" }), Some(Preset::UsHealthcare), false),
            ("Emergency", Value::Null, None, false),
            ("Informational", Value::Null, None, false),
            ("Informational", json!({ "consentRequired": true }), None, true),
            ("Political", json!({ "preset": "Strict" }), Some(Preset::Strict), true),
        ] {
            let plan = plan(purpose, compliance.clone());
            let asked = consent_required(&plan, preset(&plan).map(Preset::rules).as_ref());
            assert_eq!((preset(&plan), asked), (kept, consent), "{purpose} {compliance}");
        }
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
