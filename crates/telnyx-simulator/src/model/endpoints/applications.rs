//! `/call_control_applications` (Telnyx API reference: "Call Control Applications").

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Endpoint;
use crate::model::World;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::fields::{Fields, Given, set, set_or_clear};
use crate::model::moment::Moment;
use crate::model::outbox::{Envelope, Target};
use crate::model::paging::Page;
use crate::model::refusal::{ApiError, Refusal};
use crate::model::store::Resource;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Get, "/call_control_applications", list),
    Endpoint::new(Method::Post, "/call_control_applications", create),
    Endpoint::new(Method::Get, "/call_control_applications/{id}", retrieve),
    Endpoint::new(Method::Patch, "/call_control_applications/{id}", update),
    Endpoint::new(Method::Delete, "/call_control_applications/{id}", delete),
];

const ANCHORSITES: &[&str] = &[
    "Latency",
    "Chicago, IL",
    "Ashburn, VA",
    "San Jose, CA",
    "London, UK",
    "Chennai, IN",
    "Amsterdam, Netherlands",
    "Toronto, Canada",
    "Sydney, Australia",
];
const FIELDS: &[&str] = &[
    "active",
    "anchorsite_override",
    "application_name",
    "call_cost_in_webhooks",
    "dtmf_type",
    "first_command_timeout",
    "first_command_timeout_secs",
    "inbound",
    "outbound",
    "redact_dtmf_debug_logging",
    "tags",
    "webhook_api_version",
    "webhook_event_failover_url",
    "webhook_event_url",
    "webhook_timeout_secs",
];

