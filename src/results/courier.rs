//! Takes the results of one campaign to its sink: one task per campaign.
//!
//! Promises that every target whose end is stored is sent until the sink has taken it; that what is remembered of
//! results is bounded by the targets of the campaign, a few words each; and that what was delivered is stored within
//! seconds, so that a process that starts anew sends little twice. Decides nothing about calls: it says when results
//! pile up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dialer::target::StoredState;
use dialer::{JobId, OwnerId, TargetState};
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::cursor::{Cursor, Places};
use super::event::{Origin, finished};
use super::outbox::{Outbox, Parcel};
use super::postman::{Address, NotTaken, Postman};
use super::row::Row;

/// How long marks wait for a save that takes them along before they ask for one.
const STORE_WITHIN: Duration = Duration::from_secs(5);

/// What a courier tells whoever owns its campaign's dialer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Results pile up, or do so no more.
    PileUp {
        /// Whose.
        owner: OwnerId,
        /// Whether they do.
        full: bool,
    },
    /// The job's cursor is to be stored.
    Store {
        /// Which job.
        job: JobId,
    },
}

/// How deliveries stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Results that the sink does not have.
    pub waiting: usize,
    /// Why the last try failed, and since when all do.
    pub failing: Option<(NotTaken, Timestamp)>,
    /// Jobs whose cursor is not stored yet.
    unstored: usize,
}

impl Delivery {
    /// Whether the sink has everything, and the store says so.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.waiting == 0 && self.unstored == 0
    }
}

/// The way to a campaign's courier. Dropping the last one ends its task.
#[derive(Clone, Debug)]
pub struct Courier {
    desk: Arc<Desk>,
    _stop: Arc<DropGuard>,
}

/// What the courier and those who use it share.
#[derive(Debug, Default)]
struct Desk {
    letters: Mutex<Letters>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Letters {
    /// The newest states of jobs that were not looked at. Of two, the newer says all that the older said.
    notes: BTreeMap<JobId, (Arc<Cursor>, Arc<[TargetState]>)>,
    address: Option<Address>,
    delivery: Delivery,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Courier {
    /// A courier and its task, which ends once nobody holds the courier any more, or nobody hears its words.
    #[must_use = "without its task nothing is delivered"]
    pub fn new(
        origin: Origin,
        owner: OwnerId,
        address: Address,
        postman: Postman,
        words: mpsc::Sender<Word>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (desk, stop) = (Arc::new(Desk::default()), CancellationToken::new());
        let round = Round {
            desk: Arc::clone(&desk),
            stop: stop.clone(),
            origin: Arc::new(origin),
            owner,
            address: Arc::new(address),
            postman,
            words,
            outbox: Outbox::default(),
            seen: BTreeMap::new(),
            unstored: BTreeMap::new(),
            running: JoinSet::new(),
            failing: None,
            was_full: false,
            began: Instant::now(),
        };
        (Self { desk, _stop: Arc::new(stop.drop_guard()) }, round.run())
    }

    /// The store holds these states of a job.
    pub fn note(&self, cursor: &Arc<Cursor>, states: Arc<[TargetState]>) {
        self.desk.lock().notes.insert(cursor.job().clone(), (Arc::clone(cursor), states));
        self.desk.news.notify_one();
    }

    /// Results go there from now on.
    pub fn send_to(&self, address: Address) {
        self.desk.lock().address = Some(address);
        self.desk.news.notify_one();
    }

    /// How deliveries stand.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        let letters = self.desk.lock();
        // Nobody has looked yet at what there is to send.
        let unread = letters.notes.len();
        Delivery { unstored: letters.delivery.unstored + unread, ..letters.delivery }
    }
}

/// The couriers of one account's campaigns. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Couriers(Arc<Mutex<BTreeMap<OwnerId, Courier>>>);

impl Couriers {
    /// The campaign's. `None`: its results go nowhere.
    #[must_use]
    pub fn of(&self, owner: &OwnerId) -> Option<Courier> {
        self.lock().get(owner).cloned()
    }

    /// The campaign has one from now on.
    pub fn employ(&self, owner: OwnerId, courier: Courier) {
        self.lock().insert(owner, courier);
    }

    /// The campaign has none any more.
    pub fn dismiss(&self, owner: &OwnerId) {
        self.lock().remove(owner);
    }

    /// No campaign has one.
    pub fn dismiss_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<OwnerId, Courier>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One result on its way.
#[derive(Debug)]
struct Finished {
    cursor: Arc<Cursor>,
    place: u32,
    state: Box<StoredState>,
}

/// An answer of the sink.
type Answer = (Parcel<Finished>, Result<(), NotTaken>);

/// The task's state.
struct Round {
    desk: Arc<Desk>,
    stop: CancellationToken,
    origin: Arc<Origin>,
    owner: OwnerId,
    address: Arc<Address>,
    postman: Postman,
    words: mpsc::Sender<Word>,
    outbox: Outbox<Finished>,
    /// Places that are, or were, in the outbox, by job.
    seen: BTreeMap<JobId, Places>,
    /// Cursors with marks that the store does not hold.
    unstored: BTreeMap<JobId, Unstored>,
    running: JoinSet<Answer>,
    failing: Option<(NotTaken, Timestamp)>,
    was_full: bool,
    began: Instant,
}

/// A cursor with marks that the store does not hold.
struct Unstored {
    cursor: Arc<Cursor>,
    /// Its newest marks were asked to be stored.
    asked: bool,
    /// Asked for, or asked for again, at this instant.
    ask_at: Instant,
}

/// Nobody hears the courier's words any more, or one of its errands panicked: whoever starts it again finds everything
/// in the store.
struct Over;

impl From<JoinError> for Over {
    fn from(error: JoinError) -> Self {
        tracing::error!(task = %error.id(), "a result was lost on its way; all that were not delivered are sent again");
        Self
    }
}

impl Round {
    async fn run(mut self) {
        while self.turn().await.is_ok() {}
    }

