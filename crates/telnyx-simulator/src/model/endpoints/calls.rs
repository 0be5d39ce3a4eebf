//! `GET /calls/{id}` and `GET /connections/{id}/active_calls` (Telnyx API reference: "Call Information").

use std::ops::Bound;
use std::time::Duration;

use serde::Serialize;

use super::Endpoint;
use crate::config::UnknownCall;
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::moment::Moment;
use crate::model::paging::CursorPage;
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

fn active(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let connection = exchange.param(0);
    world.applications.get(connection).ok_or_else(Refusal::not_found)?;
    let page = CursorPage::read(exchange)?;
    let lag = Duration::from_millis(world.config.switches.active_calls_lag_ms);
    let newest = world.now.before(lag);
    let from = page.after.map_or(Bound::Unbounded, |after| Bound::Excluded(CallKey(after)));
    let alive = world.calls.alive(connection);
    // Keys grow with the dials, so everything behind the first call that is too fresh is too fresh as well.
    let shown = alive
        .into_iter()
        .flat_map(|keys| keys.range((from, Bound::Unbounded)))
        .filter_map(|key| world.calls.get(*key).map(|call| (key.0, call)))
        .take_while(|(_, call)| call.dialled_at <= newest);
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let mut items: Vec<(u64, ActiveCall<'_>)> = shown
        .take(size + 1)
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
        .collect();
    let more = items.len() > size;
    items.truncate(size);
    let last = items.last().map(|(key, _)| *key).filter(|_| more);
    let items: Vec<ActiveCall<'_>> = items.into_iter().map(|(_, item)| item).collect();
    let path = format!("/v2/connections/{connection}/active_calls");
    Ok(page.answer(&items, alive.map_or(0, std::collections::BTreeSet::len), last, &path))
}