/// An application as the API shows it.
#[allow(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "the names and kinds of the API's own fields"
)]
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Application {
    record_type: &'static str,
    pub(crate) id: String,
    pub(crate) application_name: String,
    pub(crate) active: bool,
    anchorsite_override: &'static str,
    pub(crate) call_cost_in_webhooks: bool,
    dtmf_type: &'static str,
    pub(crate) first_command_timeout: bool,
    pub(crate) first_command_timeout_secs: u64,
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
    redact_dtmf_debug_logging: bool,
    tags: Vec<String>,
    pub(crate) webhook_api_version: &'static str,
    pub(crate) webhook_event_url: String,
    pub(crate) webhook_event_failover_url: Option<String>,
    pub(crate) webhook_timeout_secs: Option<u64>,
    created_at: Moment,
    updated_at: Moment,
    #[serde(skip)]
    target: Option<Arc<Target>>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Inbound {
    pub(crate) channel_limit: Option<u64>,
    pub(crate) shaken_stir_enabled: bool,
    sip_subdomain: Option<String>,
    sip_subdomain_receive_settings: &'static str,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outbound {
    pub(crate) channel_limit: Option<u64>,
    pub(crate) outbound_voice_profile_id: Option<String>,
}

impl Resource for Application {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Application {
    fn new(id: String, now: Moment) -> Self {
        Self {
            record_type: "call_control_application",
            id,
            application_name: String::new(),
            active: true,
            anchorsite_override: "Latency",
            call_cost_in_webhooks: false,
            dtmf_type: "RFC 2833",
            first_command_timeout: false,
            first_command_timeout_secs: 30,
            inbound: Inbound {
                channel_limit: None,
                shaken_stir_enabled: false,
                sip_subdomain: None,
                sip_subdomain_receive_settings: "from_anyone",
            },
            outbound: Outbound { channel_limit: None, outbound_voice_profile_id: None },
            redact_dtmf_debug_logging: false,
            tags: Vec::new(),
            webhook_api_version: "1",
            webhook_event_url: String::new(),
            webhook_event_failover_url: Some(String::new()),
            webhook_timeout_secs: None,
            created_at: now,
            updated_at: now,
            target: None,
        }
    }

    /// Where the webhooks of this application's calls go.
    pub(crate) fn target(&self) -> Option<&Arc<Target>> {
        self.target.as_ref()
    }

    fn make_target(&self) -> Target {
        Target {
            url: Arc::from(self.webhook_event_url.as_str()),
            failover: self.webhook_event_failover_url.as_deref().filter(|url| !url.is_empty()).map(Arc::from),
            timeout: self.webhook_timeout_secs.filter(|secs| *secs > 0).map(Duration::from_secs),
            envelope: if self.webhook_api_version == "2" { Envelope::V2 } else { Envelope::V1 },
        }
    }

    fn apply(&mut self, fields: &mut Fields<'_>, accept_empty_url: bool) {
        set(&mut self.application_name, fields.text("application_name", 1..=255));
        set(&mut self.active, fields.flag("active"));
        set(&mut self.anchorsite_override, fields.choice("anchorsite_override", ANCHORSITES));
        set(&mut self.call_cost_in_webhooks, fields.flag("call_cost_in_webhooks"));
        set(&mut self.dtmf_type, fields.choice("dtmf_type", &["RFC 2833", "Inband", "SIP INFO"]));
        set(&mut self.first_command_timeout, fields.flag("first_command_timeout"));
        set(&mut self.first_command_timeout_secs, fields.whole("first_command_timeout_secs", 0..=3600));
        set(&mut self.redact_dtmf_debug_logging, fields.flag("redact_dtmf_debug_logging"));
        set(&mut self.tags, fields.texts("tags"));
        set(&mut self.webhook_api_version, fields.choice("webhook_api_version", &["1", "2"]));
        if accept_empty_url && fields.given("webhook_event_url").is_some_and(|url| url == "") {
            self.webhook_event_url.clear();
        } else {
            set(&mut self.webhook_event_url, fields.url("webhook_event_url"));
        }
        match fields.nullable_text("webhook_event_failover_url", 0..=2000) {
            Given::Absent => {}
            Given::Null => self.webhook_event_failover_url = None,
            Given::Value("") => self.webhook_event_failover_url = Some(String::new()),
            Given::Value(_) => {
                set_or_clear(&mut self.webhook_event_failover_url, fields.url("webhook_event_failover_url").into());
            }
        }
        set_or_clear(&mut self.webhook_timeout_secs, fields.nullable_whole("webhook_timeout_secs", 0..=30));
        fields.inner("inbound", |fields| self.inbound.apply(fields));
        fields.inner("outbound", |fields| self.outbound.apply(fields));
    }
}

impl Inbound {
    fn apply(&mut self, fields: &mut Fields<'_>) {
        set_or_clear(&mut self.channel_limit, fields.nullable_whole("channel_limit", 0..=1_000_000));
        set(&mut self.shaken_stir_enabled, fields.flag("shaken_stir_enabled"));
        set_or_clear(&mut self.sip_subdomain, fields.nullable_text("sip_subdomain", 0..=63));
        set(
            &mut self.sip_subdomain_receive_settings,
            fields.choice("sip_subdomain_receive_settings", &["only_my_connections", "from_anyone"]),
        );
    }
}

impl Outbound {
    fn apply(&mut self, fields: &mut Fields<'_>) {
        set_or_clear(&mut self.channel_limit, fields.nullable_whole("channel_limit", 0..=1_000_000));
        set_or_clear(&mut self.outbound_voice_profile_id, fields.nullable_text("outbound_voice_profile_id", 0..=64));
        self.outbound_voice_profile_id.take_if(|id| id.is_empty());
    }
}

fn read(world: &World, body: &Map<String, Value>, application: &mut Application) -> Result<(), Refusal> {
    let mut fields = Fields::new(body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(FIELDS);
    }
    fields.require(&["application_name", "webhook_event_url"]);
    application.apply(&mut fields, world.config.switches.accept_empty_webhook_url);
    let profile = application.outbound.outbound_voice_profile_id.as_deref();
    if profile.is_some_and(|id| world.profiles.get(id).is_none()) {
        let error = ApiError::new("10015", "Invalid parameter", "There is no outbound voice profile with this id.");
        fields.complain(error.at("/outbound/outbound_voice_profile_id"));
    }
    fields.finish()?;
    application.target = (!application.webhook_event_url.is_empty()).then(|| Arc::new(application.make_target()));
    Ok(())
}

fn create(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let key = world.ids.resource();
    let mut application = Application::new(key.to_string(), world.now);
    read(world, exchange.body, &mut application)?;
    let answer = Answer::data(201, &application);
    world.applications.insert(key, application);
    Ok(answer)
}

fn retrieve(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let application = world.applications.get(exchange.param(0)).ok_or_else(Refusal::not_found)?;
    Ok(Answer::data(200, application))
}

fn update(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let mut application = world.applications.get(exchange.param(0)).ok_or_else(Refusal::not_found)?.clone();
    read(world, exchange.body, &mut application)?;
    application.updated_at = world.now;
    let answer = Answer::data(200, &application);
    world.applications.replace(application);
    Ok(answer)
}

fn delete(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let application = world.applications.remove(exchange.param(0)).ok_or_else(Refusal::not_found)?;
    Ok(Answer::data(200, &application))
}

fn list(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let page = Page::read(exchange)?;
    let contains = exchange.query("filter[application_name][contains]").map(str::to_lowercase);
    if contains.as_ref().is_some_and(|text| text.chars().count() < 3) {
        let error = ApiError::new("10015", "Invalid parameter", "The name filter needs at least 3 characters.");
        return Err(error.parameter("filter[application_name][contains]").with(422));
    }
    let profile = exchange.query("filter[outbound.outbound_voice_profile_id]");
    let mut found: Vec<&Application> = world
        .applications
        .values()
        .filter(|app| contains.as_ref().is_none_or(|text| app.application_name.to_lowercase().contains(text)))
        .filter(|app| profile.is_none_or(|id| app.outbound.outbound_voice_profile_id.as_deref() == Some(id)))
        .collect();
    match exchange.query("sort").unwrap_or("created_at") {
        "created_at" => {}
        "-created_at" => found.reverse(),
        "connection_name" => found.sort_by(|a, b| a.application_name.cmp(&b.application_name)),
        "-connection_name" => found.sort_by(|a, b| b.application_name.cmp(&a.application_name)),
        "active" => found.sort_by_key(|app| app.active),
        "-active" => found.sort_by_key(|app| !app.active),
        _ => {
            let error = ApiError::new("10032", "Invalid enumerated value", "This list cannot be sorted so.");
            return Err(error.parameter("sort").with(422));
        }
    }
    let total = found.len();
    let items: Vec<&Application> = found.into_iter().skip(page.skip()).take(page.take()).collect();
    Ok(page.answer(&items, total))
}
