//! The simulated account as a pure state machine.
//!
//! Promises that everything that happens is a function of the configuration, the requests and the moments at which they
//! come; no clock, socket or entropy is in here. One input, then drain, then wait:
//!
//! ```
//! use telnyx_simulator::Config;
//! use telnyx_simulator::model::{Method, Moment, Receipt, Request, World};
//!
//! let mut now = Moment::from_micros(0);
//! let mut world = World::new(Config::default(), now);
//! world.handle(now, &Request::new(Method::Get, "/queues", "KEY_SIMULATOR", serde_json::Value::Null));
//! loop {
//!     while let Some(attempt) = world.poll(now) {
//!         // …send attempt.body to attempt.url, then report how it went:
//!         world.delivered(now, attempt.key, Receipt::answered(200));
//!     }
//!     match world.wake() {
//!         Some(at) => now = at,
//!         None => break,
//!     }
//! }
//! ```

mod admin;
mod calls;
mod channels;
mod commands;
mod conferences;
mod counters;
mod countries;
mod endpoints;
mod events;
mod exchange;
mod faults;
mod fields;
mod guard;
mod happenings;
mod heard;
mod history;
mod ids;
mod keys;
mod leg;
mod moment;
mod numbers;
mod outbox;
mod paging;
mod recorded;
mod refusal;
mod spending;
mod store;
mod timers;
mod windows;

use std::collections::HashMap;
use std::time::Duration;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

pub use calls::Unreachable;
pub use counters::{Counters, DialRecord, NumberDials, WebhookCounters};
pub use exchange::{Body, Method, RateHeaders, Request, Response};
pub use faults::FaultView;
pub use moment::Moment;
pub use outbox::{Attempt, DeliveryKey, Receipt};

use crate::config::Config;
use calls::Calls;
use channels::Channels;
use commands::Commands;
use conferences::Conferences;
use endpoints::Routes;
use endpoints::applications::Application;
use endpoints::profiles::Profile;
use endpoints::queues::Queues;
use exchange::{Answer, Exchange, Reply};
use faults::{Faults, Strike};
use guard::CallGuard;
use history::History;
use ids::Ids;
use keys::Keys;
use numbers::Numbers;
use outbox::Outbox;
use refusal::{ApiError, Refusal};
use spending::Spending;
use store::Store;
use timers::{Timer, Timers};
use windows::{DialWindows, RequestWindow};

/// A whole simulated account: its objects, its calls and the webhooks it owes.
///
/// One input ([`World::handle`] or [`World::delivered`]), then drain [`World::poll`] until `None`, then wait until
/// [`World::wake`]. Moments never go back: an earlier one counts as the latest seen.
pub struct World {
    config: Config,
    now: Moment,
    routes: Routes,
    ids: Ids,
    keys: Keys,
    numbers: Numbers,
    applications: Store<Application>,
    profiles: Store<Profile>,
    queues: Queues,
    conferences: Conferences,
    calls: Calls,
    channels: Channels,
    commands: Commands,
    spending: Spending,
    guard: CallGuard,
    dial_windows: DialWindows,
    request_window: RequestWindow,
    history: History,
    outbox: Outbox,
    send_rng: ChaCha8Rng,
    caller_rng: ChaCha8Rng,
    conference_rng: ChaCha8Rng,
    timers: Timers,
    faults: Faults,
    counters: Counters,
}

impl World {
    /// An empty account that behaves as `config` says.
    #[must_use]
    pub fn new(config: Config, now: Moment) -> Self {
        let mut world = Self {
            now,
            routes: Routes::new(),
            ids: Ids::new(config.seed),
            keys: Keys::new(&config.keys),
            numbers: Numbers::new(&config.numbers),
            applications: Store::new(),
            profiles: Store::new(),
            queues: Queues::new(),
            conferences: Conferences::default(),
            calls: Calls::new(),
            channels: Channels::default(),
            commands: Commands::new(Duration::from_secs(config.switches.command_id_secs)),
            spending: Spending::default(),
            guard: CallGuard::default(),
            dial_windows: DialWindows::default(),
            request_window: RequestWindow::default(),
            history: History::new(config.retention.call_events),
            outbox: Outbox::new(config.webhooks.max_pending, config.retention.webhook_deliveries),
            send_rng: stream(config.seed, 3),
            caller_rng: stream(config.seed, 5),
            conference_rng: stream(config.seed, 11),
            timers: Timers::default(),
            faults: Faults::new(config.seed, &config.faults),
            counters: Counters::new(config.retention.dials),
            config,
        };
        world.await_caller();
        world
    }

    /// Forgets everything but the configuration.
    pub fn reset(&mut self, now: Moment) {
        let mut fresh = Self::new(self.config.clone(), now.max(self.now));
        fresh.outbox.number_after(&self.outbox);
        *self = fresh;
    }

    /// How long (real time) a fault holds a request before it is carried out.
    pub fn holds(&mut self, request: &Request) -> Option<Duration> {
        let (route, _) = self.routes.find(request.method, &request.path)?;
        self.faults.held(self.routes.name(route), target_number(request))
    }

