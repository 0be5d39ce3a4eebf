//! `GET /calls/{id}` and `GET /connections/{id}/active_calls` (Telnyx API reference: "Call Information").

use std::collections::BTreeSet;
use std::ops::Bound;
use std::time::Duration;

use serde::Serialize;

use super::Endpoint;
use crate::config::UnknownCall;
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::moment::Moment;
use crate::model::paging::{CursorPage, Page, Window};
use crate::model::refusal::Refusal;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Get, "/calls/{call_control_id}", retrieve),
    Endpoint::new(Method::Get, "/connections/{connection_id}/active_calls", active),
];

#[derive(Serialize)]
struct CallStatus<'a> {
    record_type: &'static str,
    call_control_id: &'a str,
    call_leg_id: &'a str,
    call_session_id: &'a str,
    is_alive: bool,
    call_duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_state: Option<&'a str>,
    start_time: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<Moment>,
}

#[derive(Serialize)]
struct ActiveCall<'a> {
    record_type: &'static str,
    call_control_id: &'a str,
    call_leg_id: &'a str,
    call_session_id: &'a str,
    call_duration: u64,
    client_state: &'a str,
}

fn retrieve(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let key = world.calls.find(exchange.param(0));
    let Some(call) = key.and_then(|key| world.calls.get(key)) else {
        return Err(match world.config.switches.unknown_call {
            UnknownCall::NotFound => Refusal::not_found(),
            UnknownCall::Invalid => super::actions::invalid_id(),
        });
    };
    let status = CallStatus {
        record_type: "call",
        call_control_id: &call.control_id,
        call_leg_id: &call.leg_id,
        call_session_id: &call.session_id,
        is_alive: call.is_alive(),
        call_duration: call.duration_secs(world.now),
        client_state: call.client_state.as_deref(),
        start_time: call.dialled_at,
        end_time: call.ended_at(),
    };
    Ok(Answer::data(200, &status))
}

/// Cursors are the documented style. Telnyx's own packages go on with `page[number]` whatever `meta` says, so a request
/// that asks for a number gets a numbered page.
fn active(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let connection = exchange.param(0);
    world.applications.get(connection).ok_or_else(Refusal::not_found)?;
    if exchange.query("page[number]").is_some() {
        let page = Page::read(exchange)?;
        let items: Vec<ActiveCall<'_>> = shown(world, connection, Bound::Unbounded, Bound::Unbounded)
            .skip(page.skip())
            .take(page.take())
            .map(|(_, item)| item)
            .collect();
        return Ok(page.answer(&items, shown(world, connection, Bound::Unbounded, Bound::Unbounded).count()));
    }
    let page = CursorPage::read(exchange)?;
    let fetched = match page.window {
        Window::First => shown(world, connection, Bound::Unbounded, Bound::Unbounded).take(page.fetch()).collect(),
        Window::After(key) => {
            shown(world, connection, Bound::Excluded(key), Bound::Unbounded).take(page.fetch()).collect()
        }
        Window::Before(key) => {
            shown(world, connection, Bound::Unbounded, Bound::Excluded(key)).rev().take(page.fetch()).collect()
        }
    };
    let path = format!("/v2/connections/{connection}/active_calls");
    let total = world.calls.alive(connection).map_or(0, BTreeSet::len);
    Ok(page.answer(fetched, total, &path))
}

/// The live calls of an application between two keys, as far as `active_calls` knows of them by now.
fn shown<'a>(
    world: &'a World,
    connection: &str,
    from: Bound<u64>,
    to: Bound<u64>,
) -> impl DoubleEndedIterator<Item = (u64, ActiveCall<'a>)> {
    let newest = world.now.before(Duration::from_millis(world.config.switches.active_calls_lag_ms));
    world
        .calls
        .alive(connection)
        .into_iter()
        .flat_map(move |keys| keys.range((from.map(CallKey), to.map(CallKey))))
        .filter_map(|key| world.calls.get(*key).map(|call| (key.0, call)))
        .filter(move |(_, call)| call.dialled_at <= newest)
        .map(|(key, call)| {
            let item = ActiveCall {
                record_type: "call",
                call_control_id: &call.control_id,
                call_leg_id: &call.leg_id,
                call_session_id: &call.session_id,
                call_duration: call.duration_secs(world.now),
                client_state: call.client_state.as_deref().unwrap_or_default(),
            };
            (key, item)
        })
}
