//! Names for Kubernetes out of names at Telnyx.

use std::collections::BTreeSet;

/// The most characters of a label of DNS (RFC 1123), which is what most names in Kubernetes are.
const MOST: usize = 63;

/// Names of one kind, each given once.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// A name like this one: lower case, letters, digits and hyphens. One that is taken gets a number.
    pub(super) fn name(&mut self, name: &str, kind: &str) -> String {
        let base = label(name).unwrap_or_else(|| kind.to_owned());
        let mut chosen = base.clone();
        let mut number = 2_u32;
        while !self.0.insert(chosen.clone()) {
            let suffix = format!("-{number}");
            let kept: String = base.chars().take(MOST - suffix.len()).collect();
            chosen = kept + &suffix;
            number += 1;
        }
        chosen
    }
}

/// `None` when nothing of the name can stay.
fn label(name: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = name.chars().map(plain).collect();
    let joined = words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let cut: String = joined.chars().take(MOST).collect();
    let cut = cut.trim_end_matches('-');
    (!cut.is_empty()).then(|| cut.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_labels_and_stay_apart() {
        let mut names = Names::default();
        for (name, expected) in [
            ("Support line", "support-line"),
            ("support_line", "support-line-2"),
            ("  (Büro) 24/7! ", "b-ro-24-7"),
            ("電話", "application"),
            ("", "application-2"),
        ] {
            assert_eq!(names.name(name, "application"), expected);
        }
        let long = "x".repeat(80);
        assert_eq!(names.name(&long, "application").len(), MOST);
        assert!(names.name(&long, "application").ends_with("x-2"));
    }
}
