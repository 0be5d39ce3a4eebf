//! `GET /call_events` (Telnyx API reference: "List call events").

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::Endpoint;
use crate::config::EventOrder;
use crate::model::World;
use crate::model::exchange::{Exchange, Method, Reply};
use crate::model::history::{Entry, EntryKind};
use crate::model::moment::Moment;
use crate::model::paging::Page;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::new(Method::Get, "/call_events", list)];

#[derive(Serialize)]
struct CallEvent<'a> {
    record_type: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    event_timestamp: Moment,
    call_leg_id: &'a str,
    call_session_id: &'a str,
    metadata: Value,
}

impl<'a> CallEvent<'a> {
    fn of(entry: &'a Entry) -> Self {
        let (kind, metadata) = match &entry.kind {
            EntryKind::Command(_) => ("command", json!({ "connection_id": &*entry.connection })),
            EntryKind::Webhook(event) => {
                let payload: Value = serde_json::from_str(&event.payload).unwrap_or_default();
                ("webhook", json!({ "event_id": event.id, "payload": payload }))
            }
        };
        Self {
            record_type: "call_event",
            kind,
            name: entry.name(),
            event_timestamp: entry.at,
            call_leg_id: &entry.leg_id,
            call_session_id: &entry.session_id,
            metadata,
        }
    }
}

/// The filters of one request.
struct Filter<'a> {
    kind: Option<&'a str>,
    name: Option<&'a str>,
    leg: Option<&'a str>,
    session: Option<&'a str>,
    connection: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    oldest: Option<Moment>,
    newest: Moment,
    times: Vec<(&'static str, Moment)>,
}

impl<'a> Filter<'a> {
    fn read(world: &World, exchange: &Exchange<'a>) -> Result<Self, Refusal> {
        let filter = |name: &str| exchange.query(&format!("filter[{name}]"));
        let (leg, session) = (filter("leg_id"), filter("application_session_id"));
        let day = Duration::from_secs(world.config.switches.call_events_hours * 3600);
        let lag = Duration::from_millis(world.config.switches.call_events_lag_ms);
        let mut times = Vec::new();
        for operator in ["eq", "gt", "gte", "lt", "lte"] {
            let name = format!("filter[occurred_at][{operator}]");
            if let Some(text) = exchange.query(&name) {
                let moment = Moment::parse(text).ok_or_else(|| {
                    ApiError::new("10015", "Invalid parameter", format!("{name} must be a time in RFC 3339."))
                        .parameter(&name)
                        .with(422)
                })?;
                times.push((operator, moment));
            }
        }
        Ok(Self {
            kind: filter("type"),
            name: filter("name"),
            leg,
            session,
            connection: filter("connection_id"),
            from: filter("from"),
            to: filter("to"),
            oldest: (leg.is_none() && session.is_none()).then(|| world.now.before(day)),
            newest: world.now.before(lag),
            times,
        })
    }

    fn admits(&self, entry: &Entry) -> bool {
        let kind = match entry.kind {
            EntryKind::Command(_) => "command",
            EntryKind::Webhook(_) => "webhook",
        };
        let fits = |wanted: Option<&str>, actual: &str| wanted.is_none_or(|wanted| wanted == actual);
        fits(self.kind, kind)
            && fits(self.name, entry.name())
            && fits(self.leg, &entry.leg_id)
            && fits(self.session, &entry.session_id)
            && fits(self.connection, &entry.connection)
            && fits(self.from, &entry.from)
            && fits(self.to, &entry.to)
            && entry.at <= self.newest
            && self.oldest.is_none_or(|oldest| entry.at >= oldest)
            && self.times.iter().all(|(operator, moment)| match *operator {
                "eq" => entry.at == *moment,
                "gt" => entry.at > *moment,
                "gte" => entry.at >= *moment,
                "lt" => entry.at < *moment,
                _ => entry.at <= *moment,
            })
    }
}

fn list(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let page = Page::read(exchange)?;
    let filter = Filter::read(world, exchange)?;
    let mut found: Vec<&Entry> = match (filter.leg, filter.to) {
        (Some(leg), _) => world.history.of_leg(leg).filter(|entry| filter.admits(entry)).collect(),
        (None, Some(to)) => world.history.of_number(to).filter(|entry| filter.admits(entry)).collect(),
        (None, None) => world.history.all().filter(|entry| filter.admits(entry)).collect(),
    };
    if world.config.switches.call_events_order == EventOrder::Descending {
        found.reverse();
    }
    let total = found.len();
    let items: Vec<CallEvent<'_>> = found.into_iter().skip(page.skip()).take(page.take()).map(CallEvent::of).collect();
    Ok(page.answer(&items, total))
}
