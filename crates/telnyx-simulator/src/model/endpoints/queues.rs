//! `/queues` and the calls in them (Telnyx API reference: "Queue").
//!
//! Promises first come, first served, and that an empty queue goes away after a configurable idle time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;

use super::Endpoint;
use crate::config::{ActiveQueuedCall, QueueDuplicate};
use crate::model::World;
use crate::model::calls::{Call, CallKey, CallTimer};
use crate::model::conferences::Exit;
use crate::model::events::Detail;
use crate::model::exchange::{Answer, Exchange, Method, Reply};
use crate::model::fields::Fields;
use crate::model::leg::Leg;
use crate::model::moment::Moment;
use crate::model::paging::{CursorPage, Page, Window};
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
    tickets: u64,
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

/// A call that waits. One that is kept outlives its call, so that it knows whose it was.
struct Member {
    leg: Leg,
    /// Grows with each call that is enqueued anywhere: its cursor.
    ticket: u64,
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

/// Why a call left its queue (Telnyx webhook reference: "Call Left Queue", `reason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dequeue {
    /// It is connected with another call or has joined a conference.
    Bridged,
    /// A bridge took it from the head of the queue.
    BridgingInProcess,
    Hangup,
    /// It was taken out by command, and is parked.
    Leave,
    /// It waited for as long as it may, and is parked.
    Timeout,
}

impl Dequeue {
    const fn name(self) -> &'static str {
        match self {
            Self::Bridged => "bridged",
            Self::BridgingInProcess => "bridging-in-process",
            Self::Hangup => "hangup",
            Self::Leave => "leave",
            Self::Timeout => "timeout",
        }
    }
}

/// The call that a bridge with a queue gets. Either way it is in the queue no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    Alive(CallKey),
    /// It was kept after its hangup; there is nobody to bridge with.
    HungUp,
}

