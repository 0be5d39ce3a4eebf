//! What a check has found, and how it is shown. Pure.

use std::error::Error as _;

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::chain;
use crate::cli::kubectl::error::PluginError;
use crate::cli::kubectl::print::{Column, Shown, Table};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::cli::kubectl) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, or could not be looked at; somebody should know.
    Warn,
    /// Something does not work until somebody does something.
    Fail,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// One check of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::cli::kubectl) struct Finding {
    /// What was checked: a word of a closed set.
    pub(super) check: &'static str,
    /// Of which object or address.
    pub(super) about: String,
    pub(super) verdict: Verdict,
    /// What was seen.
    pub(super) cause: String,
    /// What to do about it; nothing where all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

/// One check of one thing, before it is known how it ends.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) check: &'static str,
    pub(super) about: String,
}

impl Check {
    pub(super) fn new(check: &'static str, about: impl Into<String>) -> Self {
        Self { check, about: about.into() }
    }

    /// What an error of the plugin says: what is wrong, and after a colon what to do. That one may not look is no fault of the
    /// installation's.
    pub(super) fn cannot(self, error: &PluginError) -> Finding {
        let text = error.to_string();
        let (cause, remedy) = text.split_once(": ").unwrap_or((text.as_str(), "see what the API server says"));
        let cause = match error.source() {
            Some(source) => format!("{cause} ({})", chain(source)),
            None => cause.to_owned(),
        };
        if matches!(error, PluginError::NotAllowed { .. } | PluginError::SecretNotAllowed { .. }) {
            self.warn(cause, remedy)
        } else {
            self.fail(cause, remedy)
        }
    }

    pub(super) fn ok(self, seen: impl Into<String>) -> Finding {
        Finding { check: self.check, about: self.about, verdict: Verdict::Ok, cause: seen.into(), remedy: None }
    }

    pub(super) fn warn(self, cause: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.ends(Verdict::Warn, cause.into(), remedy.into())
    }

    pub(super) fn fail(self, cause: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.ends(Verdict::Fail, cause.into(), remedy.into())
    }

    fn ends(self, verdict: Verdict, cause: String, remedy: String) -> Finding {
        Finding { check: self.check, about: self.about, verdict, cause, remedy: Some(remedy) }
    }
}

const COLUMNS: &[Column] = &[
    Column("RESULT", Shown::Always),
    Column("CHECK", Shown::Always),
    Column("OF", Shown::Always),
    Column("SEEN", Shown::Always),
];

/// A line per finding, and below each that is not well a line with what to do.
pub(super) fn table(findings: &[Finding]) -> Table {
    let mut rows = vec![];
    for finding in findings {
        let (result, check) = (finding.verdict.word().to_owned(), finding.check.to_owned());
        rows.push(vec![result, check, finding.about.clone(), finding.cause.clone()]);
        if let Some(remedy) = &finding.remedy {
            rows.push(vec![String::new(), String::new(), String::new(), format!("→ {remedy}")]);
        }
    }
    Table { columns: COLUMNS, rows }
}

/// The colour of a cell, as an SGR parameter (ECMA-48, 8.3.117).
pub(super) fn tint(column: usize, cell: &str) -> Option<&'static str> {
    match (column, cell) {
        (0, "OK") => Some("32"),
        (0, "WARN") => Some("33"),
        (0, "FAIL") => Some("31"),
        _ => None,
    }
}

/// The same for programs.
pub(super) fn value(findings: &[Finding]) -> Value {
    json!({ "result": worst(findings), "findings": findings })
}

/// The worst of them.
pub(super) fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kubectl::print::render;

    #[test]
    fn each_finding_that_is_not_well_says_below_what_to_do() {
        let findings = [
            Check::new("cluster", "-").ok("Kubernetes 1.35 answers"),
            Check::new("key", "voice/main").fail("Telnyx refuses the key", "put a valid one into the Secret"),
        ];
        let expected = "\
RESULT   CHECK     OF           SEEN
OK       cluster   -            Kubernetes 1.35 answers
FAIL     key       voice/main   Telnyx refuses the key
                                → put a valid one into the Secret
";
        assert_eq!(render(&table(&findings), false, None), expected);
        let value = value(&findings);
        assert_eq!((&value["result"], &value["findings"][0]["verdict"]), (&json!("FAIL"), &json!("OK")));
        assert!(value["findings"][0].get("remedy").is_none());
    }

    #[test]
    fn the_worst_finding_decides() {
        let (ok, warn) = (Check::new("a", "-").ok("x"), Check::new("a", "-").warn("x", "y"));
        assert_eq!(worst(&[]), Verdict::Ok);
        assert_eq!(worst(&[warn.clone(), ok.clone()]), Verdict::Warn);
        assert_eq!(worst(&[ok, Check::new("a", "-").fail("x", "y"), warn]), Verdict::Fail);
    }
}
