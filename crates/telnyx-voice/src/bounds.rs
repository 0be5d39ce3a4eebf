//! What a field of a request may hold, as the API's documents state it.
//!
//! One table per request type says it once: [`check`](crate::SpeakRequest::check) holds a request against it before anything is
//! sent, and under the feature `schema` the same rows become the JSON schema's `minimum`, `maxLength`, `pattern` and so on.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// One bound of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// The API requires the field.
    Required,
    /// The API requires the field, but it names something that lives at run time only, such as a call leg: the JSON schema does
    /// not ask for it.
    AtSend,
    /// A number from the first to the second, both included.
    Range(i64, i64),
    /// The same, for bounds that are no whole numbers.
    Decimal(f64, f64),
    /// A number that is not smaller.
    AtLeast(i64),
    /// Zero, or a number that is not smaller.
    ZeroOrAtLeast(i64),
    /// One of these numbers.
    OneOf(&'static [i64]),
    /// Text of so many characters.
    Length(u32, u32),
    /// A list of so many entries.
    Items(u32, u32),
    /// Numbers that are not more than this together.
    SumAtMost(i64),
    /// Text of these characters alone; `A-D` is a range.
    Characters(&'static str),
    /// Text that begins with one of these.
    BeginsWith(&'static [&'static str]),
    /// Base64.
    Base64,
    /// Of these groups of fields one is set, all of it.
    OneOfFields(&'static [&'static [&'static str]]),
    /// Of these fields at most one is set.
    AtMostOne(&'static [&'static str]),
    /// A number that is not above that of this field.
    NotAbove(&'static str),
}

/// What is allowed, in words.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required | Self::AtSend => f.write_str("a value; the API requires one"),
            Self::Range(low, high) => write!(f, "{low} to {high}"),
            Self::Decimal(low, high) => write!(f, "{low} to {high}"),
            Self::AtLeast(low) => write!(f, "{low} or more"),
            Self::ZeroOrAtLeast(low) => write!(f, "0, or {low} or more"),
            Self::OneOf(numbers) => list(f, numbers),
            Self::Length(low, u32::MAX) => write!(f, "{low} or more characters"),
            Self::Length(0, high) => write!(f, "at most {high} characters"),
            Self::Length(low, high) => write!(f, "{low} to {high} characters"),
            Self::Items(0, high) => write!(f, "at most {high} entries"),
            Self::Items(low, high) => write!(f, "{low} to {high} entries"),
            Self::SumAtMost(high) => write!(f, "at most {high} together"),
            Self::Characters(set) => write!(f, "the characters {set}"),
            Self::BeginsWith(starts) => {
                f.write_str("text that begins with ")?;
                list(f, starts)
            }
            Self::Base64 => f.write_str("base64"),
            Self::OneOfFields(groups) => {
                let groups: Vec<String> = groups.iter().map(|group| group.join(" with ")).collect();
                f.write_str(&groups.join(", or "))
            }
            Self::AtMostOne(names) => write!(f, "one of {} alone", names.join(", ")),
            Self::NotAbove(other) => write!(f, "not more than {other}"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, values: &[impl fmt::Display]) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        write!(f, "{value}")?;
    }
    Ok(())
}

/// What is wrong with a field. Texts are not repeated: they may be about people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Problem {
    /// It is not set.
    Missing,
    /// It is this number.
    Number(f64),
    /// It has so many characters.
    Characters(usize),
    /// It has so many entries.
    Entries(usize),
    /// Its entries are so much together.
    Sum(i64),
    /// Its character at this place, from 1, is not allowed.
    CharacterAt(usize),
    /// It begins with something else.
    Beginning,
    /// It is not base64.
    NotBase64,
    /// It is set, and so is another that it excludes.
    Together,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is not set"),
            Self::Number(number) => write!(f, "is {number}"),
            Self::Characters(count) => write!(f, "has {count} characters"),
            Self::Entries(count) => write!(f, "has {count} entries"),
            Self::Sum(sum) => write!(f, "is {sum} together"),
            Self::CharacterAt(place) => write!(f, "has another character at place {place}"),
            Self::Beginning => f.write_str("begins with something else"),
            Self::NotBase64 => f.write_str("cannot be decoded"),
            Self::Together => f.write_str("is set beside another"),
        }
    }
}

/// A field of a request holds what the API would refuse. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{field} {problem}; allowed: {allowed}")]
pub struct OutOfBounds {
    /// The field's path in the body, for example `transcription_config.transcription_engine` or `messages[2].role`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// The bound that it breaks.
    pub allowed: Rule,
}

