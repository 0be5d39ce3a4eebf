//! `/outbound_voice_profiles` (Telnyx API reference: "Outbound Voice Profiles").

use serde::Serialize;
use serde_json::{Map, Value};

use super::Endpoint;
use crate::model::World;
use crate::model::countries::countries;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::fields::{Fields, set, set_or_clear};
use crate::model::guard::{TimeOfDay, Window};
use crate::model::moment::Moment;
use crate::model::paging::Page;
use crate::model::refusal::{ApiError, Refusal};
use crate::model::spending::Mills;
use crate::model::store::Resource;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Get, "/outbound_voice_profiles", list),
    Endpoint::new(Method::Post, "/outbound_voice_profiles", create),
    Endpoint::new(Method::Get, "/outbound_voice_profiles/{id}", retrieve),
    Endpoint::new(Method::Patch, "/outbound_voice_profiles/{id}", update),
    Endpoint::new(Method::Delete, "/outbound_voice_profiles/{id}", delete),
];

const FIELDS: &[&str] = &[
    "billing_group_id",
    "call_recording",
    "calling_window",
    "concurrent_call_limit",
    "daily_spend_limit",
    "daily_spend_limit_enabled",
    "enabled",
    "max_destination_rate",
    "name",
    "service_plan",
    "tags",
    "traffic_type",
    "usage_payment_method",
    "whitelisted_destinations",
];

/// A profile as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Profile {
    record_type: &'static str,
    pub(crate) id: String,
    name: String,
    pub(crate) enabled: bool,
    billing_group_id: Option<String>,
    call_recording: CallRecording,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calling_window: Option<CallingWindow>,
    pub(crate) concurrent_call_limit: Option<u64>,
    connections_count: usize,
    daily_spend_limit: Option<String>,
    daily_spend_limit_enabled: bool,
    pub(crate) max_destination_rate: Option<f64>,
    service_plan: &'static str,
    tags: Vec<String>,
    traffic_type: &'static str,
    usage_payment_method: &'static str,
    pub(crate) whitelisted_destinations: Vec<String>,
    created_at: Moment,
    updated_at: Moment,
}

#[allow(clippy::struct_field_names, reason = "the names and kinds of the API's own fields")]
#[derive(Debug, Clone, Serialize)]
struct CallRecording {
    call_recording_type: &'static str,
    call_recording_caller_phone_numbers: Vec<String>,
    call_recording_channels: &'static str,
    call_recording_format: &'static str,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct CallingWindow {
    start_time: Option<String>,
    end_time: Option<String>,
    pub(crate) calls_per_cld: Option<u64>,
}

impl Resource for Profile {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Profile {
    fn new(id: String, now: Moment) -> Self {
        Self {
            record_type: "outbound_voice_profile",
            id,
            name: String::new(),
            enabled: true,
            billing_group_id: None,
            call_recording: CallRecording {
                call_recording_type: "none",
                call_recording_caller_phone_numbers: Vec::new(),
                call_recording_channels: "single",
                call_recording_format: "wav",
            },
            calling_window: None,
            concurrent_call_limit: None,
            connections_count: 0,
            daily_spend_limit: None,
            daily_spend_limit_enabled: false,
            max_destination_rate: None,
            service_plan: "global",
            tags: Vec::new(),
            traffic_type: "conversational",
            usage_payment_method: "rate-deck",
            whitelisted_destinations: vec!["US".to_owned(), "CA".to_owned()],
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether `whitelisted_destinations` lets a call to this number out. SIP URIs are no country.
    pub(crate) fn allows(&self, destination: &str) -> bool {
        let Some(digits) = destination.strip_prefix('+') else { return true };
        countries(digits).iter().any(|country| self.whitelisted_destinations.iter().any(|listed| listed == country))
    }

    /// What it may spend on a day, if that is limited.
    pub(crate) fn daily_limit(&self) -> Option<Mills> {
        self.daily_spend_limit.as_deref().filter(|_| self.daily_spend_limit_enabled).and_then(Mills::parse)
    }

    fn apply(&mut self, fields: &mut Fields<'_>) {
        set(&mut self.name, fields.text("name", 3..=255));
        set(&mut self.enabled, fields.flag("enabled"));
        set_or_clear(&mut self.billing_group_id, fields.nullable_text("billing_group_id", 1..=64));
        set_or_clear(&mut self.concurrent_call_limit, fields.nullable_whole("concurrent_call_limit", 0..=1_000_000));
        set_or_clear(&mut self.daily_spend_limit, fields.nullable_text("daily_spend_limit", 1..=32));
        set(&mut self.daily_spend_limit_enabled, fields.flag("daily_spend_limit_enabled"));
        set_or_clear(&mut self.max_destination_rate, fields.number("max_destination_rate").into());
        set(&mut self.service_plan, fields.choice("service_plan", &["global"]));
        set(&mut self.traffic_type, fields.choice("traffic_type", &["conversational"]));
        set(&mut self.usage_payment_method, fields.choice("usage_payment_method", &["rate-deck"]));
        set(&mut self.tags, fields.texts("tags"));
        if let Some(countries) = fields.texts("whitelisted_destinations") {
            if countries.iter().all(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())) {
                self.whitelisted_destinations = countries;
            } else {
                fields.bad::<()>("whitelisted_destinations", "10015", "must list ISO 3166-1 alpha-2 country codes.");
            }
        }
        fields.inner("call_recording", |fields| self.call_recording.apply(fields));
        fields.inner("calling_window", |fields| self.calling_window.get_or_insert_default().apply(fields));
    }
}

impl CallRecording {
    fn apply(&mut self, fields: &mut Fields<'_>) {
        set(
            &mut self.call_recording_type,
            fields.choice("call_recording_type", &["all", "none", "by_caller_phone_number"]),
        );
        set(&mut self.call_recording_caller_phone_numbers, fields.texts("call_recording_caller_phone_numbers"));
        set(&mut self.call_recording_channels, fields.choice("call_recording_channels", &["single", "dual"]));
        set(&mut self.call_recording_format, fields.choice("call_recording_format", &["wav", "mp3"]));
    }
}

impl CallingWindow {
    fn apply(&mut self, fields: &mut Fields<'_>) {
        for (name, time) in [("start_time", &mut self.start_time), ("end_time", &mut self.end_time)] {
            if fields.given(name).and_then(Value::as_str).is_some_and(|text| TimeOfDay::parse(text).is_none()) {
                fields.bad::<()>(name, "10015", "must be a time of day in UTC, HH:MM.");
            }
            set_or_clear(time, fields.nullable_text(name, 5..=16));
        }
        set_or_clear(&mut self.calls_per_cld, fields.nullable_whole("calls_per_cld", 0..=1_000_000));
    }

