//! Keeps this process's leases: one task that watches all leases, owns every [`Tenure`] and sends what they ask for.
//!
//! Promises that a lease is written only under the version that was seen, that the time of a renewal is taken before it is sent,
//! that nothing is done for what could not be renewed in time, and that the task ends as soon as another has written a lease that
//! was held here. Decides nothing: that is the tenure's.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::PostParams;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event};
use kube::{Api, ResourceExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::leases::{Leases, Place, Sight, version_of};
use super::metrics::{Change, Metrics};
use super::post::{Given, Look, Post};
use super::record::{self, Holder, LEASE};
use super::silence::Silence;
use super::tenure::{Process, Step, Tenure, Terms, Up};
use super::{Hold, Ownership, Subject, Want, Wants};
use crate::listing::scoped;
use crate::reconcile::{AccountKey, Scope};

/// For the API server to answer a write of a lease. With a retry each second there are two tries between a renewal that is due and
/// the end.
const REQUEST: Duration = Duration::from_secs(3);
/// How much longer a replica leaves a lease to others for each that it has, so that accounts go to who has least.
const PATIENCE_EACH: Duration = Duration::from_millis(50);
/// Beyond so many it makes no difference.
const PATIENCE_OF: u32 = 10;
/// How often it is looked whether a lease is left over, or a namespace that is being deleted is gone.
const SWEEP: Duration = Duration::from_secs(10);

/// Told of everything that this process acts for from now on.
pub type Gained = Box<dyn Fn(&Subject) + Send + Sync>;

/// A lease was lost that was not given up: somebody else has written it, or it cannot be renewed though others can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease of {} was lost: {why}", .subject.as_ref().map_or_else(|| "everything".to_owned(), ToString::to_string))]
pub struct Lost {
    /// Which; `None`: all.
    pub subject: Option<Subject>,
    /// How.
    pub why: &'static str,
}

impl Lost {
    /// Nobody renews them any more.
    #[must_use]
    pub fn all() -> Self {
        Self { subject: None, why: "nobody renews it any more" }
    }
}

/// The task's state.
pub struct Keeper {
    ownership: Ownership,
    kube: kube::Client,
    me: Process,
    terms: Terms,
    wants: mpsc::UnboundedReceiver<Want>,
    news: BoxStream<'static, (usize, watcher::Result<Event<Lease>>)>,
    gained: Gained,
    metrics: Metrics,
    /// Nothing is taken any more.
    stopping: CancellationToken,
    posts: BTreeMap<Subject, Post>,
    places: HashMap<Place, Subject>,
    leases: Leases,
    writes: JoinSet<Answer>,
    silence: Silence,
    accounts_known: bool,
    releasing: bool,
    swept: Up,
}

/// What a write was for, and of which lease: an account that is made again under its name has another.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Aim {
    Holding(Subject, Place),
    GivingUp(Subject, Place),
    LettingGo,
}

struct Answer {
    aim: Aim,
    sent: Up,
    result: Result<Lease, Failure>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the API server did not answer in time")]
    TooSlow,
    #[error(transparent)]
    Kube(#[from] kube::Error),
}

impl Failure {
    /// Whether the API server was there to say no: not its proxy, nor one whose store is gone.
    fn is_an_answer(&self) -> bool {
        matches!(self, Self::Kube(kube::Error::Api(status)) if status.code < 500)
    }
}

enum Input {
    Want(Want),
    Answer(Answer),
    News(usize, watcher::Result<Event<Lease>>),
    Time,
}

impl Keeper {
    /// Keeps leases of the namespaces in `scope`, in the name of `me`. Takes no more once `stopping` is cancelled, and ends
    /// when it is told to release.
    #[must_use]
    pub fn new(
        (ownership, wants): (Ownership, Wants),
        kube: kube::Client,
        me: Process,
        scope: &Scope,
        gained: Gained,
        metrics: Metrics,
        stopping: CancellationToken,
    ) -> Self {
        let namespaces = scope.namespaces();
        let watches = namespaces.iter().enumerate().map(|(index, namespace)| {
            let leases = scoped::<Lease>(&kube, namespace.as_deref());
            let config = watcher::Config::default().labels(LEASE);
            watcher::watcher(leases, config).default_backoff().map(move |event| (index, event)).boxed()
        });
        Self {
            news: stream::select_all(watches).boxed(),
            leases: Leases::of(namespaces.clone()),
            ownership,
            kube,
            me,
            terms: Terms::default(),
            wants: wants.0,
            gained,
            metrics,
            stopping,
            posts: BTreeMap::new(),
            places: HashMap::new(),
            writes: JoinSet::new(),
            silence: Silence::default(),
            accounts_known: false,
            releasing: false,
            swept: Up::ZERO,
        }
    }

