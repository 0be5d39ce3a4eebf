//! What all commands that gather digits read (Telnyx API reference: "Gather", "Gather using audio", "Gather using speak").

use std::sync::Arc;
use std::time::Duration;

use crate::model::calls::gather::{Question, Rules};
use crate::model::fields::Fields;

/// Digits as the API counts them: neither `A` to `D` nor pauses.
fn are_digits(text: &str) -> bool {
    text.chars().all(|digit| matches!(digit, '0'..='9' | '*' | '#'))
}

/// Reads the rules; without a question the first digit has a timeout of its own.
pub(super) fn rules(fields: &mut Fields<'_>, question: Option<Question>) -> Rules {
    let millis = |value: Option<u64>, default| Duration::from_millis(value.unwrap_or(default));
    let total = millis(fields.coded("timeout_millis", "90025", 1..=600_000), 60_000);
    let between = millis(fields.coded("inter_digit_timeout_millis", "90026", 1..=120_000), 5000);
    let (initial, tries) = if question.is_some() {
        (total, fields.coded("maximum_tries", "90024", 1..=128).unwrap_or(3))
    } else {
        (millis(fields.coded("initial_timeout_millis", "90056", 1..=120_000), 5000), 1)
    };
    let maximum = fields.coded("maximum_digits", "90023", 1..=128).unwrap_or(128);
    let minimum = fields.coded("minimum_digits", "90022", 1..=128).unwrap_or(1);
    if minimum > maximum {
        fields.bad::<()>("minimum_digits", "90022", "must not be above maximum_digits.");
    }
    let one_key = |text: &str| text.is_empty() || (text.chars().count() == 1 && are_digits(text));
    let terminator = fields.coded_text("terminating_digit", "90007", "must be one of 0 to 9, * and #.", one_key);
    let some_keys = |text: &str| !text.is_empty() && are_digits(text);
    let valid = fields.coded_text("valid_digits", "90008", "must be made of 0 to 9, * and #.", some_keys);
    Rules {
        minimum: usize::try_from(minimum).unwrap_or(usize::MAX),
        maximum: usize::try_from(maximum).unwrap_or(usize::MAX),
        terminator: terminator.unwrap_or("#").chars().next(),
        valid: Arc::from(valid.unwrap_or("0123456789#*")),
        initial,
        between,
        total,
        tries: u32::try_from(tries).unwrap_or(u32::MAX),
        question,
    }
}
