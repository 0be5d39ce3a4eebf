//! Large campaigns in a healthy world: the rate is held, the store is written seldom, and an event costs little however
//! many targets there are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "test helpers: every one of these is a failed test"
)]

mod fixture;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dialer::call::{CallEvent, Hangup, HangupCause, What};
use dialer::effect::{Dial, LegCommand, Save};
use dialer::event::LoadedJob;
use dialer::spec::{AccountLimits, Audience, CampaignSpec, Pacing};
use dialer::{
    CallControlId, CallLegId, ClientState, DeliveryToken, Dialer, Effect, Event, JobId, Leg, Now, Outcome, OwnerId,
    SessionId, Tuning, Version,
};

use fixture::{OWNER, spec, target, wall};

/// What happens later.
enum Later {
    Tell(Event),
    Store(Save),
    Call(Leg, ClientState, What),
}

/// A dialer, and a world in which every call is answered, heard to its end and hung up.
struct Run {
    dialer: Dialer,
    clock: Duration,
    queue: BTreeMap<(Duration, u64), Later>,
    sequence: u64,
    versions: u64,
    dials: Vec<Duration>,
    /// Whose they were.
    by: Vec<OwnerId>,
    saves: u32,
}

const TALK: Duration = Duration::from_secs(4);

impl Run {
    fn new(jobs: u32, per_job: u32, rate: u32, account: AccountLimits) -> Self {
        let mut run = Self::empty(account);
        let owner = OwnerId::parse(OWNER).unwrap();
        run.campaign(&owner, spec(rate), 0..jobs, per_job);
        run.tell(Event::Ready);
        run
    }

    /// A dialer that has not heard of any campaign.
    fn empty(account: AccountLimits) -> Self {
        let now = Now { wall: wall(Duration::ZERO), up: Duration::ZERO };
        let dialer = Dialer::new(SessionId(1), Tuning::default(), now);
        let queue = BTreeMap::new();
        let mut run = Self {
            dialer,
            clock: Duration::ZERO,
            queue,
            sequence: 0,
            versions: 0,
            dials: vec![],
            by: vec![],
            saves: 0,
        };
        run.tell(Event::AccountSet(account));
        run
    }

    /// A campaign with these jobs.
    fn campaign(&mut self, owner: &OwnerId, spec: CampaignSpec, jobs: std::ops::Range<u32>, per_job: u32) {
        let (spec, audience) = (Arc::new(spec), Audience::Complete);
        self.tell(Event::CampaignSet { owner: owner.clone(), spec, audience });
        for job in jobs {
            self.tell(Event::JobLoaded(LoadedJob {
                job: JobId::parse(&format!("job-{job}")).unwrap(),
                owner: owner.clone(),
                version: Version::new("0"),
                targets: (0..per_job).map(|index| target(job, index)).collect(),
                states: Vec::new(),
            }));
        }
    }

    fn now(&self) -> Now {
        Now { wall: wall(self.clock), up: self.clock }
    }

    fn later(&mut self, after: Duration, what: Later) {
        self.sequence += 1;
        self.queue.insert((self.clock + after, self.sequence), what);
    }

    fn tell(&mut self, event: Event) {
        let now = self.now();
        self.dialer.handle(now, event);
        self.drain();
    }

    fn drain(&mut self) {
        let now = self.now();
        while let Some(effect) = self.dialer.poll(now) {
            match effect {
                Effect::Save(save) => {
                    self.saves += 1;
                    self.later(Duration::from_millis(20), Later::Store(save));
                }
                Effect::Dial(dial) => self.dial(dial),
                Effect::Command(command) => self.command(command),
                Effect::Acknowledge { .. } => {}
                Effect::Load { .. } | Effect::LookUp(_) => panic!("nothing is lost here: {effect:?}"),
            }
        }
    }

