//! Every bound of every field, on both of its sides.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::bases::{base, get, set};
use crate::server::Server;
use crate::{bounds_of_calls, bounds_of_remotes, schema};

/// What a field takes, and what it does not.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// A number from the first to the second, both included.
    Number(f64, f64),
    /// A text of so many characters.
    Chars(usize, usize),
    /// A list of so many items.
    Items(usize, usize),
    /// A map of at most so many keys.
    Keys(usize),
    /// A list in which nothing is twice.
    Unique,
    /// One of these values.
    OneOf(&'static [&'static str]),
    /// Texts such as the first ones, not such as the second ones.
    Like(&'static [&'static str], &'static [&'static str]),
    /// A field that must be there.
    Required,
}

use Bound::{Chars, Items, Keys, Like, Number, OneOf, Required, Unique};

/// Fields and their bounds.
pub(crate) type Bounds = &'static [(&'static str, Bound)];

/// Kind, where in it the paths begin, and the bounds.
fn tables() -> Vec<(&'static str, &'static str, Bounds)> {
    let mut tables = vec![
        ("TelnyxAccount", "spec", bounds_of_remotes::ACCOUNT),
        ("CallControlApplication", "spec", bounds_of_remotes::APPLICATION),
        ("OutboundVoiceProfile", "spec", bounds_of_remotes::PROFILE),
        ("Queue", "spec", bounds_of_remotes::QUEUE),
        ("Conference", "spec", bounds_of_remotes::CONFERENCE),
        ("CallFlow", "spec", bounds_of_calls::FLOW),
        ("OutboundCampaign", "spec", bounds_of_calls::PLAN),
        ("OutboundCampaign", "spec", bounds_of_calls::TARGETS),
        ("OutboundCampaign", "spec", bounds_of_calls::CAMPAIGN),
        ("DialJob", "spec.plan", bounds_of_calls::PLAN),
        ("DialJob", "spec", bounds_of_calls::TARGETS),
        ("DialJob", "spec", bounds_of_calls::JOB),
        ("DoNotCallList", "spec", bounds_of_calls::DO_NOT_CALL_LIST),
    ];
    for kind in ["CallControlApplication", "OutboundVoiceProfile", "Queue"] {
        tables.push((kind, "spec", bounds_of_remotes::EVERY_REMOTE));
    }
    tables
}

#[tokio::test]
async fn every_bound_holds_on_both_of_its_sides() {
    let server = Server::ready().await;
    let mut trials = Vec::new();
    for (kind, root, bounds) in tables() {
        for (path, bound) in bounds {
            let path = format!("{root}.{path}");
            trials.extend(bound.trials(&base(kind), &path).into_iter().map(|trial| (kind, path.clone(), trial)));
        }
    }
    let objects = trials.iter().map(|(kind, path, trial)| {
        let mut object = base(kind);
        if let Some((adaptive, "abandonRateTarget" | "hardStop" | "windowDays")) = path.rsplit_once('.') {
            // Without them the API server does not get as far as the rules.
            set(&mut object, &format!("{adaptive}.agents"), Some(json!({ "count": 1 })));
        }
        set(&mut object, path, trial.value.clone());
        object
    });
    let refusals = server.refusals(objects.collect::<Vec<_>>()).await;
    let wrong: Vec<String> = trials
        .iter()
        .zip(refusals)
        .filter_map(|((kind, path, trial), refusal)| trial.complaint(kind, path, refusal.as_deref()))
        .collect();
    assert!(wrong.is_empty(), "of {} trials:\n{}", trials.len(), wrong.join("\n"));
    server.release().await;
}

#[test]
fn no_bound_of_a_schema_is_left_out() {
    let tried: BTreeSet<(String, String, &str)> = tables()
        .into_iter()
        .flat_map(|(kind, root, bounds)| {
            bounds.iter().flat_map(move |(path, bound)| {
                bound.keywords().into_iter().map(move |keyword| (kind.to_owned(), format!("{root}.{path}"), keyword))
            })
        })
        .collect();
    let mut there = BTreeSet::new();
    schema::each_field(|kind, path, schema| {
        // A step's parameters have the bounds of the API's requests, which telnyx-voice tries one by one
        // (crates/telnyx-voice/tests/bounds), on the requests and on the schemas that they become.
        let of_the_api = kind == "CallFlow" && path.starts_with("spec.steps[0]");
        if path.starts_with("spec") && !of_the_api {
            for (keyword, path) in keywords(path, schema) {
                there.insert((kind.to_owned(), path, keyword));
            }
        }
    });
    let untried: Vec<_> = there.difference(&tried).collect();
    let gone: Vec<_> = tried.difference(&there).collect();
    assert!(untried.is_empty() && gone.is_empty(), "without a trial: {untried:#?}\nwithout a bound: {gone:#?}");
}

/// One value at one place.
struct Trial {
    /// `None`: the field is left out.
    value: Option<Value>,
    /// What the refusal says of it; `None`: it is taken.
    says: Option<String>,
}

impl Trial {
    fn taken(value: impl Into<Value>) -> Self {
        Self { value: Some(value.into()), says: None }
    }