impl OutOfBounds {
    fn new(problem: Problem, allowed: Rule) -> Self {
        Self { field: String::new(), problem, allowed }
    }

    /// The same, seen from the object that holds the field.
    fn within(mut self, outer: &str) -> Self {
        let joint = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = [outer, joint, &self.field].concat();
        self
    }
}

/// What can be measured about a value. A rule about something else than the value has is met.
pub(crate) trait Measure {
    fn number(&self) -> Option<f64> {
        None
    }

    fn text(&self) -> Option<&str> {
        None
    }

    fn entries(&self) -> Option<usize> {
        None
    }

    fn sum(&self) -> Option<i64> {
        None
    }

    /// The bounds of what the value holds itself.
    fn inner(&self) -> Result<(), OutOfBounds> {
        Ok(())
    }
}

/// Values that no rule is about.
macro_rules! unmeasured {
    ($($ty:ty),+ $(,)?) => { $(impl $crate::bounds::Measure for $ty {})+ };
}

/// Text, as rules see it.
macro_rules! measured_text {
    ($($ty:ty),+ $(,)?) => { $(
        impl $crate::bounds::Measure for $ty {
            fn text(&self) -> Option<&str> {
                Some(self.as_ref())
            }
        }
    )+ };
}

pub(crate) use {measured_text, unmeasured};

unmeasured!(bool);
measured_text!(String);

impl Measure for i64 {
    #[expect(clippy::cast_precision_loss, reason = "no bound is near 2^53")]
    fn number(&self) -> Option<f64> {
        Some(*self as f64)
    }

    fn sum(&self) -> Option<i64> {
        Some(*self)
    }
}

impl Measure for f64 {
    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl<T: Measure> Measure for Vec<T> {
    fn entries(&self) -> Option<usize> {
        Some(self.len())
    }

    fn sum(&self) -> Option<i64> {
        self.iter().try_fold(0_i64, |sum, entry| Some(sum.saturating_add(entry.sum()?)))
    }

    fn inner(&self) -> Result<(), OutOfBounds> {
        self.iter()
            .enumerate()
            .try_for_each(|(index, entry)| entry.inner().map_err(|error| error.within(&format!("[{index}]"))))
    }
}

impl<T: Measure> Measure for BTreeMap<String, T> {
    fn entries(&self) -> Option<usize> {
        Some(self.len())
    }

