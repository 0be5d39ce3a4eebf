//! From the schema of a request to the options of a command, and back to the request's body.
//!
//! Names, texts, types and bounds come from the request type alone: a field that the client learns is an option here.

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use serde_json::{Map, Number, Value};
use telnyx_voice::bounds::Rule;

use super::error::PluginError;

/// One field of a request's body.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// As the API spells it.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// What it is for, and what it may hold.
    pub(super) help: String,
    pub(super) required: bool,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Text,
    Whole,
    Decimal,
    Flag,
    /// One of these words, or another: the API may have learnt more.
    Word(Vec<String>),
    /// The same, several times.
    List(Box<Kind>),
    /// A value with parts, as JSON.
    Json,
}

/// What the API makes up itself, or the plugin.
const OURS: &[&str] = &["command_id"];

/// The fields of a request type: its JSON schema, and its bounds.
pub(super) fn of(schema: &Value, bounds: &[(&str, &[Rule])]) -> Vec<Field> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .filter(|(name, _)| !OURS.contains(&name.as_str()))
        .map(|(name, property)| {
            let rules = bounds.iter().find(|(bounded, _)| bounded == name).map_or(&[][..], |(_, rules)| rules);
            let kind = kind(property);
            let required = rules.iter().any(|rule| matches!(rule, Rule::Required | Rule::AtSend));
            Field { help: help(property, &kind, rules), name: name.clone(), kind, required }
        })
        .collect()
}

fn kind(schema: &Value) -> Kind {
    // `Option` is written as "this or null".
    let parts = schema.get("anyOf").and_then(Value::as_array);
    let parts: Vec<&Value> = parts.into_iter().flatten().filter(|part| part["type"] != "null").collect();
    if let [only] = parts[..] {
        return kind(only);
    }
    let words = schema.get("enum").and_then(Value::as_array);
    let texts: Vec<String> = words.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if !texts.is_empty() {
        return Kind::Word(texts);
    }
    let named = |name: &str| match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        Some(_) | None => false,
    };
    match () {
        () if named("string") => Kind::Text,
        () if named("integer") => Kind::Whole,
        () if named("number") => Kind::Decimal,
        () if named("boolean") => Kind::Flag,
        () if named("array") => match schema.get("items").map_or(Kind::Json, kind) {
            Kind::Json | Kind::List(_) => Kind::Json,
            simple @ (Kind::Text | Kind::Whole | Kind::Decimal | Kind::Flag | Kind::Word(_)) => {
                Kind::List(Box::new(simple))
            }
        },
        () => Kind::Json,
    }
}

fn help(schema: &Value, kind: &Kind, rules: &[Rule]) -> String {
    let said = schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
    let said = said.trim().trim_end_matches('.').to_owned();
    let mut parts: Vec<String> = if said.is_empty() { vec![] } else { vec![said] };
    let bounds: Vec<String> =
        rules.iter().filter(|rule| !matches!(rule, Rule::Required | Rule::AtSend)).map(ToString::to_string).collect();
    if !bounds.is_empty() {
        parts.push(format!("Allowed: {}", bounds.join("; ")));
    }
    match kind {
        Kind::Json => parts.push("As JSON".to_owned()),
        Kind::List(_) => parts.push("May be given several times".to_owned()),
        Kind::Text | Kind::Whole | Kind::Decimal | Kind::Flag | Kind::Word(_) => {}
    }
    parts.join(". ")
}

impl Field {
    /// How it is typed: `--queue-name`.
    pub(super) fn flag(name: &str) -> String {
        format!("--{}", name.replace('_', "-"))
    }

    /// The option, or the argument in its place, for this field.
    pub(super) fn arg(&self, in_place: bool) -> Arg {
        let arg = Arg::new(self.name.clone()).help(self.help.clone()).required(self.required);
        let title = self.name.to_uppercase().replace('_', "-");
        let arg = if in_place { arg.value_name(title) } else { arg.long(self.name.replace('_', "-")) };
        let each = if let Kind::List(kind) = &self.kind { kind } else { &self.kind };
        let several = matches!(self.kind, Kind::List(_));
        let arg = arg.value_parser(parser(each)).action(if several { ArgAction::Append } else { ArgAction::Set });
        let arg = if in_place && several { arg.num_args(1..) } else { arg };
        match &self.kind {
            Kind::Flag => arg.value_name("BOOL").num_args(0..=1).require_equals(true).default_missing_value("true"),
            Kind::Json => arg.value_name("JSON"),
            Kind::Whole | Kind::Decimal => arg.value_name("NUMBER").allow_negative_numbers(true),
            Kind::Text | Kind::Word(_) | Kind::List(_) if in_place => arg,
            Kind::Text | Kind::Word(_) | Kind::List(_) => arg.value_name("VALUE"),
        }
    }

    /// Its value as it was given.
    fn given(&self, matches: &ArgMatches) -> Result<Option<Value>, PluginError> {
        let texts: Vec<&String> = matches.get_many::<String>(&self.name).into_iter().flatten().collect();
        let Some(first) = texts.first() else { return Ok(None) };
        let value = if let Kind::List(kind) = &self.kind {
            Value::Array(texts.iter().filter_map(|text| simple(kind, text)).collect())
        } else if self.kind == Kind::Json {
            serde_json::from_str(first).map_err(|error| PluginError::Argument {
                flag: Self::flag(&self.name),
                problem: format!("is not JSON: {error}"),
            })?
        } else {
            simple(&self.kind, first).unwrap_or_default()
        };
        Ok(Some(value))
    }
}

/// Takes the text that [`simple`] can read; the help says the rest.
fn parser(kind: &Kind) -> ValueParser {
    match kind {
        Kind::Flag => PossibleValuesParser::new(["true", "false"]).into(),
        Kind::Whole => ValueParser::from(|text: &str| match text.parse::<i64>() {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("it must be a whole number".to_owned()),
        }),
        Kind::Decimal => ValueParser::from(|text: &str| match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(text.to_owned()),
            Ok(_) | Err(_) => Err("it must be a number".to_owned()),
        }),
        Kind::Word(words) => PossibleValuesParser::new(words.clone()).into(),
        Kind::Text | Kind::List(_) | Kind::Json => value_parser!(String),
    }
}

fn simple(kind: &Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Whole => text.parse::<i64>().ok().map(Value::from),
        Kind::Decimal => text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number),
        Kind::Flag => text.parse::<bool>().ok().map(Value::Bool),
        Kind::Text | Kind::Word(_) | Kind::List(_) | Kind::Json => Some(Value::from(text)),
    }
}

/// The request's body out of the options that were given.
pub(super) fn body(fields: &[Field], matches: &ArgMatches) -> Result<Map<String, Value>, PluginError> {
    let mut body = Map::new();
    for field in fields {
        if let Some(value) = field.given(matches)? {
            body.insert(field.name.clone(), value);
        }
    }
    Ok(body)
}
