//! `/conferences/{id}/participants` (Telnyx API reference: "List conference participants").
//!
//! Only those who are there: a completed conference has none, and whoever left is gone.
//! Nobody has a label: "Retrieve a conference participant" tells it and finds by it, but no command of the reference sets one.

use std::sync::Arc;

use serde::Serialize;

use super::{Where, addressed, beep, does_not_exist, has_ended};
use crate::model::World;
use crate::model::conferences::{Conference, ConferenceKey, Participant};
use crate::model::endpoints::Endpoint;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::fields::Fields;
use crate::model::moment::Moment;
use crate::model::paging::Page;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Get, "/conferences/{conference_id}/participants", list),
    Endpoint::new(Method::Get, "/conferences/{id}/participants/{participant_id}", retrieve),
    Endpoint::new(Method::Patch, "/conferences/{id}/participants/{participant_id}", update),
];

/// What both forms of a participant have.
#[allow(clippy::struct_excessive_bools, reason = "the names and kinds of the API's own fields")]
#[derive(Serialize)]
struct Common<'a> {
    id: &'a str,
    call_control_id: &'a str,
    call_leg_id: &'a str,
    status: &'static str,
    muted: bool,
    on_hold: bool,
    end_conference_on_exit: bool,
    soft_end_conference_on_exit: bool,
    whisper_call_control_ids: &'a [Arc<str>],
    created_at: Moment,
    updated_at: Moment,
}

#[derive(Serialize)]
struct Listed<'a> {
    record_type: &'static str,
    conference: Named<'a>,
    #[serde(flatten)]
    common: Common<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Retrieved<'a> {
    conference_id: &'a str,
    /// Given by `TeXML`, which is not simulated.
    label: Option<&'a str>,
    #[serde(flatten)]
    common: Common<'a>,
}

impl<'a> Common<'a> {
    fn of(one: &'a Participant) -> Self {
        Self {
            id: &one.id,
            call_control_id: &one.leg.control_id,
            call_leg_id: &one.leg.leg_id,
            status: "joined",
            muted: one.is_muted(),
            on_hold: one.is_held(),
            end_conference_on_exit: one.ends,
            soft_end_conference_on_exit: one.soft_ends,
            whisper_call_control_ids: &one.whispers,
            created_at: one.joined_at,
            updated_at: one.updated_at,
        }
    }
}

fn list(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let page = Page::read(exchange)?;
    let (_, conference) = addressed(world, exchange.param(0), Where::Named(exchange.query("region")))?;
    let (muted, held, whispering) =
        (flag(exchange, "filter[muted]")?, flag(exchange, "filter[on_hold]")?, flag(exchange, "filter[whispering]")?);
    let fits = |one: &&Participant| {
        muted.is_none_or(|wanted| wanted == one.is_muted())
            && held.is_none_or(|wanted| wanted == one.is_held())
            && whispering.is_none_or(|wanted| wanted == one.is_whispering())
    };
    let found: Vec<&Participant> = conference.participants.iter().filter(fits).collect();
    let total = found.len();
    let listed = |one| Listed {
        record_type: "participant",
        conference: Named { id: &conference.id, name: &conference.name },
        common: Common::of(one),
    };
    let items: Vec<Listed<'_>> = found.into_iter().skip(page.skip()).take(page.take()).map(listed).collect();
    Ok(page.answer(&items, total))
}

fn flag(exchange: &Exchange<'_>, name: &str) -> Result<Option<bool>, Refusal> {
    match exchange.query(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => {
            let error = ApiError::new("10015", "Invalid parameter", format!("{name} must be true or false."));
            Err(error.parameter(name).with(422))
        }
    }
}

fn retrieve(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let (_, conference) = addressed(world, exchange.param(0), Where::Anywhere)?;
    shown(conference, exchange.param(1))
}

fn shown(conference: &Conference, id: &str) -> Reply {
    let one = by_id(conference, id)?;
    Ok(Answer::data(200, &Retrieved { conference_id: &conference.id, label: None, common: Common::of(one) }))
}

fn by_id<'a>(conference: &'a Conference, id: &str) -> Result<&'a Participant, Refusal> {
    conference.participants.iter().find(|one| *one.id == *id).ok_or_else(Refusal::not_found)
}

fn update(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let (key, conference) = addressed(world, exchange.param(0), Where::Anywhere)?;
    if conference.ended().is_some() {
        return Err(has_ended());
    }
    let call = by_id(conference, exchange.param(1))?.leg.key;
    let mut fields = Fields::new(exchange.body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(&["beep_enabled", "end_conference_on_exit", "soft_end_conference_on_exit"]);
    }
    let ends = fields.flag("end_conference_on_exit");
    let soft_ends = fields.flag("soft_end_conference_on_exit");
    let beep = beep(&mut fields);
    fields.finish()?;
    world.change_exit(key, call, ends, soft_ends, beep);
    shown(reload(world, key)?, exchange.param(1))
}

fn reload(world: &World, key: ConferenceKey) -> Result<&Conference, Refusal> {
    world.conferences.get(key).ok_or_else(does_not_exist)
}