    async fn turn(&mut self) -> Result<(), Over> {
        self.read();
        self.send();
        self.say().await?;
        let wake = [self.outbox.wake().map(|at| self.began + at), self.next_store()].into_iter().flatten().min();
        let desk = Arc::clone(&self.desk);
        tokio::select! {
            () = self.stop.cancelled() => return Err(Over),
            () = desk.news.notified() => {}
            Some(answer) = self.running.join_next(), if !self.running.is_empty() => self.hear(answer?),
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
        }
        Ok(())
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Takes in what was noted, and where to send it.
    fn read(&mut self) {
        let now = self.now();
        let desk = Arc::clone(&self.desk);
        let mut letters = desk.lock();
        if let Some(address) = letters.address.take().filter(|address| *address != *self.address) {
            self.address = Arc::new(address);
            self.outbox.begin_anew(now);
        }
        for (_, (cursor, states)) in std::mem::take(&mut letters.notes) {
            self.take_in(&cursor, &states, now);
        }
        self.unstored.retain(|_, unstored| !unstored.cursor.is_stored());
        letters.delivery =
            Delivery { waiting: self.outbox.backlog(), failing: self.failing, unstored: self.unstored.len() };
    }

    fn take_in(&mut self, cursor: &Arc<Cursor>, states: &[TargetState], now: Duration) {
        let delivered = cursor.delivered();
        let seen = self.seen.entry(cursor.job().clone()).or_default();
        for (place, state) in (0..).zip(states).filter(|(_, state)| state.is_done()) {
            if !delivered.contains(place) && seen.insert(place) {
                let state = Box::new(StoredState::from(state.clone()));
                self.outbox.add(now, Finished { cursor: Arc::clone(cursor), place, state });
            }
        }
    }

    fn send(&mut self) {
        while let Some(parcel) = self.outbox.next(self.now()) {
            let Finished { cursor, place, state } = &parcel.what;
            let Some(target) = cursor.target(*place) else {
                // No list is shorter than its states.
                self.outbox.taken(parcel);
                continue;
            };
            let row = Row {
                id: target.as_str().to_owned(),
                number: None,
                job: cursor.job_name().to_owned(),
                state: (**state).clone(),
            };
            let event = finished(&self.origin, &row);
            let id = event.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            let (postman, address) = (self.postman.clone(), Arc::clone(&self.address));
            self.running.spawn(async move {
                let answer = postman.take(&address, &id, event.to_string().into_bytes()).await;
                (parcel, answer)
            });
        }
    }

    fn hear(&mut self, (parcel, answer): Answer) {
        match answer {
            Ok(()) => {
                let Finished { cursor, place, .. } = self.outbox.taken(parcel);
                cursor.mark(place);
                self.failing = None;
                let ask_at = Instant::now() + STORE_WITHIN;
                let job = cursor.job().clone();
                let unstored = self.unstored.entry(job).or_insert(Unstored { cursor, asked: false, ask_at });
                unstored.asked = false;
            }
            Err(why) => {
                let since = self.failing.map_or_else(Timestamp::now, |(_, since)| since);
                if self.failing.is_none() {
                    tracing::warn!(campaign = %self.origin.name, namespace = %self.origin.namespace, %why,
                        "the sink does not take a result; it is sent again");
                }
                self.failing = Some((why, since));
                self.outbox.refused(self.now(), parcel, rand::random());
            }
        }
    }

    /// Says what others have to know: whether results pile up, and what is to be stored.
    async fn say(&mut self) -> Result<(), Over> {
        if self.outbox.is_full() != self.was_full {
            self.was_full = self.outbox.is_full();
            self.tell(Word::PileUp { owner: self.owner.clone(), full: self.was_full }).await?;
        }
        // With nothing left to deliver there may be no save that would take the marks along.
        let all = self.outbox.backlog() == 0;
        let now = Instant::now();
        let due = self.unstored.iter_mut().filter(|(_, marks)| marks.ask_at <= now || (all && !marks.asked));
        let mut jobs = Vec::new();
        for (job, marks) in due {
            (marks.asked, marks.ask_at) = (true, now + STORE_WITHIN);
            jobs.push(job.clone());
        }
        for job in jobs {
            self.tell(Word::Store { job }).await?;
        }
        Ok(())
    }

    fn next_store(&self) -> Option<Instant> {
        self.unstored.values().map(|unstored| unstored.ask_at).min()
    }

    async fn tell(&self, word: Word) -> Result<(), Over> {
        self.words.send(word).await.map_err(|_| Over)
    }
}
