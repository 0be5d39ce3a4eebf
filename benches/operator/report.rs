//! What a benchmark measured, as a table for people and as JSON for comparison. It does not judge.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use serde::Serialize;

/// One figure: minimum, median and maximum over the runs, in `unit`, beside the bound it is held against.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figure {
    /// Which benchmark measured it, such as `converge`.
    pub(crate) benchmark: &'static str,
    /// What was measured, such as `first create to last Ready`.
    pub(crate) name: String,
    /// The unit of the three values, such as `s` or `calls/s`.
    pub(crate) unit: &'static str,
    /// The smallest value of all runs.
    pub(crate) min: f64,
    /// The median of all runs; the mean of the middle two when their number is even.
    pub(crate) median: f64,
    /// The largest value of all runs.
    pub(crate) max: f64,
    /// How many runs were counted.
    pub(crate) runs: usize,
    /// What the figure should reach, in words, where there is such a bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bound: Option<String>,
}

/// All figures of one invocation.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// In the order in which they were measured.
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// Adds a figure from the values of its runs. Nothing is added when there are none.
    pub(crate) fn add(&mut self, benchmark: &'static str, name: impl Into<String>, unit: &'static str, values: &[f64]) {
        self.add_bounded(benchmark, name, unit, values, None);
    }

    /// Like [`Report::add`], with the bound to compare with.
    pub(crate) fn add_bounded<'a>(
        &mut self,
        benchmark: &'static str,
        name: impl Into<String>,
        unit: &'static str,
        values: &[f64],
        bound: impl Into<Option<&'a str>>,
    ) {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else { return };
        self.figures.push(Figure {
            benchmark,
            name: name.into(),
            unit,
            min: *min,
            median: median(&sorted),
            max: *max,
            runs: sorted.len(),
            bound: bound.into().map(str::to_owned),
        });
    }

    /// Writes the figures as JSON, and the folder for them where it is missing.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, serde_json::to_string_pretty(self)?)
    }

    /// The figures as a table, one line each.
    pub(crate) fn table(&self) -> String {
        let width = self.figures.iter().map(|f| f.name.len()).max().unwrap_or_default();
        let mut text = String::new();
        let mut section = "";
        for figure in &self.figures {
            if figure.benchmark != section {
                section = figure.benchmark;
                let _ = writeln!(text, "\n{section}");
            }
            let _ = write!(
                text,
                "  {:width$}  {:>10} {:>10} {:>10}  {:8}",
                figure.name,
                number(figure.min),
                number(figure.median),
                number(figure.max),
                figure.unit
            );
            let _ = match &figure.bound {
                Some(bound) => writeln!(text, "  ({bound}; {} runs)", figure.runs),
                None => writeln!(text, "  ({} runs)", figure.runs),
            };
        }
        text
    }
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
        (Some(low), Some(high)) if sorted.len().is_multiple_of(2) => f64::midpoint(*low, *high),
        (_, Some(value)) => *value,
        _ => f64::NAN,
    }
}

/// Three significant digits are what such measurements carry; counts are printed whole.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 || v.fract() == 0.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