    fn dial(&mut self, dial: Dial) {
        self.dials.push(self.clock);
        self.by.push(dial.key.attempt.owner.clone());
        let name = dial.key.to_string();
        let leg = Leg { control: CallControlId::new(&name), id: CallLegId::new(&name) };
        let accepted = Event::DialAccepted { key: dial.key, leg: Some(leg.clone()) };
        self.later(Duration::from_millis(30), Later::Tell(accepted));
        self.later(Duration::from_millis(60), Later::Call(leg.clone(), dial.client_state.clone(), What::Initiated));
        self.later(Duration::from_secs(3), Later::Call(leg, dial.client_state, What::Answered));
    }

    fn command(&mut self, command: LegCommand) {
        let LegCommand { leg, command_id, client_state, kind } = command;
        self.later(Duration::from_millis(30), Later::Tell(Event::CommandAccepted { command_id, leg: leg.id.clone() }));
        let (after, what) = match kind {
            dialer::effect::CommandKind::Play(_) | dialer::effect::CommandKind::RunFlow(_) => {
                (TALK, What::AudioEnded(dialer::call::AudioEnd::Completed))
            }
            dialer::effect::CommandKind::Hangup => {
                (Duration::from_millis(50), What::HungUp(Hangup { cause: HangupCause::NormalClearing, sip: None }))
            }
        };
        self.later(after, Later::Call(leg, client_state, what));
    }

    fn run(&mut self) {
        self.run_until(Duration::MAX);
    }

    /// Runs until the campaign is over, or until `end`.
    fn run_until(&mut self, end: Duration) {
        loop {
            let event = self.queue.keys().next().map(|(at, _)| *at);
            let wake = self.dialer.wake().map(|wake| wake.at);
            let Some(next) = [event, wake].into_iter().flatten().min().filter(|at| *at < end && !self.is_over()) else {
                return;
            };
            self.clock = self.clock.max(next);
            if event == Some(next) {
                match self.queue.pop_first().unwrap().1 {
                    Later::Tell(event) => self.tell(event),
                    Later::Store(save) => {
                        self.versions += 1;
                        self.tell(save.stored(Version::new(&self.versions.to_string())));
                    }
                    Later::Call(leg, state, what) => {
                        let call = CallEvent { leg, occurred_at: wall(self.clock), state, what };
                        self.tell(Event::Webhook { token: DeliveryToken(self.sequence), call });
                    }
                }
            } else {
                self.drain();
            }
        }
    }

    fn is_over(&self) -> bool {
        self.dialer.progress(&OwnerId::parse(OWNER).unwrap()).is_some_and(|progress| progress.complete)
    }

    fn completed(&self) -> u32 {
        let progress = self.dialer.progress(&OwnerId::parse(OWNER).unwrap()).unwrap();
        progress.tallied.outcomes[&Outcome::Completed]
    }

    fn most_in_5_s(&self) -> usize {
        let mut most = 0;
        let mut first = 0;
        for (last, at) in self.dials.iter().enumerate() {
            while self.dials[first] + Duration::from_secs(5) <= *at {
                first += 1;
            }
            most = most.max(last - first + 1);
        }
        most
    }

    /// Dials per second between the first and the last.
    fn rate(&self) -> f64 {
        let span = self.dials[self.dials.len() - 1].saturating_sub(self.dials[0]).as_secs_f64();
        f64::from(u32::try_from(self.dials.len()).unwrap() - 1) / span
    }
}

fn account(dials_per_second: u32) -> AccountLimits {
    AccountLimits { dials_per_second, max_concurrent: 100_000 }
}

#[test]
fn thirty_a_second_are_held_within_one_percent() {
    let mut run = Run::new(40, 250, 30, account(40));
    run.run();
    assert_eq!((run.dials.len(), run.completed()), (10_000, 10_000));
    let error = (run.rate() - 30.0).abs() / 30.0;
    assert!(error < 0.01, "{} dials per second", run.rate());
    assert!(run.most_in_5_s() <= 180, "{}", run.most_in_5_s());
}

