//! Tables, JSON and YAML on standard output.
//!
//! Promises that no phone number is printed whole unless that was asked for, whatever the format.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;
use telnyx_voice::mask_digits;

use super::error::PluginError;
use super::options::{Options, Output};

/// A column: its title, and whether only `-o wide` shows it.
pub(super) struct Column(pub(super) &'static str, pub(super) Shown);

/// When a column is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Always,
    Wide,
}

/// Rows of text under titles.
pub(super) struct Table {
    pub(super) columns: &'static [Column],
    pub(super) rows: Vec<Vec<String>>,
}

/// Prints a list: as a table, or the values as they are. `nothing` is said, on standard error, of an empty table.
pub(super) fn list(
    options: &Options,
    table: impl FnOnce() -> Table,
    items: &[Value],
    nothing: &str,
) -> Result<(), PluginError> {
    match options.output {
        Output::Json | Output::Yaml => value(options, serde_json::json!({ "items": items })),
        Output::Table | Output::Wide => {
            let table = table();
            if table.rows.is_empty() {
                eprintln!("{nothing}");
                return Ok(());
            }
            self::table(options, &table, |_, _| None)
        }
    }
}

/// The colour of a cell by its column and text, as an SGR parameter (ECMA-48, 8.3.117).
pub(super) type Tint = fn(usize, &str) -> Option<&'static str>;

/// Prints a table, in colour where that is wanted.
pub(super) fn table(options: &Options, table: &Table, tint: Tint) -> Result<(), PluginError> {
    text(&render(table, options.output == Output::Wide, coloured().then_some(tint)))
}

/// Colour is for eyes: not in a file or a pipe, nor where <https://no-color.org> asks for none.
pub(super) fn coloured() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}

/// Prints one value as JSON, or as YAML where the table was not asked for either.
pub(super) fn value(options: &Options, mut value: Value) -> Result<(), PluginError> {
    if !options.show_numbers {
        mask(&mut value);
    }
    match options.output {
        Output::Json => {
            let json = serde_json::to_string_pretty(&value).map_err(|error| PluginError::Encode(error.to_string()))?;
            text(&(json + "\n"))
        }
        Output::Table | Output::Wide | Output::Yaml => {
            text(&serde_saphyr::to_string(&value).map_err(|error| PluginError::Encode(error.to_string()))?)
        }
    }
}

/// Prints one value as a line of JSON, or as a document of YAML.
pub(super) fn line(options: &Options, mut value: Value) -> Result<(), PluginError> {
    if options.output == Output::Yaml {
        text("---\n")?;
        return self::value(options, value);
    }
    if !options.show_numbers {
        mask(&mut value);
    }
    text(&format!("{value}\n"))
}

/// Prints a text as it is.
pub(super) fn text(text: &str) -> Result<(), PluginError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(PluginError::Stdout)
}

/// One end of a call for a table.
pub(super) fn party(party: Option<&telnyx_voice::Party>, options: &Options) -> String {
    match party {
        None => "-".to_owned(),
        Some(party) if options.show_numbers => party.expose().to_owned(),
        Some(party) => party.to_string(),
    }
}

/// Hides numbers and addresses wherever they stand.
fn mask(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with('+') => *text = mask_digits(text),
        Value::String(text) if ["sip:", "sips:", "tel:"].iter().any(|start| text.starts_with(start)) => {
            "[address]".clone_into(text);
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(fields) => fields.values_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A table as text; with a tint for a terminal.
pub(super) fn render(table: &Table, wide: bool, tint: Option<Tint>) -> String {
    let shown: Vec<usize> = (0..table.columns.len())
        .filter(|index| wide || table.columns.get(*index).is_some_and(|column| column.1 == Shown::Always))
        .collect();
    let title = |index: usize| table.columns.get(index).map_or("", |column| column.0);
    let cell = |row: &[String], index: usize| row.get(index).cloned().unwrap_or_default();
    let width = |index: usize| {
        let cells = table.rows.iter().map(|row| cell(row, index).chars().count());
        cells.chain([title(index).len()]).max().unwrap_or_default()
    };
    let line = |cells: &mut dyn Iterator<Item = (usize, String)>| {
        let padded: Vec<String> = cells
            .map(|(index, text)| {
                let space = " ".repeat(width(index).saturating_sub(text.chars().count()));
                match tint.and_then(|tint| tint(index, &text)) {
                    Some(colour) => format!("\x1b[{colour}m{text}\x1b[0m{space}"),
                    None => text + &space,
                }
            })
            .collect();
        padded.join("   ").trim_end().to_owned()
    };
    let head = line(&mut shown.iter().map(|index| (*index, title(*index).to_owned())));
    // Bold, and back to normal (ECMA-48, 8.3.117).
    let mut out = if tint.is_some() { format!("\x1b[1m{head}\x1b[0m\n") } else { format!("{head}\n") };
    for row in &table.rows {
        out.push_str(&line(&mut shown.iter().map(|index| (*index, cell(row, *index)))));
        out.push('\n');
    }
    out
}

/// A length of time as kubectl writes ages: the two largest units.
pub(super) fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds % 60) {
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, s) => format!("{m}m{s}s"),
        (0, h, m, _) => format!("{h}h{m}m"),
        (d, h, _, _) => format!("{d}d{h}h"),
    }
}

/// A text, or a dash.
pub(super) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const COLUMNS: &[Column] =
        &[Column("CALL", Shown::Always), Column("LEG", Shown::Wide), Column("AGE", Shown::Always)];

    fn table() -> Table {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        Table { columns: COLUMNS, rows: vec![row(["v3:abcdef", "leg", "3s"]), row(["v3:a", "leg", "10m0s"])] }
    }

    #[test]
    fn columns_line_up_and_wide_shows_them_all() {
        assert_eq!(render(&table(), false, None), "CALL        AGE\nv3:abcdef   3s\nv3:a        10m0s\n");
        assert!(render(&table(), true, None).starts_with("CALL        LEG   AGE\n"));
    }

    #[test]
    fn colour_is_for_terminals() {
        assert!(!render(&table(), true, None).contains('\x1b'));
        assert!(render(&table(), true, Some(|_, _| None)).contains("\x1b[1mCALL"));
    }

    #[test]
    fn numbers_are_hidden_wherever_they_stand() {
        let mut value = json!({ "to": "+13125550101", "deep": [{ "x": "sip:ada@example.com", "id": "v3:123456789" }] });
        mask(&mut value);
        assert_eq!(value, json!({ "to": "+*********01", "deep": [{ "x": "[address]", "id": "v3:123456789" }] }));
    }

    #[test]
    fn spans_have_two_units() {
        let spans = [0, 59, 61, 3600, 90_061].map(span);
        assert_eq!(spans, ["0s", "59s", "1m1s", "1h0m", "1d1h"]);
    }
}
