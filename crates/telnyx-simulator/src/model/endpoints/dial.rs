//! `POST /calls` (Telnyx API reference: "Dial").
//!
//! Order of judgement: the body, a repeated `command_id`, the application and its profile, the dial rate, the channels. A
//! dial that gets past all of them rings a phone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Endpoint;
use super::actions::after_unbridge;
use super::on_answer::on_answer;
use super::origination::{Grant, NewLeg, forbidden, grant, ring};
use crate::config::{DialRefusals, DuplicateCommand, is_key};
use crate::model::World;
use crate::model::calls::{
    AfterUnbridge, AmdMode, AmdSettings, Call, CallKey, Link, Options, Overrides, Purpose, SupervisorRole,
};
use crate::model::commands::CommandKey;
use crate::model::conferences::Destination;
use crate::model::events::Media;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::fields::{Fields, is_e164};
use crate::model::history::{Entry, EntryKind};
use crate::model::refusal::{ApiError, Refusal};
use crate::model::windows::DialRate;

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::new(Method::Post, "/calls", dial)];

const REGIONS: &[&str] = &["US", "Europe", "Canada", "Australia", "Middle East"];

/// A dial whose body is in order.
struct Dial {
    to: Vec<Arc<str>>,
    from: Arc<str>,
    connection: Arc<str>,
    client_state: Option<Arc<str>>,
    command_id: Option<String>,
    region: &'static str,
    options: Options,
    overrides: Overrides,
    /// Where the legs go once they are answered.
    conference: Option<Destination>,
    /// The call that it is dialled for, and what for.
    linked: Option<(CallKey, Link)>,
}

#[derive(Serialize)]
struct Dialled<'a> {
    record_type: &'static str,
    call_control_id: &'a str,
    call_leg_id: &'a str,
    call_session_id: &'a str,
    is_alive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recording_id: Option<&'a str>,
}

fn dial(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let reply = judge(world, exchange);
    if let Err(refusal) = &reply {
        for error in &refusal.errors {
            world.counters.refused_dial(&error.code);
        }
    }
    reply
}

