//! One verb per command: what it is called here, what it takes, how it is sent.
//!
//! The tables ([`calls`], [`conferences`]) name the request types; everything else is read out of those: options with
//! their texts and bounds, and what a refusal is about.

pub(super) mod calls;
pub(super) mod conferences;

use clap::{Arg, ArgMatches, Command};
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use telnyx_voice::call::CommandResult;
use telnyx_voice::surface::Operation;
use telnyx_voice::{CallControlId, Class, Client, Endpoint, Error, OutOfBounds, classify};
use uuid::Uuid;

use super::account::Desk;
use super::error::PluginError;
use super::fields::{self, Field};
use super::options::Options;
use super::print;
use super::queues::for_programs;

/// One verb. `Id` is what it is about.
pub(super) struct Verb<Id: 'static> {
    /// How it is typed: one word, or two.
    words: &'static [&'static str],
    /// The field that is typed without its name, after the id.
    main: Option<&'static str>,
    /// Its endpoint.
    operation: &'static Operation,
    /// What the request type says of itself and its fields.
    request: fn() -> Request,
    send: Send<Id>,
}

type Send<Id> = for<'a> fn(&'a Client, &'a Id, Value) -> BoxFuture<'a, Result<CommandResult, SendError>>;

/// A request type, as the command line needs it.
struct Request {
    about: String,
    fields: Vec<Field>,
    #[cfg(test)]
    bounds: telnyx_voice::bounds::Bounds,
}

/// Why a command was not accepted.
pub(super) enum SendError {
    /// The body is not one of this request.
    Body(serde_json::Error),
    /// The client or the API refuses it, or no answer came.
    Api(Error),
}

/// One row of a table.
macro_rules! verb {
    ($send:ident: $words:expr, $main:expr, $request:ty) => {
        $crate::cli::kubectl::verbs::Verb {
            words: $words,
            main: $main,
            operation: <$request>::OPERATION,
            request: || $crate::cli::kubectl::verbs::request(&schemars::schema_for!($request), <$request>::BOUNDS),
            send: |client, id, body| {
                Box::pin(async move {
                    use $crate::cli::kubectl::verbs::SendError;
                    let request: $request = serde_json::from_value(body).map_err(SendError::Body)?;
                    client.$send(id, &request).await.map_err(SendError::Api)
                })
            },
        }
    };
}

pub(super) use verb;

fn request(schema: &schemars::Schema, bounds: telnyx_voice::bounds::Bounds) -> Request {
    let mut schema = schema.clone().to_value();
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    resolve(&mut schema, &definitions);
    let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    Request {
        about: first_paragraph(about),
        fields: fields::of(&schema, bounds),
        #[cfg(test)]
        bounds,
    }
}

/// The options of a request that is no verb of the tables.
pub(super) fn options(bounds: telnyx_voice::bounds::Bounds, schema: &schemars::Schema) -> Vec<Arg> {
    request(schema, bounds).fields.iter().map(|field| field.arg(false)).collect()
}

/// What was typed of them, as a body. At least one must be.
pub(super) fn body(
    bounds: telnyx_voice::bounds::Bounds,
    schema: &schemars::Schema,
    matches: &ArgMatches,
) -> Result<Value, PluginError> {
    let fields = request(schema, bounds).fields;
    let body = fields::body(&fields, matches)?;
    if body.is_empty() {
        let flags = fields.iter().map(|field| Field::flag(&field.name)).collect::<Vec<_>>().join(", ");
        return Err(PluginError::Refused { problems: format!("nothing is to be changed; give one of {flags}") });
    }
    Ok(Value::Object(body))
}

fn first_paragraph(text: &str) -> String {
    text.split("\n\n").next().unwrap_or_default().replace('\n', " ").trim_end_matches('.').to_owned()
}

/// Puts definitions where the fields of a request refer to them. What refers to itself further in stays as it is: fields
/// are looked at one level deep.
fn resolve(schema: &mut Value, definitions: &Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for property in properties.values_mut() {
        resolve_one(property, definitions);
        if let Some(parts) = property.get_mut("anyOf").and_then(Value::as_array_mut) {
            for part in parts {
                resolve_one(part, definitions);
            }
        }
        if let Some(items) = property.get_mut("items") {
            resolve_one(items, definitions);
        }
    }
}

fn resolve_one(schema: &mut Value, definitions: &Value) {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
    if let Some(definition) = name.and_then(|name| definitions.get(name)).cloned() {
        let said = schema.get("description").cloned();
        *schema = definition;
        if let (Some(said), Some(schema)) = (said, schema.as_object_mut()) {
            schema.insert("description".to_owned(), said);
        }
    }
}