    /// Runs until everything was released.
    ///
    /// # Errors
    /// A lease was lost. Nothing may be done for anybody any more.
    pub async fn run(mut self) -> Result<(), Lost> {
        loop {
            self.check()?;
            self.listen();
            if self.releasing && self.posts.is_empty() {
                return Ok(());
            }
            let wake = self.act();
            match self.next(wake).await {
                Input::Want(want) => self.want(want),
                Input::Answer(answer) => self.answered(answer),
                Input::News(watch, Ok(event)) => {
                    // The first is said before anybody was asked.
                    if !matches!(event, Event::Init) {
                        self.heard();
                    }
                    self.observed(watch, event);
                }
                Input::News(_, Err(error)) => {
                    tracing::warn!(%error, "the watch on leases failed; it is tried again");
                }
                Input::Time => {}
            }
        }
    }

    async fn next(&mut self, wake: Up) -> Input {
        let wake = self.ownership.at(wake);
        tokio::select! {
            biased;
            Some(Ok(answer)) = self.writes.join_next(), if !self.writes.is_empty() => Input::Answer(answer),
            // The sender is this task's own, too.
            Some(want) = self.wants.recv() => Input::Want(want),
            Some((watch, event)) = self.news.next() => Input::News(watch, event),
            () = sleep_until(wake) => Input::Time,
        }
    }

    /// Is everything that is held still held?
    fn check(&mut self) -> Result<(), Lost> {
        let now = self.ownership.now();
        let others_are = self.posts.values().any(Post::is_acting);
        for (subject, post) in &mut self.posts {
            match post.look(now, self.terms, others_are) {
                Look::AsBefore => {}
                Look::Lapsed => {
                    self.metrics.changed(subject.word(), Change::Lost);
                    tracing::warn!(lease = %subject, "could not be renewed in time: nothing is done for it until it is");
                }
                Look::Lost { why, acted } => {
                    if acted {
                        self.metrics.changed(subject.word(), Change::Lost);
                    }
                    return Err(Lost { subject: Some(subject.clone()), why });
                }
            }
        }
        Ok(())
    }

    /// Says that the API server is silent, once it has been for as long as a lease lasts.
    fn listen(&mut self) {
        let now = self.ownership.now();
        let Some(since) = self.silence.look(now, self.terms.duration) else { return };
        let ago = SignedDuration::try_from(now.saturating_sub(since)).unwrap_or(SignedDuration::MAX);
        let since = Timestamp::now().saturating_sub(ago).unwrap_or(Timestamp::MIN).strftime("%FT%TZ");
        tracing::error!(
            "the Kubernetes API server has not answered since {since}; this process calls nobody until it does"
        );
    }

    fn heard(&mut self) {
        if let Some(silent) = self.silence.heard(self.ownership.now()) {
            tracing::info!("the Kubernetes API server answers again, after {} s", silent.as_secs());
        }
    }

    /// Does what is due. Returns when something will be.
    fn act(&mut self) -> Up {
        let now = self.ownership.now();
        let mut wake = now + SWEEP;
        if now >= self.swept + SWEEP {
            self.swept = now;
            self.sweep();
        }
        if self.releasing {
            return wake;
        }
        let ready = self.leases.are_known();
        let mut mine = self.posts.values().filter(|post| post.is_held() || post.tenure.is_writing()).count();
        let mut due = Vec::new();
        for (subject, post) in &mut self.posts {
            if let Some(at) = post.announce {
                if at <= now {
                    post.announce = None;
                    (self.gained)(subject);
                } else {
                    wake = wake.min(at);
                }
            }
            wake = post.lapses_at().map_or(wake, |at| wake.min(at));
            if !post.is_held() && (!ready || self.stopping.is_cancelled()) {
                continue;
            }
            if let Some(again) = post.impossible.filter(|again| now < *again) {
                wake = wake.min(again);
                continue;
            }
            let version = match post.tenure.next(now, patience(mine)) {
                Step::Create => None,
                Step::Replace { version } => Some(version),
                Step::Wait(at) => {
                    wake = wake.min(at);
                    continue;
                }
                Step::Listen => continue,
            };
            mine += usize::from(!post.is_held());
            due.push((subject.clone(), version));
        }
        for (subject, version) in due {
            self.send(&subject, version);
        }
        wake
    }

    /// Takes or renews a lease.
    fn send(&mut self, subject: &Subject, version: Option<u64>) {
        let Some(post) = self.posts.get_mut(subject) else { return };
        let before = self.leases.get(&post.place);
        if before.and_then(version_of) != version {
            return;
        }
        // Known here before it is told to anybody that the lease is held.
        post.left = before.and_then(record::left);
        let flows = self.ownership.active_flows();
        let holder = Holder::Me(&self.me, &flows);
        let lease = record::write(subject, &post.uid, holder, self.terms, before, Timestamp::now());
        post.tenure.sending();
        let aim = Aim::Holding(subject.clone(), post.place.clone());
        self.write(aim, lease);
    }

