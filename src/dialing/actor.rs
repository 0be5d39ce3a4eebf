//! One task per account: it owns the account's dialer, feeds it one event at a time and performs what comes out.
//!
//! Promises that every effect is performed and answered, that every webhook gets one verdict, and that nothing is
//! claimed any more once it was told to stop. Decides nothing. When an effect panics its answer is lost for good, so the
//! actor ends and is started again from the store, as after a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dialer::effect::{Effect, Verdict as CoreVerdict};
use dialer::event::LoadedJob;
use dialer::{
    DeliveryToken, Dialer, Event, Handover, JobId, OwnerId, PhoneNumber, Screening, SessionId, Signals, Tuning,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::flow_calls::FlowCalls;
use super::job_record::JobRecord;
use super::job_store::JobStore;
use super::metrics::Metrics;
use super::progress_board::Board;
use super::remember::{Memory, Whose};
use super::voice::Voice;
use crate::results::{Address, Courier, Couriers, Origin, Postman, Word};
use crate::telemetry::traces::within;
use crate::webhook::{Delivery, Verdict};

/// Effects under way at once. The client bounds requests itself; this bounds memory, and keeps the dialer from handing
/// out more while the account is throttled.
const MAX_RUNNING: usize = 4_096;
/// Words of couriers that may wait.
const WORDS: usize = 256;
/// For what is under way to be stored when the process ends; Kubernetes kills after 30 s by default.
const FLUSH: Duration = Duration::from_secs(10);
/// Least time between two looks at how far everybody has come.
const PROGRESS_GAP: Duration = Duration::from_millis(500);

/// What others tell an actor.
#[derive(Debug)]
pub(super) enum Order {
    /// A campaign, an account or a removal.
    Tell(Event),
    /// A job, and where its states are kept.
    Load(Box<(JobRecord, LoadedJob)>),
    /// A job is gone.
    Forget(JobId),
    /// An owner has ended, with all its jobs.
    Release(OwnerId),
    /// Results of a campaign go there from now on; nowhere if it is `None`.
    Results(OwnerId, Option<Box<(Origin, Address)>>),
    /// Another key, or another address of the API.
    Reconnect(telnyx_voice::Client),
    /// Every job that may hold calls was handed in.
    Ready,
    /// Tell what has to outlive these jobs.
    Recall(Whose, oneshot::Sender<Memory>),
}

/// What an actor is made of.
pub(super) struct Parts<'a> {
    pub(super) session: SessionId,
    pub(super) client: telnyx_voice::Client,
    pub(super) flows: FlowCalls,
    pub(super) kube: kube::Client,
    pub(super) orders: &'a mut mpsc::Receiver<Order>,
    pub(super) deliveries: &'a mut mpsc::Receiver<Delivery>,
    pub(super) board: Board,
    pub(super) couriers: Couriers,
    pub(super) postman: Postman,
    pub(super) metrics: Metrics,
    /// The account's do-not-call lists.
    pub(super) lists: watch::Receiver<Screening>,
    /// Takes numbers that targets have put on a list.
    pub(super) opt_outs: mpsc::Sender<PhoneNumber>,
    pub(super) stop: CancellationToken,
}

/// The task's state.
pub(super) struct Actor<'a> {
    dialer: Dialer,
    clock: Clock,
    voice: Arc<Voice>,
    flows: FlowCalls,
    store: JobStore,
    running: JoinSet<Event>,
    orders: &'a mut mpsc::Receiver<Order>,
    deliveries: &'a mut mpsc::Receiver<Delivery>,
    waiting: BTreeMap<DeliveryToken, oneshot::Sender<Verdict>>,
    next_token: u64,
    ready: bool,
    postman: Postman,
    couriers: Couriers,
    /// The couriers' tasks.
    errands: JoinSet<()>,
    words: (mpsc::Sender<Word>, mpsc::Receiver<Word>),
    board: Board,
    metrics: Metrics,
    seen: Signals,
    next_look: Instant,
    lists: watch::Receiver<Screening>,
    opt_outs: mpsc::Sender<PhoneNumber>,
    /// Those that were passed on.
    passed_on: BTreeSet<PhoneNumber>,
    stop: CancellationToken,
}