fn judge(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let dial = read(world, exchange.body)?;
    let command = dial.command_id.clone().map(|id| CommandKey { scope: String::new(), id });
    if let Some(command) = &command
        && let Some(first) = world.commands.first_answer(world.now, command)
    {
        world.counters.dials.duplicates += 1;
        let body = match world.config.switches.duplicate_command {
            DuplicateCommand::SameIds => first.to_vec(),
            DuplicateCommand::EmptyData => br#"{"data":{}}"#.to_vec(),
        };
        return Ok(Answer { status: 200, body });
    }
    let reply = admit(world, &dial);
    if let Some(command) = command {
        match &reply {
            Ok(answer) => world.commands.remember(world.now, command, answer.body.clone()),
            Err(_) if world.config.switches.refused_command_occupies_id => {
                world.commands.remember(world.now, command, br#"{"data":{}}"#.to_vec());
            }
            Err(_) => {}
        }
    }
    reply
}

fn admit(world: &mut World, dial: &Dial) -> Reply {
    let grant = grant(world, &dial.connection)?;
    let count = if world.config.switches.list_counts_each { dial.to.len() } else { 1 };
    let rate = world.dial_windows.admit(
        world.now,
        dial.region,
        count,
        world.config.limits.dials_per_second,
        world.config.switches.refused_dials_count,
    );
    if rate == DialRate::Exceeded {
        let detail = "The dials per second limit of this account is exceeded over the last 5 seconds.";
        return Err(ApiError::new("90103", "Dials per second limit exceeded", detail).with(429));
    }
    let forbidden = forbidden(world, &dial.connection, &dial.to, &grant);
    if let Some(refusal) = forbidden.as_ref()
        && world.config.switches.dial_refusals == DialRefusals::Error
    {
        return Err(refusal.clone());
    }
    Ok(place(world, dial, &grant, forbidden.is_some()))
}

/// Rings the phones.
fn place(world: &mut World, dial: &Dial, grant: &Grant, forbidden: bool) -> Answer {
    let linked = dial.linked.and_then(|(key, _)| world.calls.get(key));
    let session_id = linked.map(|call| Arc::clone(&call.session_id));
    let session_id = session_id.unwrap_or_else(|| world.ids.uuid().into());
    let batch = world.calls.next_batch();
    let mut first = None;
    for to in &dial.to {
        let leg = NewLeg {
            to: Arc::clone(to),
            from: Arc::clone(&dial.from),
            session_id: Arc::clone(&session_id),
            client_state: dial.client_state.clone(),
            command_id: dial.command_id.clone(),
            options: dial.options.clone(),
            overrides: dial.overrides.clone(),
            link: dial.linked.map(|(_, link)| link),
        };
        let key = ring(world, &dial.connection, grant, batch, leg, forbidden);
        if let Some(call) = world.calls.get(key) {
            world.history.record(Entry::of(call, EntryKind::Command("dial"), world.now));
        }
        if let Some(conference) = &dial.conference {
            world.conferences.expect(key, conference.clone());
        }
        if let Some((other, Link { purpose: Purpose::Bridge { .. }, .. })) = dial.linked {
            world.await_leg(other, key);
        }
        first.get_or_insert(key);
    }
    let Some(call) = first.and_then(|key| world.calls.get(key)) else { return Answer::accepted() };
    Answer::data(
        200,
        &Dialled {
            record_type: "call",
            call_control_id: &call.control_id,
            call_leg_id: &call.leg_id,
            call_session_id: &call.session_id,
            // Dialing is asynchronous; the API says so with a call that is never alive yet.
            is_alive: false,
            client_state: call.client_state.as_deref(),
            recording_id: call.options.on_answer.recording_id.as_deref(),
        },
    )
}

fn read(world: &World, body: &Map<String, Value>) -> Result<Dial, Refusal> {
    let mut fields = Fields::new(body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(FIELDS);
    }
    fields.require(&["to", "from", "connection_id"]);
    let to = destinations(&mut fields);
    let from = fields.text("from", 1..=128).map(Arc::from);
    if let Some(from) = &from
        && !is_e164(from)
    {
        let detail = "The 'from' number must be in +E.164 format.";
        fields.complain(ApiError::new("10016", "Phone number must be in +E164 format", detail).at("/from"));
    }
    let connection = fields.text("connection_id", 1..=64).map(Arc::from);
    let client_state = fields.base64("client_state").map(Arc::from);
    let command_id = fields.text("command_id", 1..=255).map(str::to_owned);
    let region = fields.choice("sip_region", REGIONS).unwrap_or("US");
    let options = options(world, &mut fields);
    let overrides = overrides(&mut fields);
    let mut conference = None;
    fields.inner("conference_config", |fields| conference = super::conferences::destination(world, fields));
    keys_on_answer(&mut fields);
    let linked = linked(world, &mut fields);
    let intends_bridge = fields.flag("bridge_intent").unwrap_or(false);
    fields.finish()?;
    // The linked call's caller is shown (Telnyx API reference, "Dial": `bridge_intent`).
    let callers = linked.and_then(|(key, _)| world.calls.get(key)).map(|call| Arc::clone(&call.from));
    let from = callers.filter(|_| intends_bridge).or(from);
    // `require` has complained about each of these that is missing.
    let (Some(from), Some(connection)) = (from, connection) else { return Err(Refusal::not_found()) };
    Ok(Dial { to, from, connection, client_state, command_id, region, options, overrides, conference, linked })
}

/// The call that the new one is dialled for, and what for.
fn linked(world: &World, fields: &mut Fields<'_>) -> Option<(CallKey, Link)> {
    let bridges = fields.flag("bridge_on_answer").unwrap_or(false);
    let intends = fields.flag("bridge_intent").unwrap_or(false);
    let prevent_double = fields.flag("prevent_double_bridge").unwrap_or(false);
    let after = after_unbridge(fields);
    let role = fields.choice("supervisor_role", SupervisorRole::NAMES).unwrap_or("barge");
    if (bridges || intends) && fields.given("link_to").is_none() {
        fields.require(&["link_to"]);
    }
    let mut find = |name: &str| {
        let id = fields.text(name, 1..=255)?;
        let alive = world.calls.find(id).filter(|key| world.calls.get(*key).is_some_and(Call::is_alive));
        alive.or_else(|| fields.bad(name, "90015", "must be the call_control_id of a live call."))
    };
    let (link_to, supervised) = (find("link_to"), find("supervise_call_control_id"));
    let purpose = if supervised.is_some() {
        Purpose::Supervise(SupervisorRole::named(role))
    } else if bridges {
        Purpose::Bridge { other_after: AfterUnbridge::HangUp, prevent_double }
    } else {
        Purpose::Session
    };
    let to = supervised.or(link_to)?;
    Some((to, Link { to, purpose, after }))
}

/// Keys that are sent to whoever answers; nothing is told of them.
pub(super) fn keys_on_answer(fields: &mut Fields<'_>) {
    let keys = |text: &str| text.len() <= 64 && text.chars().all(|key| is_key(key) || matches!(key, 'w' | 'W'));
    let want = "must be made of 0 to 9, A to D, w, W, * and #, at most 64.";
    fields.coded_text("send_digits_on_answer", "90014", want, keys);
}

/// The one destination of a transfer.
pub(super) fn destination(fields: &mut Fields<'_>) -> Option<Arc<str>> {
    destinations(fields).into_iter().next()
}

/// One destination or a list of them; each a number in E.164 or a SIP URI.
fn destinations(fields: &mut Fields<'_>) -> Vec<Arc<str>> {
    let given: Vec<&str> = match fields.given("to") {
        None => return Vec::new(),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => Vec::new(),
    };
    let good = |text: &&str| {
        // Digits after a comma are dialled once the call is answered.
        let number = text.split(',').next().unwrap_or_default();
        is_e164(number) || number.starts_with("sip:") || number.starts_with("sips:")
    };
    if given.is_empty() || !given.iter().all(good) {
        let detail = "The 'to' number must be in +E.164 format, or a SIP URI.";
        fields.complain(ApiError::new("10016", "Phone number must be in +E164 format", detail).at("/to"));
    }
    given.into_iter().map(Arc::from).collect()
}

/// How long it rings and lasts, what listens and what begins with the answer.
pub(super) fn options(world: &World, fields: &mut Fields<'_>) -> Options {
    let least = world.config.switches.least_time_limit_secs;
    let ring_timeout = Duration::from_secs(fields.whole("timeout_secs", 5..=600).unwrap_or(30));
    let time_limit = Duration::from_secs(fields.whole("time_limit_secs", least..=14_400).unwrap_or(14_400));
    let amd = fields.choice("answering_machine_detection", AmdMode::NAMES).map_or(AmdMode::Disabled, AmdMode::named);
    let mut amd_settings = AmdSettings::default();
    if amd.is_premium() {
        amd_settings.total_analysis = Duration::from_millis(world.config.switches.premium_analysis_ms);
    }
    fields.inner("answering_machine_detection_config", |fields| {
        let mut millis = |name: &str, target: &mut Duration| {
            if let Some(millis) = fields.whole(name, 0..=600_000) {
                *target = Duration::from_millis(millis);
            }
        };
        millis("total_analysis_time_millis", &mut amd_settings.total_analysis);
        millis("greeting_duration_millis", &mut amd_settings.greeting_duration);
        millis("greeting_total_analysis_time_millis", &mut amd_settings.greeting_total_analysis);
        millis("greeting_silence_duration_millis", &mut amd_settings.greeting_silence);
        // Telnyx, "Answering machine detection": 1 second to 2 minutes.
        if let Some(millis) = fields.whole("prompt_end_timeout_millis", 1000..=120_000) {
            amd_settings.prompt_end = Duration::from_millis(millis);
        }
    });
    let media_url = fields.url("audio_url").map(Arc::from);
    let media_name = fields.text("media_name", 1..=255).map(Arc::from);
    if media_url.is_some() && media_name.is_some() {
        fields.bad::<()>("media_name", "10015", "cannot be used together with audio_url.");
    }
    let audio =
        (media_url.is_some() || media_name.is_some()).then_some(Media { media_url, media_name, overlay: false });
    Options {
        ring_timeout,
        retry_on_timeout: fields.flag("retry_on_timeout").unwrap_or(true),
        time_limit,
        amd,
        amd_settings,
        audio,
        on_answer: on_answer(fields),
    }
}

/// Where the webhooks of a call go instead.
pub(super) fn overrides(fields: &mut Fields<'_>) -> Overrides {
    let url = fields.url("webhook_url").map(Arc::from);
    if fields.choice("webhook_url_method", &["POST", "GET"]) == Some("GET") {
        fields.bad::<()>("webhook_url_method", "10015", "is only simulated for POST.");
    }
    let (mut by_event, mut policies) = (BTreeMap::new(), BTreeMap::new());
    if let Some(urls) = fields.given("webhook_urls").and_then(Value::as_object) {
        for (event, url) in urls {
            if let Some(url) = url.as_str() {
                by_event.insert(event.clone(), Arc::from(url));
            }
        }
    }
    if let Some(given) = fields.given("webhook_retries_policies").and_then(Value::as_object) {
        for (event, policy) in given {
            let waits = policy.get("retries_ms").and_then(Value::as_array);
            let waits: Vec<u64> = waits.into_iter().flatten().filter_map(Value::as_u64).collect();
            if waits.len() > 5 || waits.iter().sum::<u64>() > 60_000 {
                fields.bad::<()>("webhook_retries_policies", "10033", "allows 5 waits of 60000 ms in all.");
            }
            policies.insert(event.clone(), waits.into());
        }
    }
    Overrides { url, by_event, policies }
}

/// Every field of the API reference, whether or not the model acts on it.
const FIELDS: &[&str] = &[
    "answering_machine_detection",
    "answering_machine_detection_config",
    "assistant",
    "audio_url",
    "billing_group_id",
    "bridge_intent",
    "bridge_on_answer",
    "client_state",
    "command_id",
    "conference_config",
    "connection_id",
    "conversation_relay_config",
    "custom_headers",
    "deepfake_detection",
    "dialogflow_config",
    "diversion",
    "enable_dialogflow",
    "from",
    "from_display_name",
    "link_to",
    "media_encryption",
    "media_name",
    "park_after_unbridge",
    "preferred_codecs",
    "prevent_double_bridge",
    "privacy",
    "record",
    "record_channels",
    "record_custom_file_name",
    "record_format",
    "record_max_length",
    "record_timeout_secs",
    "record_track",
    "record_trim",
    "retry_on_timeout",
    "route_to_mobile",
    "send_digits_on_answer",
    "send_silence_when_idle",
    "sip_auth_password",
    "sip_auth_username",
    "sip_headers",
    "sip_region",
    "sip_transport_protocol",
    "sound_modifications",
    "stream_auth_token",
    "stream_bidirectional_codec",
    "stream_bidirectional_mode",
    "stream_bidirectional_sampling_rate",
    "stream_bidirectional_target_legs",
    "stream_codec",
    "stream_establish_before_call_originate",
    "stream_track",
    "stream_url",
    "supervise_call_control_id",
    "supervisor_role",
    "time_limit_secs",
    "timeout_secs",
    "to",
    "transcription",
    "transcription_config",
    "webhook_retries_policies",
    "webhook_url",
    "webhook_url_method",
    "webhook_urls",
    "webhook_urls_method",
];
