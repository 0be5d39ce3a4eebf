//! `/webhook_deliveries` (Telnyx API reference: "Webhooks"): finished deliveries, newest first.

use serde::Serialize;
use serde_json::{Value, json};

use super::Endpoint;
use crate::model::World;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::moment::Moment;
use crate::model::outbox::{Delivery, Try};
use crate::model::paging::Page;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Get, "/webhook_deliveries", list),
    Endpoint::new(Method::Get, "/webhook_deliveries/{id}", retrieve),
];

#[derive(Serialize)]
struct DeliveryView<'a> {
    record_type: &'static str,
    id: &'a str,
    user_id: &'static str,
    status: &'static str,
    started_at: Option<Moment>,
    finished_at: Option<Moment>,
    attempts: Vec<Value>,
    webhook: Value,
}

fn view(delivery: &Delivery) -> DeliveryView<'_> {
    let event = &delivery.event;
    let payload: Value = serde_json::from_str(&event.payload).unwrap_or_default();
    DeliveryView {
        record_type: "webhook_delivery",
        id: &delivery.id,
        user_id: "00000000-0000-4000-8000-000000000001",
        status: status(delivery.is_delivered()),
        started_at: delivery.attempts.first().map(|attempt| attempt.started_at),
        finished_at: delivery.attempts.last().and_then(|attempt| attempt.finished_at),
        attempts: delivery.attempts.iter().map(attempt).collect(),
        webhook: json!({
            "record_type": "event",
            "id": event.id,
            "event_type": event.event_type,
            "occurred_at": event.occurred_at,
            "payload": payload,
        }),
    }
}

fn attempt(attempt: &Try) -> Value {
    let delivered = attempt.status.is_some_and(|status| (200..300).contains(&status));
    json!({
        "status": status(delivered),
        "started_at": attempt.started_at,
        "finished_at": attempt.finished_at,
        "errors": [],
        "http": {
            "request": {"url": &*attempt.url, "headers": [["content-type", "application/json"]]},
            "response": attempt.status.map(|status| json!({"status": status, "headers": [], "body": ""})),
        },
    })
}

const fn status(delivered: bool) -> &'static str {
    if delivered { "delivered" } else { "failed" }
}

fn list(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let page = Page::read(exchange)?;
    let wanted = exchange.query("filter[status][eq]");
    let event_type = exchange.query("filter[event_type]");
    let contains = exchange.query("filter[webhook][contains]");
    let time = |name: &str| exchange.query(name).and_then(Moment::parse);
    let started = (time("filter[started_at][gte]"), time("filter[started_at][lte]"));
    let found: Vec<&Delivery> = world
        .outbox
        .finished()
        .filter(|delivery| wanted.is_none_or(|wanted| wanted == status(delivery.is_delivered())))
        .filter(|delivery| event_type.is_none_or(|wanted| wanted == delivery.event.event_type))
        .filter(|delivery| contains.is_none_or(|text| delivery.event.payload.contains(text)))
        .filter(|delivery| {
            let at = delivery.attempts.first().map(|attempt| attempt.started_at);
            started.0.is_none_or(|least| at.is_some_and(|at| at >= least))
                && started.1.is_none_or(|most| at.is_some_and(|at| at <= most))
        })
        .collect();
    let items: Vec<DeliveryView<'_>> =
        found.iter().skip(page.skip()).take(page.take()).map(|delivery| view(delivery)).collect();
    Ok(page.answer(&items, found.len()))
}

fn retrieve(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let delivery =
        world.outbox.finished().find(|delivery| delivery.id == exchange.param(0)).ok_or_else(Refusal::not_found)?;
    Ok(Answer::data(200, &view(delivery)))
}