impl Queues {
    pub(crate) const fn new() -> Self {
        Self { tickets: 0, by_name: BTreeMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }
}

impl Queue {
    fn view<'a>(&'a self, name: &'a str, now: Moment) -> QueueView<'a> {
        QueueView {
            record_type: "queue",
            id: &self.id,
            name,
            max_size: self.max_size,
            current_size: self.members.len(),
            average_wait_time_secs: self.waiting_for(now),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    /// Average seconds that those who left had waited: `queue_avg_wait_time_secs` of `call.enqueued`.
    fn usual_wait(&self) -> u64 {
        self.waits.seconds.checked_div(self.waits.count).unwrap_or(0)
    }

    /// Average seconds that those who are in it have waited so far: `average_wait_time_secs` of a queue.
    fn waiting_for(&self, now: Moment) -> u64 {
        let waited: u64 = self.members.iter().map(|member| now.since(member.enqueued_at).as_secs()).sum();
        waited.checked_div(u64::try_from(self.members.len()).unwrap_or(u64::MAX)).unwrap_or(0)
    }

    fn member_view<'a>(&'a self, index: usize, member: &'a Member, world: &World) -> MemberView<'a> {
        MemberView {
            record_type: "queue_call",
            call_control_id: &member.leg.control_id,
            call_leg_id: &member.leg.leg_id,
            call_session_id: &member.leg.session_id,
            connection_id: &member.leg.connection,
            from: &member.leg.from,
            to: &member.leg.to,
            queue_id: &self.id,
            queue_position: index + 1,
            enqueued_at: member.enqueued_at,
            wait_time_secs: world.now.since(member.enqueued_at).as_secs(),
            is_alive: world.calls.get(member.leg.key).is_some_and(Call::is_alive),
        }
    }

    /// The place of a call, counted from 0.
    fn place(&self, call: CallKey) -> Option<usize> {
        self.members.iter().position(|member| member.leg.key == call)
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

    /// Puts a call at the end of a queue, which is made when it is missing. It leaves its conference.
    pub(crate) fn enqueue(
        &mut self,
        key: CallKey,
        name: &str,
        max_size: Option<u64>,
        keep_after_hangup: bool,
    ) -> Result<(), Refusal> {
        let refuse = |code, title, detail| Err(ApiError::new(code, title, detail).with(422));
        if self.calls.get(key).is_some_and(|call| call.queue.is_some()) {
            return refuse("90038", "Call already in queue", "The call is already in a queue.");
        }
        match (self.queues.by_name.get(name), max_size) {
            (Some(queue), Some(max_size)) if queue.max_size != max_size => {
                let detail = "The max_size of an existing queue cannot be changed by enqueueing.";
                return refuse("90037", "Queue max_size cannot be modified", detail);
            }
            (Some(queue), _) if u64::try_from(queue.members.len()).unwrap_or(u64::MAX) >= queue.max_size => {
                return refuse("90036", "Queue full", "The queue is full and can't accept more calls.");
            }
            (Some(_), _) => {}
            (None, max_size) => self.add_queue(name, max_size.unwrap_or(100)),
        }
        self.unseat(key, Exit::Usual);
        let now = self.now;
        let alive = self.calls.get(key).filter(|call| call.is_alive());
        let Some(leg) = alive.map(|call| Leg::of(key, call)) else { return Ok(()) };
        self.queues.tickets += 1;
        let ticket = self.queues.tickets;
        let Some(queue) = self.queues.by_name.get_mut(name) else { return Ok(()) };
        queue.used_at = now;
        queue.members.push_back(Member { leg, ticket, enqueued_at: now, keep_after_hangup });
        let detail = Detail::Enqueued {
            queue: name.into(),
            current_position: queue.members.len(),
            queue_avg_wait_time_secs: queue.usual_wait(),
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
        let waits = |queue: &Queue| queue.members.iter().any(|one| one.leg.key == key && one.enqueued_at == since);
        if queue.is_some_and(waits) {
            self.leave_queue(key, Dequeue::Timeout);
        }
    }

    /// Takes a call out of its queue; whether it was in one. One that is kept after its hangup stays.
    pub(crate) fn leave_queue(&mut self, key: CallKey, reason: Dequeue) -> bool {
        let Some(name) = self.calls.get(key).and_then(|call| call.queue.clone()) else { return false };
        let Some(queue) = self.queues.by_name.get(&*name) else { return false };
        let Some(index) = queue.place(key) else { return false };
        if reason == Dequeue::Hangup && queue.members.get(index).is_some_and(|member| member.keep_after_hangup) {
            return false;
        }
        self.dequeue(&name, index, reason).is_some()
    }

    /// Takes the first call out of a queue for a bridge, which the caller then makes; `None` when nobody waits there. It
    /// is removed whatever becomes of the bridge (Telnyx API reference: "Bridge calls", `queue`).
    pub(crate) fn take_head(&mut self, name: &str) -> Option<Head> {
        let first = self.queues.by_name.get(name)?.members.front()?.leg.key;
        let alive = self.calls.get(first).is_some_and(Call::is_alive);
        self.dequeue(name, 0, Dequeue::BridgingInProcess)?;
        Some(if alive { Head::Alive(first) } else { Head::HungUp })
    }

    /// Takes a call out of its place. Nobody is told of one that is over.
    fn dequeue(&mut self, name: &str, index: usize, reason: Dequeue) -> Option<()> {
        let now = self.now;
        let queue = self.queues.by_name.get_mut(name)?;
        let member = queue.members.remove(index)?;
        let waited = now.since(member.enqueued_at).as_secs();
        queue.waits.count += 1;
        queue.waits.seconds += waited;
        if let Some(call) = self.calls.get_mut(member.leg.key) {
            call.queue = None;
        }
        if self.calls.get(member.leg.key).is_some_and(Call::is_alive) {
            let detail = Detail::Dequeued {
                queue: name.into(),
                queue_position: index + 1,
                reason: reason.name(),
                wait_time_secs: waited,
            };
            self.emit(member.leg.key, detail);
        }
        self.touch_queue(name);
        Some(())
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
    Ok(Answer::data(200, &queue.view(name, world.now)))
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
    let queues = world.queues.by_name.iter().skip(page.skip()).take(page.take());
    let items: Vec<QueueView<'_>> = queues.map(|(name, queue)| queue.view(name, world.now)).collect();
    Ok(page.answer(&items, world.queues.by_name.len()))
}

/// Both paging styles are documented; a request that asks for a cursor gets one.
fn list_calls(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let name = exchange.param(0);
    let queue = world.queues.by_name.get(name).ok_or_else(Refusal::not_found)?;
    let members = queue.members.iter().enumerate();
    let shown = |(index, member)| queue.member_view(index, member, world);
    if ["page[after]", "page[before]", "page[limit]"].iter().all(|name| exchange.query(name).is_none()) {
        let page = Page::read(exchange)?;
        let items: Vec<MemberView<'_>> = members.skip(page.skip()).take(page.take()).map(shown).collect();
        return Ok(page.answer(&items, queue.members.len()));
    }
    let page = CursorPage::read(exchange)?;
    let keyed = |(index, member): (usize, &'_ Member)| (member.ticket, index);
    let places: Vec<(u64, usize)> = match page.window {
        Window::First => members.map(keyed).take(page.fetch()).collect(),
        Window::After(key) => members.map(keyed).filter(|(ticket, _)| *ticket > key).take(page.fetch()).collect(),
        Window::Before(key) => {
            members.map(keyed).rev().filter(|(ticket, _)| *ticket < key).take(page.fetch()).collect()
        }
    };
    let view = |(ticket, index)| Some((ticket, shown((index, queue.members.get(index)?))));
    let fetched: Vec<(u64, MemberView<'_>)> = places.into_iter().filter_map(view).collect();
    Ok(page.answer(fetched, queue.members.len(), &format!("/v2/queues/{name}/calls")))
}

/// The queue with this name, and the place of the member with this call control id in it.
fn member<'a>(world: &'a World, exchange: &Exchange<'_>) -> Result<(&'a Queue, usize), Refusal> {
    let queue = world.queues.by_name.get(exchange.param(0)).ok_or_else(Refusal::not_found)?;
    let index = queue.members.iter().position(|member| *member.leg.control_id == *exchange.param(1));
    Ok((queue, index.ok_or_else(Refusal::not_found)?))
}

fn retrieve_call(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let (queue, index) = member(world, exchange)?;
    let member = queue.members.get(index).ok_or_else(Refusal::not_found)?;
    Ok(Answer::data(200, &queue.member_view(index, member, world)))
}

fn update_call(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let (_, index) = member(world, exchange)?;
    let mut fields = Fields::new(exchange.body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(&["keep_after_hangup"]);
    }
    let keep = fields.flag("keep_after_hangup");
    fields.finish()?;
    let queue = world.queues.by_name.get_mut(exchange.param(0)).ok_or_else(Refusal::not_found)?;
    if let (Some(keep), Some(member)) = (keep, queue.members.get_mut(index)) {
        member.keep_after_hangup = keep;
    }
    Ok(Answer::no_content())
}

/// Removes a call that is over but was kept (Telnyx API reference: "Force remove a call from a queue").
fn remove_call(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    let (queue, index) = member(world, exchange)?;
    let call = queue.members.get(index).and_then(|member| world.calls.get(member.leg.key));
    if call.is_some_and(Call::is_alive) && world.config.switches.active_queued_call == ActiveQueuedCall::Refuse {
        let detail = "Only a call that is no longer active can be removed from a queue; use leave_queue instead.";
        return Err(ApiError::new("10027", "Unprocessable Entity", detail).with(422));
    }
    world.dequeue(exchange.param(0), index, Dequeue::Leave).ok_or_else(Refusal::not_found)?;
    Ok(Answer::no_content())
}