#[test]
fn the_account_limit_holds_whatever_the_campaign_asks() {
    let mut run = Run::new(4, 250, 500, account(30));
    run.run();
    assert_eq!(run.completed(), 1000);
    assert!(run.most_in_5_s() <= 135, "{}", run.most_in_5_s());
    assert!(run.rate() > 26.0, "{} dials per second of 27", run.rate());
}

#[test]
fn twenty_thousand_targets_at_a_thousand_a_second_cost_few_writes() {
    let mut run = Run::new(80, 250, 1000, account(1200));
    run.run();
    assert_eq!((run.dials.len(), run.completed()), (20_000, 20_000));
    assert!(run.rate() > 950.0, "{} dials per second", run.rate());
    // A job lives for about 8 s, and may be written twice a second.
    assert!(run.saves < 80 * 20, "{} saves", run.saves);
}

/// Ten minutes in which three campaigns want more than the account's 30 dials a second. The share of each in percent, and
/// whatever else there is to know.
fn three_campaigns(shares: [u16; 3], change: impl Fn(usize, &mut Pacing)) -> ([f64; 3], Run) {
    let mut run = Run::empty(AccountLimits { dials_per_second: 34, max_concurrent: 100_000 });
    let owners = ["first", "second", "third"].map(|name| OwnerId::parse(name).unwrap());
    for (index, (owner, share)) in owners.iter().zip(shares).enumerate() {
        let mut campaign = spec(30);
        campaign.pacing.share = share;
        change(index, &mut campaign.pacing);
        let first = u32::try_from(index).unwrap() * 100;
        run.campaign(owner, campaign, first..first + 80, 250);
    }
    run.tell(Event::Ready);
    run.run_until(Duration::from_mins(10));
    let count = |owner: &OwnerId| u32::try_from(run.by.iter().filter(|by| *by == owner).count()).unwrap();
    let all = u32::try_from(run.by.len()).unwrap();
    (owners.map(|owner| 100.0 * f64::from(count(&owner)) / f64::from(all)), run)
}

#[test]
fn three_campaigns_divide_thirty_dials_a_second_by_their_shares_within_three_percent() {
    for shares in [[1, 1, 1], [1, 2, 3], [10, 30, 60], [1, 1, 98], [7, 5, 3]] {
        let (got, run) = three_campaigns(shares, |_, _| {});
        let all: u16 = shares.iter().sum();
        for (got, share) in got.iter().zip(shares) {
            let fair = 100.0 * f64::from(share) / f64::from(all);
            assert!((got - fair).abs() <= 0.03 * fair, "{got:.2} % of the dials for {fair:.2} %, {shares:?}");
        }
        // 34 per second, of which nine tenths may be used.
        assert!(run.most_in_5_s() <= 153, "{}", run.most_in_5_s());
        assert!(run.rate() > 30.0, "{} dials per second lie idle", run.rate());
    }
}

#[test]
fn what_one_campaign_cannot_use_the_others_divide_by_their_shares() {
    let slow = |index, pacing: &mut Pacing| {
        if index == 0 {
            pacing.dials_per_second = dialer::spec::DialRate::per_second(2);
        }
    };
    let (got, run) = three_campaigns([8, 1, 3], slow);
    let rest = 100.0 - got[0];
    assert!((got[0] * run.rate() / 100.0 - 2.0).abs() < 0.06, "{got:?}");
    assert!((got[1] - rest / 4.0).abs() < 0.03 * rest / 4.0, "{got:?}");
}

#[test]
fn the_higher_priority_takes_all_that_it_can_use() {
    let (got, _) = three_campaigns([1, 1, 1], |index, pacing| pacing.priority = if index == 1 { 5 } else { 3 });
    assert!(got[1] > 97.0, "{got:?}");
}

#[test]
fn a_thousand_targets_cost_few_writes() {
    let mut run = Run::new(4, 250, 100, account(200));
    run.run();
    assert_eq!(run.completed(), 1000);
    assert!(run.saves <= 40, "{} saves", run.saves);
}