/// All that an actor waits for.
enum Input {
    Order(Order),
    Delivery(Delivery),
    Answer(Event),
    Lists,
    Word(Word),
    Time,
    Stop,
}

/// Why an actor ended without being told to.
#[derive(Debug, thiserror::Error)]
pub(super) enum ActorError {
    /// Its answer is lost: only a new start from the store can tell what it did.
    #[error("an effect ended without an answer")]
    EffectLost(#[from] JoinError),
    /// Nobody holds the other end any more.
    #[error("nobody gives orders any more")]
    Abandoned,
}

impl<'a> Actor<'a> {
    pub(super) fn new(parts: Parts<'a>) -> Self {
        let clock = Clock::start();
        let mut dialer = Dialer::new(parts.session, Tuning::default(), clock.now());
        let mut lists = parts.lists;
        dialer.handle(clock.now(), Event::DoNotCallSet { lists: lists.borrow_and_update().clone() });
        Self {
            dialer,
            clock,
            voice: Arc::new(Voice::new(&parts.client, parts.flows.clone())),
            flows: parts.flows,
            store: JobStore::new(parts.kube, parts.couriers.clone(), parts.metrics.clone()),
            running: JoinSet::new(),
            orders: parts.orders,
            deliveries: parts.deliveries,
            waiting: BTreeMap::new(),
            next_token: 0,
            ready: false,
            postman: parts.postman,
            couriers: parts.couriers,
            errands: JoinSet::new(),
            words: mpsc::channel(WORDS),
            board: parts.board,
            metrics: parts.metrics,
            seen: Signals::default(),
            next_look: Instant::now(),
            lists,
            opt_outs: parts.opt_outs,
            passed_on: BTreeSet::new(),
            stop: parts.stop,
        }
    }

    /// Runs until stopped, then stores what is known. Returns what the next dialer of the account has to know; `None`: dials may
    /// still be on their way.
    pub(super) async fn run(mut self) -> Result<Option<Handover>, ActorError> {
        loop {
            self.drain();
            self.tell_ended();
            self.pass_on_opt_outs();
            self.look();
            match self.next().await? {
                Input::Order(order) => self.obey(order),
                Input::Delivery(delivery) => self.deliver(delivery),
                Input::Answer(event) => self.tell(event),
                Input::Lists => {
                    let lists = self.lists.borrow_and_update().clone();
                    self.tell(Event::DoNotCallSet { lists });
                }
                Input::Word(Word::PileUp { owner, full }) => self.tell(Event::ResultsPileUp { owner, full }),
                Input::Word(Word::Store { job }) => self.tell(Event::JobTouched { job }),
                Input::Time => {}
                Input::Stop => return self.flush().await,
            }
        }
    }

    async fn next(&mut self) -> Result<Input, ActorError> {
        let wake = self.wake();
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Ok(Input::Stop),
            Ok(()) = self.lists.changed() => Ok(Input::Lists),
            Some(answer) = self.running.join_next(), if !self.running.is_empty() => Ok(Input::Answer(answer?)),
            Some(delivery) = self.deliveries.recv() => Ok(Input::Delivery(delivery)),
            Some(word) = self.words.1.recv() => Ok(Input::Word(word)),
            order = self.orders.recv() => order.map(Input::Order).ok_or(ActorError::Abandoned),
            () = sleep_until(wake) => Ok(Input::Time),
        }
    }

    fn wake(&self) -> Instant {
        // With no room for effects there is nothing to wake up for but an answer, and that wakes by itself.
        let dialer = self.dialer.wake().filter(|_| self.has_room()).map(|wake| self.clock.at(wake.at));
        dialer.map_or(self.next_look, |at| at.min(self.next_look))
    }

