//! `/queues` and the calls in them (Telnyx API reference: "Queue").
//!
//! Promises first come, first served, and that an empty queue goes away after a configurable idle time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::Endpoint;
use crate::config::QueueDuplicate;
use crate::model::World;
use crate::model::calls::{Call, CallKey, CallTimer};
use crate::model::events::Detail;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::fields::Fields;
use crate::model::moment::Moment;
use crate::model::paging::Page;
use crate::model::refusal::{ApiError, Refusal};
use crate::model::timers::Timer;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Get, "/queues", list),
    Endpoint::new(Method::Post, "/queues", create),
    Endpoint::new(Method::Get, "/queues/{queue_name}", retrieve),
    Endpoint::new(Method::Post, "/queues/{queue_name}", update),
    Endpoint::new(Method::Delete, "/queues/{queue_name}", delete),
    Endpoint::new(Method::Get, "/queues/{queue_name}/calls", list_calls),
    Endpoint::new(Method::Get, "/queues/{queue_name}/calls/{call_control_id}", retrieve_call),
    Endpoint::new(Method::Patch, "/queues/{queue_name}/calls/{call_control_id}", update_call),
    Endpoint::new(Method::Delete, "/queues/{queue_name}/calls/{call_control_id}", remove_call),
];

/// All queues, by name.
pub(crate) struct Queues {
    by_name: BTreeMap<String, Queue>,
}

struct Queue {
    id: String,
    max_size: u64,
    created_at: Moment,
    updated_at: Moment,
    used_at: Moment,
    members: VecDeque<Member>,
    waits: Waits,
}

struct Member {
    call: CallKey,
    enqueued_at: Moment,
    keep_after_hangup: bool,
}

/// How long those waited who left.
#[derive(Default)]
struct Waits {
    count: u64,
    seconds: u64,
}

#[derive(Serialize)]
struct QueueView<'a> {
    record_type: &'static str,
    id: &'a str,
    name: &'a str,
    max_size: u64,
    current_size: usize,
    average_wait_time_secs: u64,
    created_at: Moment,
    updated_at: Moment,
}

#[derive(Serialize)]
struct MemberView<'a> {
    record_type: &'static str,
    call_control_id: &'a str,
    call_leg_id: &'a str,
    call_session_id: &'a str,
    connection_id: &'a str,
    from: &'a str,
    to: &'a str,
    queue_id: &'a str,
    queue_position: usize,
    enqueued_at: Moment,
    wait_time_secs: u64,
    is_alive: bool,
}