    /// Carries out one request of the API.
    pub fn handle(&mut self, now: Moment, request: &Request) -> Response {
        self.advance(now);
        let Some((route, params)) = self.routes.find(request.method, &request.path) else {
            self.counters.unrouted();
            return self.answer(Err(Refusal::not_found()), None, Duration::ZERO);
        };
        let strike = self.faults.request(self.routes.name(route), target_number(request));
        if matches!(strike, Some(Strike::DropRequest)) {
            self.counters.dropped(route);
            return Response::Hangup;
        }
        let rate = self.request_window.admit(self.now, self.config.limits.requests.as_ref());
        let reply = match &strike {
            Some(Strike::Refuse { status, code, pointer }) => Err(Refusal::ordered(*status, code, pointer.as_deref())),
            Some(_) | None => self.carry_out(route, params, request, rate.admitted),
        };
        let (reply, after) = match strike {
            Some(Strike::DropResponse) => {
                self.counters.dropped(route);
                return Response::Hangup;
            }
            Some(Strike::CarryOutThenRefuse { status, code }) => {
                (Err(Refusal::ordered(status, &code, None)), Duration::ZERO)
            }
            Some(Strike::EmptyData) => {
                (reply.map(|answer| Answer { body: br#"{"data":{}}"#.to_vec(), ..answer }), Duration::ZERO)
            }
            Some(Strike::GarbledBody) => {
                (reply.map(|answer| Answer { body: b"<html>upstream error</html>".to_vec(), ..answer }), Duration::ZERO)
            }
            Some(Strike::Delay(wait)) => (reply, wait),
            Some(Strike::Refuse { .. } | Strike::DropRequest) | None => (reply, Duration::ZERO),
        };
        let status = reply.as_ref().map_or_else(|refusal| refusal.status, |answer| answer.status);
        self.counters.request(route, status);
        self.answer(reply, rate.headers, after)
    }

    fn carry_out(&mut self, route: usize, params: Vec<&str>, request: &Request, admitted: bool) -> Reply {
        if !self.keys.accepts(request.key.as_deref()) {
            return Err(Refusal::unauthenticated());
        }
        if !admitted {
            let error = ApiError::new(
                "10011",
                "Too many requests",
                "You have exceeded the maximum number of allowed requests.",
            );
            return Err(error.with(429));
        }
        let Body::Object(body) = &request.body else {
            return Err(ApiError::new("10015", "Bad Request", "The body must be a JSON object.").with(400));
        };
        let endpoint = self.routes.get(route).ok_or_else(Refusal::not_found)?;
        (endpoint.run)(self, &Exchange { params, query: &request.query, body })
    }

    fn answer(&self, reply: Reply, rate: Option<RateHeaders>, after: Duration) -> Response {
        let after = after + Duration::from_millis(self.config.latency_ms);
        match reply {
            Ok(answer) => Response::Answer { status: answer.status, rate, body: answer.body, after },
            Err(refusal) => Response::Answer { status: refusal.status, rate, body: refusal.body(), after },
        }
    }

    /// The next webhook to send, if one is due. Report its fate with [`World::delivered`].
    pub fn poll(&mut self, now: Moment) -> Option<Attempt> {
        self.advance(now);
        self.outbox.next_attempt(self.now, &self.config)
    }

    /// When something happens next by itself: a phone rings out, a text ends, a webhook is sent again.
    #[must_use]
    pub fn wake(&self) -> Option<Moment> {
        self.timers.next()
    }

    /// Whether [`World::poll`] has something without waiting.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.outbox.is_ready()
    }

    /// What became of an attempt that [`World::poll`] handed out.
    pub fn delivered(&mut self, now: Moment, key: DeliveryKey, receipt: Receipt) {
        self.advance(now);
        self.on_receipt(key, receipt);
    }

    /// Lets everything happen that is due by `now`, in order of time.
    fn advance(&mut self, now: Moment) {
        while let Some((at, timer)) = self.timers.pop_due(now) {
            self.now = self.now.max(at);
            match timer {
                Timer::Call(key, timer) => self.on_call_timer(key, timer),
                Timer::Conference(key, timer) => self.on_conference_timer(key, timer),
                Timer::Send(key) => self.outbox.make_ready(key),
                Timer::Release(call) => self.outbox.release_held(call),
                Timer::NextCaller => self.on_caller(),
                Timer::CollectQueue(name) => self.collect_queue(&name),
            }
        }
        self.now = self.now.max(now);
    }

    /// How many applications use each profile that is used at all.
    fn users_by_profile(&self) -> HashMap<&str, usize> {
        let mut users = HashMap::new();
        for app in self.applications.values() {
            if let Some(profile) = app.outbound.outbound_voice_profile_id.as_deref() {
                *users.entry(profile).or_default() += 1;
            }
        }
        users
    }

    /// How many applications use a profile.
    fn users_of(&self, profile: &str) -> usize {
        self.applications
            .values()
            .filter(|app| app.outbound.outbound_voice_profile_id.as_deref() == Some(profile))
            .count()
    }
}

/// One stream of random numbers per purpose, so that a new draw for one does not reshuffle another.
fn stream(seed: u64, purpose: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose);
    rng
}

/// The called number of a dial, for fault scopes.
fn target_number(request: &Request) -> Option<&str> {
    match &request.body {
        Body::Object(map) => map.get("to").and_then(serde_json::Value::as_str),
        Body::Malformed => None,
    }
}