    fn inner(&self) -> Result<(), OutOfBounds> {
        self.iter().try_for_each(|(key, entry)| entry.inner().map_err(|error| error.within(key)))
    }
}

/// The keys of a phone, and the pauses `w` (half a second) and `W` (a second).
pub(crate) const KEYS_AND_PAUSES: Rule = Rule::Characters("0-9A-D*#wW");

/// The keys of a phone.
pub(crate) const KEYS: Rule = Rule::Characters("0-9A-D*#");

/// The most that may be spoken in one go (Telnyx API reference: Speak text).
pub(crate) const SPOKEN: Rule = Rule::Length(1, 3000);

/// What may be shown in place of the caller's number (Telnyx API reference: Dial, `from_display_name`).
pub(crate) const DISPLAY_NAME: Rule = Rule::Characters("A-Za-z0-9 _~!.+-");

/// The fewest keys (Telnyx API reference: Gather, `minimum_digits` and `maximum_digits`).
pub(crate) const FEWEST: Rule = Rule::NotAbove("maximum_digits");

/// A file is named by its address or by its name (Telnyx API reference: "cannot be used together in one request").
pub(crate) const ONE_FILE: Rule = Rule::AtMostOne(&["audio_url", "media_name"]);

/// The same of what is played after wrong input.
pub(crate) const ONE_INVALID_FILE: Rule = Rule::AtMostOne(&["invalid_audio_url", "invalid_media_name"]);

/// The same of what is heard on hold (Telnyx API reference: Create conference, Join a conference).
pub(crate) const ONE_HOLD_FILE: Rule = Rule::AtMostOne(&["hold_audio_url", "hold_media_name"]);

/// A WebSocket address.
pub(crate) const WEBSOCKET: Rule = Rule::BeginsWith(&["ws://", "wss://"]);

/// Holds one field against its rows.
pub(crate) fn field(name: &str, value: Option<&impl Measure>, rules: &[Rule]) -> Result<(), OutOfBounds> {
    let Some(value) = value else {
        let missing = rules.iter().find(|rule| matches!(rule, Rule::Required | Rule::AtSend));
        return missing.map_or(Ok(()), |rule| Err(OutOfBounds::new(Problem::Missing, *rule).within(name)));
    };
    let broken = rules.iter().find_map(|rule| problem(value, *rule).map(|problem| OutOfBounds::new(problem, *rule)));
    broken.map_or_else(|| value.inner(), Err).map_err(|error| error.within(name))
}

/// What rules about several fields need to know of one.
pub(crate) struct Seen {
    pub(crate) name: &'static str,
    pub(crate) set: bool,
    pub(crate) number: Option<f64>,
}

/// Holds the fields of a request against the rows that are about more than one.
pub(crate) fn related(bounds: Bounds, fields: &[Seen]) -> Result<(), OutOfBounds> {
    let seen = |name: &str| fields.iter().find(|field| field.name == name);
    let set = |name: &&str| seen(name).is_some_and(|field| field.set);
    let number = |name: &str| seen(name).and_then(|field| field.number);
    for (name, rules) in bounds {
        for rule in *rules {
            let broken = match rule {
                Rule::OneOfFields(groups) => {
                    (!groups.iter().any(|group| group.iter().all(set))).then_some(Problem::Missing)
                }
                Rule::AtMostOne(names) => {
                    (names.iter().filter(|name| set(name)).count() > 1).then_some(Problem::Together)
                }
                Rule::NotAbove(other) => {
                    number(name).filter(|low| number(other).is_some_and(|high| *low > high)).map(Problem::Number)
                }
                Rule::Required
                | Rule::AtSend
                | Rule::Range(..)
                | Rule::Decimal(..)
                | Rule::AtLeast(_)
                | Rule::ZeroOrAtLeast(_)
                | Rule::OneOf(_)
                | Rule::Length(..)
                | Rule::Items(..)
                | Rule::SumAtMost(_)
                | Rule::Characters(_)
                | Rule::BeginsWith(_)
                | Rule::Base64 => None,
            };
            if let Some(problem) = broken {
                return Err(OutOfBounds::new(problem, *rule).within(name));
            }
        }
    }
    Ok(())
}

/// Holds a text against [`Rule::Base64`].
pub(crate) fn base64(text: &str) -> Result<(), OutOfBounds> {
    STANDARD.decode(text).map(drop).map_err(|_| OutOfBounds::new(Problem::NotBase64, Rule::Base64))
}

#[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "bounds are whole numbers far below 2^53")]
fn problem(value: &impl Measure, rule: Rule) -> Option<Problem> {
    let number = |met: &dyn Fn(f64) -> bool| value.number().filter(|n| !met(*n)).map(Problem::Number);
    let within = |count: usize, low: u32, high: u32| (low as usize..=high as usize).contains(&count);
    match rule {
        // Those of several fields: see `related`.
        Rule::Required | Rule::AtSend | Rule::OneOfFields(_) | Rule::AtMostOne(_) | Rule::NotAbove(_) => None,
        Rule::Range(low, high) => number(&|n| (low as f64..=high as f64).contains(&n)),
        Rule::Decimal(low, high) => number(&|n| (low..=high).contains(&n)),
        Rule::AtLeast(low) => number(&|n| n >= low as f64),
        Rule::ZeroOrAtLeast(low) => number(&|n| n == 0.0 || n >= low as f64),
        Rule::OneOf(numbers) => number(&|n| numbers.iter().any(|allowed| *allowed as f64 == n)),
        Rule::Length(low, high) => {
            let count = value.text()?.chars().count();
            (!within(count, low, high)).then_some(Problem::Characters(count))
        }
        Rule::Items(low, high) => value.entries().filter(|count| !within(*count, low, high)).map(Problem::Entries),
        Rule::SumAtMost(high) => value.sum().filter(|sum| *sum > high).map(Problem::Sum),
        Rule::Characters(set) => {
            let place = value.text()?.chars().position(|c| !in_set(set, c))?;
            Some(Problem::CharacterAt(place + 1))
        }
        Rule::BeginsWith(starts) => {
            let text = value.text()?;
            (!starts.iter().any(|start| text.starts_with(start))).then_some(Problem::Beginning)
        }
        Rule::Base64 => base64(value.text()?).err().map(|error| error.problem),
    }
}

/// Whether a character is in a set such as `0-9A-D*#`. A dash that is not between two characters stands for itself.
fn in_set(set: &str, c: char) -> bool {
    let mut rest = set.chars();
    while let Some(low) = rest.next() {
        let mut ahead = rest.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) => {
                rest = ahead;
                high
            }
            _ => low,
        };
        if (low..=high).contains(&c) {
            return true;
        }
    }
    false
}

/// The bounds of one request type: each field with its rows, fields without any among them.
pub type Bounds = &'static [(&'static str, &'static [Rule])];

/// A field's name on the wire: without the `r#` of a Rust keyword.
pub(crate) const fn wire_name(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}