    fn write(&mut self, aim: Aim, lease: Lease) {
        let api = Api::<Lease>::namespaced(self.kube.clone(), &lease.namespace().unwrap_or_default());
        let ownership = self.ownership.clone();
        self.writes.spawn(async move {
            let sent = ownership.now();
            let (params, name) = (PostParams::default(), lease.name_any());
            let writing = match lease.resource_version() {
                None => api.create(&params, &lease).boxed(),
                Some(_) => api.replace(&name, &params, &lease).boxed(),
            };
            let result = match timeout(REQUEST, writing).await {
                Ok(result) => result.map_err(Failure::Kube),
                Err(_) => Err(Failure::TooSlow),
            };
            Answer { aim, sent, result }
        });
    }

    fn answered(&mut self, answer: Answer) {
        let Answer { aim, sent, result } = answer;
        if result.as_ref().err().is_none_or(Failure::is_an_answer) {
            self.heard();
        } else {
            self.silence.unanswered(sent);
        }
        let (subject, place) = match &aim {
            Aim::Holding(subject, place) | Aim::GivingUp(subject, place) => (subject.clone(), place.clone()),
            Aim::LettingGo => return,
        };
        if self.posts.get(&subject).is_none_or(|post| post.place != place) {
            // Of a lease that is not wanted any more. It runs out, or is let go with its account.
            return;
        }
        match (aim, result) {
            (Aim::Holding(..), Ok(lease)) => self.written(&subject, sent, lease),
            (Aim::Holding(..), Err(failure)) => self.not_written(&subject, &failure),
            (Aim::GivingUp(..), result) => {
                if let Err(error) = result {
                    tracing::warn!(lease = %subject, %error, "could not be given up: it runs out by itself");
                }
                self.forget(&subject);
            }
            (Aim::LettingGo, _) => {}
        }
        if self.releasing {
            self.give_up(&subject);
        }
    }

    fn written(&mut self, subject: &Subject, sent: Up, lease: Lease) {
        let now = self.ownership.now();
        let Some(seen) = record::read(&lease, self.terms) else { return };
        let Some(post) = self.posts.get_mut(subject) else { return };
        post.impossible = None;
        self.leases.written(&post.place, lease);
        post.tenure.accepted(now, sent, seen);
        match post.answered(now) {
            Given::Nothing => {}
            Given::Longer(until) => self.ownership.prolong(subject, until),
            Given::Hold(from, until) => {
                if let Subject::Account(account) = subject {
                    self.ownership.takes_over(account, post.left.take());
                }
                self.ownership.hold(subject, Hold { from, until: Some(until) });
                self.metrics.changed(subject.word(), Change::Gained);
                tracing::info!(lease = %subject, "acting for it from now on");
            }
        }
    }

    fn not_written(&mut self, subject: &Subject, failure: &Failure) {
        let now = self.ownership.now();
        let Some(post) = self.posts.get_mut(subject) else { return };
        post.tenure.failed(now);
        match failure {
            Failure::Kube(kube::Error::Api(status)) if is_terminating(status) => {
                // Nobody can hold what cannot be made, and what is left in the namespace has to be cleaned up.
                post.impossible = Some(now + SWEEP);
                if self.ownership.left(subject).is_none() {
                    post.announce = Some(now);
                    self.ownership.hold(subject, Hold { from: now, until: None });
                    tracing::debug!(lease = %subject, "no lease can be made in a namespace that is being deleted");
                }
            }
            Failure::Kube(kube::Error::Api(status)) if status.code == 404 && !post.is_held() => {
                if let Subject::Namespace(namespace) = subject {
                    self.ownership.forget_namespace(namespace);
                    self.forget(subject);
                }
            }
            // Another was quicker, or the watch lags; it shows what is so.
            Failure::Kube(kube::Error::Api(status)) if status.code == 409 => {}
            Failure::Kube(_) | Failure::TooSlow if post.is_held() => {
                tracing::warn!(lease = %subject, error = %failure, "could not be renewed; it is tried again");
            }
            Failure::Kube(_) | Failure::TooSlow => {
                tracing::warn!(lease = %subject, error = %failure, "could not be taken; it is tried again");
            }
        }
    }

    fn want(&mut self, want: Want) {
        match want {
            Want::Account(key, uid) => self.wanted(Subject::Account(key), uid),
            Want::Namespace(namespace) => self.wanted(Subject::Namespace(namespace), String::new()),
            Want::AccountGone(key) => self.account_gone(key),
            Want::AccountsKnown => {
                self.accounts_known = true;
                self.sweep();
            }
            Want::Release => {
                self.releasing = true;
                let subjects: Vec<Subject> = self.posts.keys().cloned().collect();
                for subject in subjects {
                    self.give_up(&subject);
                }
            }
        }
    }