/// The commands of a table; each takes `id` first.
pub(super) fn commands<Id>(verbs: &[Verb<Id>], id: &Arg) -> Vec<Command> {
    let mut all: Vec<Command> = vec![];
    for verb in verbs {
        match *verb.words {
            [word] => all.push(leaf(word, verb, id)),
            [word, inner] => {
                let inner = leaf(inner, verb, id);
                match all.iter().position(|command| command.get_name() == word) {
                    Some(index) => {
                        let outer = all.remove(index).subcommand(inner);
                        all.insert(index, outer);
                    }
                    None => all.push(
                        Command::new(word)
                            .about(format!("Commands of {word}"))
                            .subcommand_required(true)
                            .arg_required_else_help(true)
                            .subcommand(inner),
                    ),
                }
            }
            _ => {}
        }
    }
    all
}

fn leaf<Id>(word: &'static str, verb: &Verb<Id>, id: &Arg) -> Command {
    let request = (verb.request)();
    let args = request.fields.iter().map(|field| field.arg(verb.main == Some(field.name.as_str())));
    Command::new(word).about(request.about).arg(id.clone()).args(args)
}

/// The verb that was typed, and its arguments.
fn typed<'a, Id>(verbs: &'a [Verb<Id>], word: &str, matches: &'a ArgMatches) -> Option<(&'a Verb<Id>, &'a ArgMatches)> {
    verbs.iter().find_map(|verb| match *verb.words {
        [only] if only == word => Some((verb, matches)),
        [outer, inner] if outer == word => {
            let (chosen, matches) = matches.subcommand()?;
            (chosen == inner).then_some((verb, matches))
        }
        _ => None,
    })
}

/// Commands a call that is live on one of the namespace's applications.
pub(super) async fn on_call(word: &str, matches: &ArgMatches) -> Result<(), PluginError> {
    let Some((verb, matches)) = typed(calls::VERBS, word, matches) else { return Ok(()) };
    let options = Options::read(matches);
    let mut body = fields::body(&(verb.request)().fields, matches)?;
    let id = matches.get_one::<String>("call").map(|id| CallControlId::from(id.as_str()));
    let Some(id) = id else { return Ok(()) };
    let desk = Desk::open(&options).await?;
    desk.reach(&id).await?;
    desk.reach_others(&body).await?;
    stamp(&mut body, verb.operation);
    let sent = (verb.send)(&desk.client, &id, Value::Object(body.clone())).await;
    let answer = sent.map_err(|error| desk.on_call(error, &id))?;
    accepted(&options, &format!("call {id}"), &verb.words.join(" "), &body, &answer)
}

/// What is told where the API gave no answer to a command.
const NO_ANSWER: &str = "the command's fate is unknown";
/// Where a conference is kept. A command that could say so and does not is about the account's own region.
const REGION: &str = "region";

/// Commands a conference that is live on one of the namespace's applications.
pub(super) async fn on_conference(word: &str, matches: &ArgMatches) -> Result<(), PluginError> {
    let Some((verb, matches)) = typed(conferences::VERBS, word, matches) else { return Ok(()) };
    let options = Options::read(matches);
    let mut body = fields::body(&(verb.request)().fields, matches)?;
    let Some(named) = matches.get_one::<String>("conference") else { return Ok(()) };
    let desk = Desk::open(&options).await?;
    let (_, conference) = desk.conference(named).await?;
    let id = super::conferences::id(&conference);
    desk.reach_others(&body).await?;
    stamp(&mut body, verb.operation);
    if (verb.request)().fields.iter().any(|field| field.name == REGION)
        && let Some(region) = super::conferences::region(&conference)
    {
        body.entry(REGION).or_insert(json!(region));
    }
    let sent = (verb.send)(&desk.client, &id, Value::Object(body.clone())).await;
    let answer = sent.map_err(|error| match error {
        SendError::Body(error) => unreadable(&error),
        SendError::Api(error) => desk.on_conference(error, named, NO_ANSWER),
    })?;
    accepted(&options, &format!("conference {named}"), &verb.words.join(" "), &body, &answer)
}

/// A command that is repeated under its id is carried out once (Telnyx: command retries guide), so the client may repeat
/// it when no answer comes.
fn stamp(body: &mut Map<String, Value>, operation: &Operation) {
    if operation.command_id {
        body.insert("command_id".to_owned(), json!(Uuid::new_v4()));
    }
}

fn accepted(
    options: &Options,
    what: &str,
    verb: &str,
    body: &Map<String, Value>,
    answer: &CommandResult,
) -> Result<(), PluginError> {
    if for_programs(options) {
        let command_id = body.get("command_id");
        return print::value(options, json!({ "command": verb, "command_id": command_id, "answer": answer }));
    }
    print::text(&format!("{what}: {verb} accepted\n"))
}