    fn refused(value: impl Into<Value>, says: impl Into<String>) -> Self {
        Self { value: Some(value.into()), says: Some(says.into()) }
    }

    /// What went wrong. A value that is taken may still bring a refusal of something else, of a field that it needs
    /// beside it for one: only complaints about its own path count.
    fn complaint(&self, kind: &str, path: &str, refusal: Option<&str>) -> Option<String> {
        let about = |refusal: &str| {
            let item = format!("{path}[");
            refusal.contains(&format!("{path}: ")) || refusal.contains(&item)
        };
        let what = || {
            let value = self
                .value
                .as_ref()
                .map_or("nothing".to_owned(), |value| value.to_string().chars().take(60).collect::<String>());
            format!("{kind} {path} = {value}")
        };
        match (&self.says, refusal) {
            (None, Some(refusal)) if about(refusal) => Some(format!("{} should be taken: {refusal}", what())),
            (None, Some(_) | None) => None,
            (Some(says), None) => Some(format!("{} should be refused with {says:?}", what())),
            (Some(says), Some(refusal)) if about(refusal) && refusal.contains(says.as_str()) => None,
            (Some(says), Some(refusal)) => Some(format!("{} should say {says:?}: {refusal}", what())),
        }
    }
}

impl Bound {
    fn trials(self, base: &Value, path: &str) -> Vec<Trial> {
        match self {
            Number(least, most) => {
                let step = if least.fract() == 0.0 { 1.0 } else { least };
                vec![
                    Trial::refused(number(least - step), format!("greater than or equal to {least}")),
                    Trial::taken(number(least)),
                    Trial::taken(number(most)),
                    Trial::refused(number(most + 1.0), format!("less than or equal to {most}")),
                ]
            }
            Chars(least, most) => {
                let mut trials = vec![Trial::refused("x".repeat(most + 1), format!("may not be more than {most}"))];
                if let Some(fewer) = least.checked_sub(1) {
                    trials.push(Trial::refused("x".repeat(fewer), format!("at least {least} chars long")));
                }
                trials
            }
            Items(least, most) => {
                let item = get(base, path).get(0).cloned().unwrap_or(Value::Null);
                let mut trials = vec![Trial::refused(vec![item; most + 1], format!("must have at most {most} items"))];
                if let Some(fewer) = least.checked_sub(1) {
                    trials.push(Trial::refused(vec![json!(null); fewer], format!("at least {least} items")));
                }
                trials
            }
            Keys(most) => {
                let keys = (0..=most).map(|key| (format!("key{key}"), json!("value")));
                vec![Trial::refused(Value::Object(keys.collect()), format!("must have at most {most} items"))]
            }
            Unique => {
                let item = get(base, path).get(0).cloned().unwrap_or_else(|| json!("Mon"));
                vec![Trial::refused(vec![item; 2], "Duplicate value")]
            }
            OneOf(values) => values
                .iter()
                .map(|value| Trial::taken(*value))
                .chain([Trial::refused("Nonsense", "Unsupported value")])
                .collect(),
            Like(good, bad) => good
                .iter()
                .map(|value| Trial::taken(*value))
                .chain(bad.iter().map(|value| Trial::refused(*value, "should match")))
                .collect(),
            Required => vec![Trial { value: None, says: Some("Required value".to_owned()) }],
        }
    }

    /// The keywords of a schema that a trial of this bound tries.
    fn keywords(self) -> Vec<&'static str> {
        match self {
            Number(..) => vec!["minimum", "maximum"],
            Chars(0, _) => vec!["maxLength"],
            Chars(..) => vec!["minLength", "maxLength"],
            Items(0, _) => vec!["maxItems"],
            Items(..) => vec!["minItems", "maxItems"],
            Keys(_) => vec!["maxProperties"],
            Unique => vec!["unique"],
            OneOf(_) => vec!["enum"],
            Like(..) => vec!["pattern"],
            Required => vec!["required"],
        }
    }
}

/// A whole number as such, as people write it. The API server reads 0 as an integer, and would let it pass a minimum of
/// 0.01 were it not for a rule.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 {
        #[allow(clippy::cast_possible_truncation, reason = "bounds are far below 2^53")]
        return json!(value as i64);
    }
    json!(value)
}

/// The bounds of a schema, with the path of the field that each is about.
fn keywords(
    path: &str,
    schema: &k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps,
) -> Vec<(&'static str, String)> {
    let own = [
        ("minimum", schema.minimum.is_some()),
        ("maximum", schema.maximum.is_some()),
        ("minLength", schema.min_length.is_some()),
        ("maxLength", schema.max_length.is_some()),
        ("minItems", schema.min_items.is_some()),
        ("maxItems", schema.max_items.is_some()),
        ("maxProperties", schema.max_properties.is_some()),
        ("pattern", schema.pattern.is_some()),
        ("enum", schema.enum_.is_some()),
        ("unique", matches!(schema.x_kubernetes_list_type.as_deref(), Some("set" | "map"))),
    ];
    let own = own.into_iter().filter(|(_, there)| *there).map(|(keyword, _)| (keyword, path.to_owned()));
    let required = schema.required.iter().flatten().map(|field| ("required", format!("{path}.{field}")));
    own.chain(required).collect()
}