    fn has_room(&self) -> bool {
        self.running.len() < MAX_RUNNING
    }

    pub(super) fn tell(&mut self, event: Event) {
        tracing::trace!(?event, "tell");
        self.dialer.handle(self.clock.now(), event);
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Tell(event) => self.tell(event),
            Order::Load(job) => self.load(*job),
            Order::Results(owner, to) => self.results(owner, to),
            Order::Forget(job) => self.forget(job),
            Order::Release(owner) => {
                self.tell(Event::CampaignRemoved { owner: owner.clone() });
                self.couriers.dismiss(&owner);
                for job in self.board.jobs_of(&owner) {
                    self.forget(job);
                }
            }
            Order::Reconnect(client) => self.voice = Arc::new(Voice::new(&client, self.flows.clone())),
            Order::Recall(whose, answer) => {
                // Whoever asked may have gone.
                let _gone = answer.send(self.recall(whose));
            }
            Order::Ready => {
                self.ready = true;
                self.tell(Event::Ready);
            }
        }
    }

    /// What has to outlive these jobs.
    fn recall(&self, whose: Whose) -> Memory {
        let jobs = match whose {
            Whose::Owner(owner) => self.board.jobs_of(&owner),
            Whose::Job(job) => vec![job],
        };
        Memory {
            rings: jobs.iter().flat_map(|job| self.dialer.job_rings(job)).collect(),
            opt_outs: jobs.iter().flat_map(|job| self.dialer.job_opt_outs(job)).collect(),
        }
    }

    /// Numbers that targets have put on a list since the last look go to whoever keeps them. What finds no room goes at the
    /// next look.
    fn pass_on_opt_outs(&mut self) {
        if self.dialer.do_not_call_learned().len() == self.passed_on.len() {
            return;
        }
        let fresh = self.dialer.do_not_call_learned().filter(|number| !self.passed_on.contains(*number));
        let fresh: Vec<PhoneNumber> = fresh.cloned().collect();
        for number in fresh {
            let Ok(room) = self.opt_outs.try_reserve() else { break };
            room.send(number.clone());
            self.passed_on.insert(number);
        }
    }

    /// Takes a job in. One that is known stays as it is, with the cursor that its courier writes to: who reads all jobs at the
    /// start, and who makes a new one, may both hand it in.
    fn load(&mut self, (record, loaded): (JobRecord, LoadedJob)) {
        if self.store.knows(&loaded.job) {
            return;
        }
        let (job, owner) = (loaded.job.clone(), loaded.owner.clone());
        self.board.owner(&owner, &job);
        self.store.know(job.clone(), record);
        self.tell(Event::JobLoaded(loaded));
        self.note_stored(&owner, &job);
    }

    /// The owner's courier, if there is one, looks for results in what the store holds of the job. What is on its way there is
    /// noted once it has come.
    fn note_stored(&self, owner: &OwnerId, job: &JobId) {
        if self.couriers.of(owner).is_some()
            && let Some(states) = self.dialer.stored_states(job)
        {
            self.store.deliver(job, states);
        }
    }

    fn forget(&mut self, job: JobId) {
        self.store.forget(&job);
        self.board.forget(&job);
        self.tell(Event::JobRemoved { job });
    }

    /// Results of a campaign go somewhere else from now on. What the store holds already is delivered too.
    fn results(&mut self, owner: OwnerId, to: Option<Box<(Origin, Address)>>) {
        let Some((origin, address)) = to.map(|to| *to) else {
            if self.couriers.of(&owner).is_some() {
                self.couriers.dismiss(&owner);
                self.tell(Event::ResultsPileUp { owner, full: false });
            }
            return;
        };
        if let Some(courier) = self.couriers.of(&owner) {
            courier.send_to(address);
            return;
        }
        let (courier, errand) =
            Courier::new(origin, owner.clone(), address, self.postman.clone(), self.words.0.clone());
        while self.errands.try_join_next().is_some() {}
        self.errands.spawn(errand);
        self.couriers.employ(owner.clone(), courier);
        for job in self.store.jobs_of(&owner) {
            self.note_stored(&owner, &job);
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        self.next_token += 1;
        let token = DeliveryToken(self.next_token);
        self.waiting.insert(token, delivery.verdict);
        self.tell(Event::Webhook { token, call: delivery.call });
    }

    /// Counts and traces the attempts that have ended since.
    fn tell_ended(&mut self) {
        for ended in self.dialer.take_ended() {
            self.metrics.ended(&ended);
        }
    }

    /// Performs what the dialer wants done, as far as there is room.
    fn drain(&mut self) {
        while self.has_room() {
            let Some(effect) = self.dialer.poll(self.clock.now()) else { return };
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        tracing::trace!(?effect, "perform");
        let (voice, store) = (Arc::clone(&self.voice), self.store.clone());
        let (running, metrics) = (&mut self.running, &self.metrics);
        match effect {
            Effect::Acknowledge { token, verdict } => self.acknowledge(token, verdict),
            Effect::Save(save) => drop(running.spawn(async move { store.save(save).await })),
            Effect::Load { job } => drop(running.spawn(async move { store.load(job).await })),
            Effect::Dial(dial) => {
                let place = metrics.place(&dial.key);
                running.spawn(within(place, async move { voice.dial(dial).await }));
            }
            Effect::Command(command) => {
                let place = metrics.place(&command.client_state.key);
                running.spawn(within(place, async move { voice.command(command).await }));
            }
            Effect::LookUp(look_up) => {
                let place = metrics.place(&look_up.key);
                running.spawn(within(place, async move { voice.look_up(look_up).await }));
            }
        }
    }

    fn acknowledge(&mut self, token: DeliveryToken, verdict: CoreVerdict) {
        let Some(waiting) = self.waiting.remove(&token) else { return };
        let verdict = match verdict {
            CoreVerdict::Done => Verdict::Durable,
            CoreVerdict::NotHere if self.ready => Verdict::NotNeeded,
            CoreVerdict::Retry | CoreVerdict::NotHere => Verdict::Again,
        };
        // The receiver has answered already when it waited for too long.
        let _answered_meanwhile = waiting.send(verdict);
    }

    /// Shows how far everybody has come, at most twice a second.
    fn look(&mut self) {
        if Instant::now() < self.next_look {
            return;
        }
        self.board.show(&self.dialer, self.ready);
        self.metrics.count(&mut self.seen, self.dialer.signals());
        self.next_look = Instant::now() + PROGRESS_GAP;
    }

    /// Claims nothing more, gives back what is undialled, and gives what is under way some time to be stored. Webhooks are answered 503: whoever starts
    /// next gets them again.
    async fn flush(mut self) -> Result<Option<Handover>, ActorError> {
        self.deliveries.close();
        self.waiting.clear();
        self.tell(Event::Stopping);
        for job in self.store.with_unstored_cursor() {
            self.tell(Event::JobTouched { job });
        }
        let deadline = Instant::now() + FLUSH;
        loop {
            self.drain();
            self.tell_ended();
            let idle = self.running.is_empty() && self.dialer.is_stored();
            if idle {
                return Ok(Some(self.dialer.handover(self.clock.now())));
            }
            let wake = self.dialer.wake().map_or(deadline, |wake| self.clock.at(wake.at)).min(deadline);
            tokio::select! {
                Some(answer) = self.running.join_next(), if !self.running.is_empty() => self.tell(answer?),
                () = sleep_until(wake) => if Instant::now() >= deadline {
                    tracing::warn!(effects = self.running.len(), "stopped before everything was stored; it is looked up at the next start");
                    return Ok(None);
                },
            }
        }
    }
}