    fn wanted(&mut self, subject: Subject, uid: String) {
        if let Some(post) = self.posts.get(&subject) {
            if post.uid == uid {
                return;
            }
            // Deleted and made again between two looks.
            self.forget(&subject);
        }
        let place = record::place(&subject, &uid);
        let mut tenure = Tenure::new(self.me.clone(), self.terms, self.ownership.now());
        if let Some(lease) = self.leases.get(&place) {
            tenure.observe(self.ownership.now(), record::read(lease, self.terms));
            self.ownership.tell_of(&place, Some(&subject), lease, &self.me);
        }
        self.places.insert(place.clone(), subject.clone());
        self.posts.insert(subject, Post::new(uid, place, tenure));
    }

    fn account_gone(&mut self, key: AccountKey) {
        let subject = Subject::Account(key);
        let Some(place) = self.posts.get(&subject).map(|post| post.place.clone()) else { return };
        self.forget(&subject);
        if let Some(lease) = self.leases.get(&place) {
            let lease = record::let_go(lease);
            self.write(Aim::LettingGo, lease);
        }
    }

    /// Gives up one lease, once nothing is being written of it.
    fn give_up(&mut self, subject: &Subject) {
        let Some(post) = self.posts.get_mut(subject).filter(|post| !post.tenure.is_writing()) else { return };
        let version = post.tenure.give_up();
        self.ownership.drop_hold(subject);
        if post.step_down() {
            self.metrics.changed(subject.word(), Change::Released);
        }
        let lease = self.leases.get(&post.place);
        match lease.filter(|lease| version.is_some() && version_of(lease) == version) {
            Some(before) => {
                let leaves = self.ownership.leaves(subject);
                let holder = Holder::Nobody(leaves.as_ref());
                let lease = record::write(subject, &post.uid, holder, self.terms, Some(before), Timestamp::now());
                let aim = Aim::GivingUp(subject.clone(), post.place.clone());
                self.write(aim, lease);
            }
            None => self.forget(subject),
        }
    }

    /// Nothing is held of it, or wanted.
    fn forget(&mut self, subject: &Subject) {
        self.ownership.drop_hold(subject);
        if let Subject::Account(account) = subject {
            self.ownership.held_by(account, None);
        }
        if let Some(mut post) = self.posts.remove(subject) {
            self.places.remove(&post.place);
            if post.step_down() {
                self.metrics.changed(subject.word(), Change::Released);
            }
        }
    }

    fn observed(&mut self, watch: usize, event: Event<Lease>) {
        for sight in self.leases.observe(watch, event) {
            match sight {
                Sight::Seen(place) => self.seen(&place),
                Sight::Gone(place) => self.gone(&place),
            }
        }
    }

    fn seen(&mut self, place: &Place) {
        let Some(lease) = self.leases.get(place) else { return };
        let subject = self.places.get(place);
        if let Some(post) = subject.and_then(|subject| self.posts.get_mut(subject)) {
            post.tenure.observe(self.ownership.now(), record::read(lease, self.terms));
        }
        self.ownership.tell_of(place, subject, lease, &self.me);
    }

    fn gone(&mut self, place: &Place) {
        self.ownership.told(place, None);
        let Some(subject) = self.places.get(place).cloned() else { return };
        if let Subject::Account(account) = &subject {
            self.ownership.held_by(account, None);
        }
        let Some(post) = self.posts.get_mut(&subject) else { return };
        post.tenure.observe(self.ownership.now(), None);
        if matches!(subject, Subject::Namespace(_)) && post.is_held() {
            // It has no finalizer, and goes with its namespace. Nothing that it decides about rings a phone.
            self.ownership.drop_hold(&subject);
            if post.step_down() {
                self.metrics.changed(subject.word(), Change::Released);
            }
        }
    }

    /// Lets leases go that are to be deleted, and whose account is not there any more.
    fn sweep(&mut self) {
        if !self.accounts_known {
            return;
        }
        let left_over = self.leases.iter().filter(|(place, _)| !self.places.contains_key(*place));
        let left_over = left_over.filter(|(_, lease)| record::is_left_over(lease));
        let left_over: Vec<Lease> = left_over.map(|(_, lease)| record::let_go(lease)).collect();
        for lease in left_over {
            self.write(Aim::LettingGo, lease);
        }
    }
}

/// How much longer than need be a lease is left to others by who has so many.
fn patience(mine: usize) -> Duration {
    PATIENCE_EACH * u32::try_from(mine).unwrap_or(PATIENCE_OF).min(PATIENCE_OF)
}

/// Whether the answer is that nothing can be made in a namespace because it is being deleted (Kubernetes: admission plugin
/// `NamespaceLifecycle`).
fn is_terminating(status: &kube::core::Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 403 && causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating")
}
