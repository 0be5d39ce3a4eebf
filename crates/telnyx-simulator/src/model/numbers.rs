//! Which exception, if any, is meant for a number.

use std::collections::{BTreeSet, HashMap};

use crate::config::NumberRule;

/// Rules by number and by suffix, found without walking through them.
pub(crate) struct Numbers {
    exact: HashMap<String, NumberRule>,
    by_suffix: HashMap<String, NumberRule>,
    lengths: BTreeSet<usize>,
}

impl Numbers {
    pub(crate) fn new(rules: &[NumberRule]) -> Self {
        let mut numbers = Self { exact: HashMap::new(), by_suffix: HashMap::new(), lengths: BTreeSet::new() };
        for rule in rules {
            if let Some(number) = &rule.number {
                numbers.exact.insert(number.clone(), rule.clone());
            }
            if let Some(suffix) = &rule.suffix {
                numbers.lengths.insert(suffix.len());
                numbers.by_suffix.insert(suffix.clone(), rule.clone());
            }
        }
        numbers
    }

    /// The exact number wins, then the longest suffix.
    pub(crate) fn rule(&self, number: &str) -> Option<&NumberRule> {
        self.exact.get(number).or_else(|| {
            self.lengths.iter().rev().find_map(|length| {
                let suffix = number.get(number.len().checked_sub(*length)?..)?;
                self.by_suffix.get(suffix)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_number_wins_then_the_longest_suffix() {
        let by = |number: Option<&str>, suffix: Option<&str>, code| NumberRule {
            number: number.map(str::to_owned),
            suffix: suffix.map(str::to_owned),
            sip_code: Some(code),
            ..NumberRule::default()
        };
        let numbers =
            Numbers::new(&[by(None, Some("99"), 1), by(None, Some("0199"), 2), by(Some("+12025550199"), None, 3)]);
        let code = |number| numbers.rule(number).and_then(|rule| rule.sip_code);
        assert_eq!(code("+12025550199"), Some(3));
        assert_eq!(code("+13035550199"), Some(2));
        assert_eq!(code("+13035550299"), Some(1));
        assert_eq!(code("+13035550100"), None);
        assert_eq!(code("9"), None);
    }
}