    /// The times of day between which calls may start.
    pub(crate) fn window(&self) -> Window {
        let time = |text: &Option<String>| text.as_deref().and_then(TimeOfDay::parse);
        Window { start: time(&self.start_time), end: time(&self.end_time) }
    }
}

fn read(world: &World, body: &Map<String, Value>, profile: &mut Profile) -> Result<(), Refusal> {
    let mut fields = Fields::new(body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(FIELDS);
    }
    fields.require(&["name"]);
    profile.apply(&mut fields);
    fields.finish()
}

/// The profile as it is shown, with how many applications use it.
fn shown(world: &World, profile: &Profile) -> Profile {
    let mut profile = profile.clone();
    profile.connections_count = world.users_of(&profile.id);
    profile
}

fn create(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let key = world.ids.resource();
    let mut profile = Profile::new(key.to_string(), world.now);
    read(world, exchange.body, &mut profile)?;
    let answer = Answer::data(201, &profile);
    world.profiles.insert(key, profile);
    Ok(answer)
}

fn retrieve(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let profile = world.profiles.get(exchange.param(0)).ok_or_else(Refusal::not_found)?;
    Ok(Answer::data(200, &shown(world, profile)))
}

fn update(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let mut profile = world.profiles.get(exchange.param(0)).ok_or_else(Refusal::not_found)?.clone();
    read(world, exchange.body, &mut profile)?;
    profile.updated_at = world.now;
    let answer = Answer::data(200, &shown(world, &profile));
    world.profiles.replace(profile);
    Ok(answer)
}

fn delete(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let id = exchange.param(0);
    world.profiles.get(id).ok_or_else(Refusal::not_found)?;
    if world.users_of(id) > 0 {
        let error = ApiError::new("10021", "Resource in use", "Applications still use this outbound voice profile.");
        return Err(error.with(422));
    }
    let profile = world.profiles.remove(id).ok_or_else(Refusal::not_found)?;
    world.guard.forget(id);
    Ok(Answer::data(200, &profile))
}

fn list(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let page = Page::read(exchange)?;
    let contains = exchange.query("filter[name][contains]").map(str::to_lowercase);
    let mut found: Vec<&Profile> = world
        .profiles
        .values()
        .filter(|profile| contains.as_ref().is_none_or(|text| profile.name.to_lowercase().contains(text)))
        .collect();
    let sort = exchange.query("sort").unwrap_or("-created_at");
    match sort.trim_start_matches('-') {
        "created_at" | "service_plan" | "traffic_type" | "usage_payment_method" => {}
        "name" => found.sort_by(|a, b| a.name.cmp(&b.name)),
        "enabled" => found.sort_by_key(|profile| profile.enabled),
        _ => {
            let error = ApiError::new("10032", "Invalid enumerated value", "This list cannot be sorted so.");
            return Err(error.parameter("sort").with(422));
        }
    }
    if sort.starts_with('-') {
        found.reverse();
    }
    let total = found.len();
    let users = world.users_by_profile();
    let with_users = |profile: &Profile| Profile {
        connections_count: users.get(profile.id.as_str()).copied().unwrap_or(0),
        ..profile.clone()
    };
    let items: Vec<Profile> = found.into_iter().skip(page.skip()).take(page.take()).map(with_users).collect();
    Ok(page.answer(&items, total))
}