impl Queues {
    pub(crate) const fn new() -> Self {
        Self { by_name: BTreeMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }
}

impl Queue {
    fn view<'a>(&'a self, name: &'a str) -> QueueView<'a> {
        QueueView {
            record_type: "queue",
            id: &self.id,
            name,
            max_size: self.max_size,
            current_size: self.members.len(),
            average_wait_time_secs: self.average_wait(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    fn average_wait(&self) -> u64 {
        self.waits.seconds.checked_div(self.waits.count).unwrap_or(0)
    }

    fn member_view<'a>(&'a self, index: usize, member: &Member, call: &'a Call, now: Moment) -> MemberView<'a> {
        MemberView {
            record_type: "queue_call",
            call_control_id: &call.control_id,
            call_leg_id: &call.leg_id,
            call_session_id: &call.session_id,
            connection_id: &call.connection,
            from: &call.from,
            to: &call.to,
            queue_id: &self.id,
            queue_position: index + 1,
            enqueued_at: member.enqueued_at,
            wait_time_secs: now.since(member.enqueued_at).as_secs(),
            is_alive: call.is_alive(),
        }
    }
}

impl World {
    fn add_queue(&mut self, name: &str, max_size: u64) {
        let now = self.now;
        let queue = Queue {
            id: self.ids.uuid(),
            max_size,
            created_at: now,
            updated_at: now,
            used_at: now,
            members: VecDeque::new(),
            waits: Waits::default(),
        };
        self.queues.by_name.insert(name.to_owned(), queue);
        self.plan_collection(name);
    }

    fn plan_collection(&mut self, name: &str) {
        if let Some(seconds) = self.config.queues.collect_empty_after_secs {
            self.timers.set(self.now + Duration::from_secs(seconds), Timer::CollectQueue(name.to_owned()));
        }
    }

    /// Removes a queue that has been empty and unused for long enough.
    pub(crate) fn collect_queue(&mut self, name: &str) {
        let Some(seconds) = self.config.queues.collect_empty_after_secs else { return };
        let idle = Duration::from_secs(seconds);
        let collectable = |queue: &Queue| queue.members.is_empty() && self.now.since(queue.used_at) >= idle;
        if self.queues.by_name.get(name).is_some_and(collectable) {
            self.queues.by_name.remove(name);
        }
    }

    fn touch_queue(&mut self, name: &str) {
        if let Some(queue) = self.queues.by_name.get_mut(name) {
            queue.used_at = self.now;
        }
        self.plan_collection(name);
    }

    /// Puts a call at the end of a queue, which is made when it is missing.
    pub(crate) fn enqueue(
        &mut self,
        key: CallKey,
        name: &str,
        max_size: Option<u64>,
        keep_after_hangup: bool,
    ) -> Result<(), Refusal> {
        let refuse = |code: &str, detail: &str| Err(ApiError::new(code, "Queue error", detail).with(422));
        if self.calls.get(key).is_some_and(|call| call.queue.is_some()) {
            return refuse("90038", "The call is already in a queue.");
        }
        match (self.queues.by_name.get(name), max_size) {
            (None, max_size) => self.add_queue(name, max_size.unwrap_or(100)),
            (Some(queue), Some(max_size)) if queue.max_size != max_size => {
                return refuse("90037", "The max_size of an existing queue cannot be changed by enqueueing.");
            }
            (Some(_), _) => {}
        }
        let now = self.now;
        let Some(queue) = self.queues.by_name.get_mut(name) else { return Ok(()) };
        if u64::try_from(queue.members.len()).unwrap_or(u64::MAX) >= queue.max_size {
            return refuse("90036", "The queue is full.");
        }
        queue.used_at = now;
        queue.members.push_back(Member { call: key, enqueued_at: now, keep_after_hangup });
        let detail = Detail::Enqueued {
            queue: name.into(),
            current_position: queue.members.len(),
            queue_avg_wait_time_secs: queue.average_wait(),
        };
        if let Some(call) = self.calls.get_mut(key) {
            call.queue = Some(name.into());
        }
        self.emit(key, detail);
        Ok(())
    }

    /// Parks the call when it still waits in this queue after `wait`.
    pub(crate) fn limit_wait(&mut self, key: CallKey, wait: Duration) {
        self.timers.set(self.now + wait, Timer::Call(key, CallTimer::QueueTimeout(self.now)));
    }

    /// The wait that began at `since` has been long enough.
    pub(crate) fn end_wait(&mut self, key: CallKey, since: Moment) {
        let name = self.calls.get(key).and_then(|call| call.queue.clone());
        let queue = name.and_then(|name| self.queues.by_name.get(&*name));
        let waits = |queue: &Queue| queue.members.iter().any(|one| one.call == key && one.enqueued_at == since);
        if queue.is_some_and(waits) {
            self.leave_queue(key, "timeout");
        }
    }

    /// Takes a call out of its queue; whether it was in one.
    pub(crate) fn leave_queue(&mut self, key: CallKey, reason: &'static str) -> bool {
        let now = self.now;
        let Some(name) = self.calls.get(key).and_then(|call| call.queue.clone()) else { return false };
        let Some(queue) = self.queues.by_name.get_mut(&*name) else { return false };
        let Some(index) = queue.members.iter().position(|member| member.call == key) else { return false };
        if reason == "hangup" && queue.members.get(index).is_some_and(|member| member.keep_after_hangup) {
            return false;
        }
        let Some(member) = queue.members.remove(index) else { return false };
        let waited = now.since(member.enqueued_at).as_secs();
        queue.waits.count += 1;
        queue.waits.seconds += waited;
        if let Some(call) = self.calls.get_mut(key) {
            call.queue = None;
        }
        let detail =
            Detail::Dequeued { queue: Arc::clone(&name), queue_position: index + 1, reason, wait_time_secs: waited };
        self.emit(key, detail);
        self.touch_queue(&name);
        true
    }
}

fn create(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let mut fields = Fields::new(exchange.body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(&["queue_name", "max_size"]);
    }
    fields.require(&["queue_name"]);
    let name = fields.text("queue_name", 1..=255);
    let max_size = fields.whole("max_size", 1..=1_000_000).unwrap_or(300);
    fields.finish()?;
    let name = name.ok_or_else(Refusal::not_found)?;
    if world.queues.by_name.contains_key(name) && world.config.switches.queue_duplicate == QueueDuplicate::Refuse {
        let error = ApiError::new("10012", "Duplicate resource", "A queue with this name exists already.");
        return Err(error.at("/queue_name").with(422));
    }
    if !world.queues.by_name.contains_key(name) {
        world.add_queue(name, max_size);
    }
    shown(world, name)
}

fn shown(world: &World, name: &str) -> Reply {
    let queue = world.queues.by_name.get(name).ok_or_else(Refusal::not_found)?;
    Ok(Answer::data(200, &queue.view(name)))
}

fn retrieve(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    shown(world, exchange.param(0))
}

fn update(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let name = exchange.param(0);
    let now = world.now;
    let queue = world.queues.by_name.get_mut(name).ok_or_else(Refusal::not_found)?;
    let mut fields = Fields::new(exchange.body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(&["max_size"]);
    }
    fields.require(&["max_size"]);
    let max_size = fields.whole("max_size", 1..=1_000_000);
    fields.finish()?;
    if let Some(max_size) = max_size {
        queue.max_size = max_size;
        queue.updated_at = now;
    }
    world.touch_queue(name);
    shown(world, name)
}

fn delete(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let name = exchange.param(0);
    let queue = world.queues.by_name.get(name).ok_or_else(Refusal::not_found)?;
    if !queue.members.is_empty() {
        return Err(
            ApiError::new("90050", "Queue is not empty", "A queue with calls in it cannot be deleted.").with(400)
        );
    }
    world.queues.by_name.remove(name);
    Ok(Answer::no_content())
}

fn list(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let page = Page::read(exchange)?;
    let items: Vec<QueueView<'_>> =
        world.queues.by_name.iter().skip(page.skip()).take(page.take()).map(|(name, queue)| queue.view(name)).collect();
    Ok(page.answer(&items, world.queues.by_name.len()))
}

fn list_calls(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let page = Page::read(exchange)?;
    let queue = world.queues.by_name.get(exchange.param(0)).ok_or_else(Refusal::not_found)?;
    let items: Vec<MemberView<'_>> = queue
        .members
        .iter()
        .enumerate()
        .skip(page.skip())
        .take(page.take())
        .filter_map(|(index, member)| Some(queue.member_view(index, member, world.calls.get(member.call)?, world.now)))
        .collect();
    Ok(page.answer(&items, queue.members.len()))
}

/// The queue's member with this call control id: its place and its call.
fn member(world: &World, exchange: &Exchange<'_>) -> Result<(usize, CallKey), Refusal> {
    let queue = world.queues.by_name.get(exchange.param(0)).ok_or_else(Refusal::not_found)?;
    let key = world.calls.find(exchange.param(1)).ok_or_else(Refusal::not_found)?;
    let index = queue.members.iter().position(|member| member.call == key).ok_or_else(Refusal::not_found)?;
    Ok((index, key))
}

fn retrieve_call(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let (index, key) = member(world, exchange)?;
    let queue = world.queues.by_name.get(exchange.param(0)).ok_or_else(Refusal::not_found)?;
    let call = world.calls.get(key).ok_or_else(Refusal::not_found)?;
    let member = queue.members.get(index).ok_or_else(Refusal::not_found)?;
    Ok(Answer::data(200, &queue.member_view(index, member, call, world.now)))
}

fn update_call(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let (index, _) = member(world, exchange)?;
    let mut fields = Fields::new(exchange.body);
    let keep = fields.flag("keep_after_hangup");
    fields.finish()?;
    let queue = world.queues.by_name.get_mut(exchange.param(0)).ok_or_else(Refusal::not_found)?;
    if let (Some(keep), Some(member)) = (keep, queue.members.get_mut(index)) {
        member.keep_after_hangup = keep;
    }
    Ok(Answer::no_content())
}

/// Removes a call that is over but was kept (Telnyx: "Force remove a call from a queue").
fn remove_call(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let (_, key) = member(world, exchange)?;
    world.leave_queue(key, "leave");
    Ok(Answer::no_content())
}
