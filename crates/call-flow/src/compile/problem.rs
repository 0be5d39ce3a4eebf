//! What is wrong with a flow.

use std::fmt;

/// One thing that is wrong with a flow, and what to do about it. Never holds a value of a text that may be about people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where: a path into the spec, such as `steps[2].speak.payload`.
    pub path: String,
    /// The step's name, where it is about one.
    pub step: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(step) = &self.step {
            write!(f, " (step {step:?})")?;
        }
        write!(f, ": {}; {}", self.problem, self.remedy)
    }
}

/// Collects problems.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// About the flow as a whole.
    pub(crate) fn add(&mut self, path: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Problem { path: path.into(), step: None, problem: problem.into(), remedy: remedy.into() });
    }

    /// About one step; `field` is relative to it.
    pub(crate) fn at(
        &mut self,
        (index, name): (usize, &str),
        field: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let dot = if field.is_empty() { "" } else { "." };
        self.0.push(Problem {
            path: format!("steps[{index}]{dot}{field}"),
            step: Some(name.to_owned()),
            problem: problem.into(),
            remedy: remedy.into(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}