impl Desk {
    /// What else a command on a call would touch: another call, or a queue. They must be this namespace's, too.
    async fn reach_others(&self, body: &Map<String, Value>) -> Result<(), PluginError> {
        if let Some(other) = body.get("call_control_id").and_then(Value::as_str) {
            self.reach(&CallControlId::from(other)).await?;
        }
        for field in ["queue", "queue_name"] {
            if let Some(queue) = body.get(field).and_then(Value::as_str) {
                self.has_queue(queue).await?;
            }
        }
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the classes are open; any other no is told as it is")]
    fn on_call(&self, error: SendError, id: &CallControlId) -> PluginError {
        let error = match error {
            SendError::Body(error) => return unreadable(&error),
            SendError::Api(error) => error,
        };
        match classify(&error, Endpoint::Command) {
            Class::CallEnded => PluginError::CallEnded { call: id.to_string(), when: None },
            Class::NotAnsweredYet => PluginError::NotAnswered { call: id.to_string() },
            Class::NotFound => PluginError::CallNotFound { call: id.to_string() },
            Class::Unauthenticated | Class::Unavailable | Class::NotSent | Class::FateUnknown | Class::RequestRate => {
                self.api(error, NO_ANSWER)
            }
            _ => refused(&error),
        }
    }
}

pub(super) fn unreadable(error: &serde_json::Error) -> PluginError {
    PluginError::Refused { problems: format!("an option holds JSON of the wrong form: {error}") }
}

fn out_of_bounds(bounds: &OutOfBounds) -> PluginError {
    let problem = format!("{}; allowed: {}", bounds.problem, bounds.allowed);
    PluginError::Argument { flag: Field::flag(&bounds.field), problem }
}

/// What the client or the API has against a request, by option.
pub(super) fn refused(error: &Error) -> PluginError {
    if let Error::OutOfBounds(bounds) = error {
        return out_of_bounds(bounds);
    }
    let Some(answer) = error.api() else { return PluginError::Refused { problems: error.to_string() } };
    let complaints = answer.items.iter().map(|item| {
        let what = if item.detail.is_empty() { item.title.clone() } else { item.safe_detail() };
        match item.pointer.as_deref().map(|pointer| pointer.trim_start_matches('/')) {
            Some(field) if !field.is_empty() => format!("{}: {what} (code {})", Field::flag(field), item.code),
            Some(_) | None => format!("{what} (code {})", item.code),
        }
    });
    let problems = complaints.collect::<Vec<_>>().join("; ");
    PluginError::Refused { problems: if problems.is_empty() { error.to_string() } else { problems } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telnyx_voice::surface::OPERATIONS;

    /// Every command below `root` of the API is a verb.
    fn check<Id>(verbs: &[Verb<Id>], root: &str) {
        let missing: Vec<&str> = OPERATIONS
            .iter()
            .filter(|operation| operation.path.starts_with(root) && operation.path.contains("/actions/"))
            .filter(|operation| !verbs.iter().any(|verb| verb.operation.name == operation.name))
            .map(|operation| operation.name)
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_command_of_the_api_is_a_verb() {
        check(calls::VERBS, "/calls/");
        check(conferences::VERBS, "/conferences/");
    }

    #[test]
    fn the_help_of_every_option_tells_its_bounds() {
        use telnyx_voice::bounds::Rule;
        let requests = calls::VERBS.iter().map(|verb| (verb.words, verb.request));
        let requests = requests.chain(conferences::VERBS.iter().map(|verb| (verb.words, verb.request)));
        let mut told = 0;
        for (words, request) in requests {
            let Request { fields, bounds, .. } = request();
            for (name, rules) in bounds {
                let Some(field) = fields.iter().find(|field| field.name == *name) else { continue };
                for rule in rules.iter().filter(|rule| !matches!(rule, Rule::Required | Rule::AtSend)) {
                    assert!(field.help.contains(&rule.to_string()), "{words:?} {name}: {}", field.help);
                    told += 1;
                }
            }
        }
        assert!(told > 50, "{told} bounds");
    }

    #[test]
    fn what_is_typed_without_its_name_is_a_field_of_the_request() {
        for (words, main, request) in calls::VERBS
            .iter()
            .map(|verb| (verb.words, verb.main, verb.request))
            .chain(conferences::VERBS.iter().map(|verb| (verb.words, verb.main, verb.request)))
        {
            let request = request();
            assert!(!request.about.is_empty(), "{words:?} says nothing of itself");
            if let Some(main) = main {
                assert!(request.fields.iter().any(|field| field.name == main), "{words:?} has no {main}");
            }
        }
    }
}
