//! Campaigns that dial by their agents, in worlds with as many agents as they say: nobody is left waiting beyond what the
//! hard stop allows, and agents have something to do.
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

use dialer::call::{AudioEnd, CallEvent, Hangup, HangupCause, Verdict, What};
use dialer::effect::{CommandKind, Dial, LegCommand, Save};
use dialer::event::LoadedJob;
use dialer::spec::{AccountLimits, Adaptive, Agents, AmdMode, Audience, CampaignSpec, Pacing};
use dialer::target::Halt;
use dialer::{
    Abandonment, CallControlId, CallLegId, ClientState, DeliveryToken, Dialer, Effect, Event, JobId, Leg, Now, OwnerId,
    SessionId, TargetState, Tuning, Version, WaitingFor,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use fixture::{OWNER, spec, target, wall};

/// Whom a world consists of.
#[derive(Clone, Copy, Debug)]
struct People {
    seed: u64,
    /// Agents who are there, and those of them that the campaign is told of.
    agents: u32,
    told: u32,
    /// Of a hundred phones so many are answered by a person.
    live_percent: u32,
    /// The longest talk.
    talk_secs: u64,
    targets: u32,
}

enum Later {
    Tell(Event),
    Store(Save),
    Call(Leg, ClientState, What),
    /// A person hears the announcement; an agent takes the call if one is free.
    WantsAgent(Leg, ClientState),
    /// An agent is free again.
    AgentLeaves,
}

struct World {
    people: People,
    rng: ChaCha8Rng,
    dialer: Dialer,
    clock: Duration,
    queue: BTreeMap<(Duration, u64), Later>,
    sequence: u64,
    versions: u64,
    stored: Vec<TargetState>,
    busy: u32,
    /// What truly happened.
    truth: Abandonment,
    /// Seconds that agents talked, together.
    talked: Duration,
    dials: u32,
    /// Calls under way when the campaign halted.
    at_halt: Option<(Abandonment, u32)>,
}

const ADAPTIVE: Adaptive =
    Adaptive { agents: Agents::Count(0), target: 20, hard_stop: 30, window: Duration::from_hours(24 * 30) };

fn owner() -> OwnerId {
    OwnerId::parse(OWNER).unwrap()
}

impl World {
    fn new(people: People) -> Self {
        let agents = Agents::Count(people.told);
        let adaptive = Some(Adaptive { agents, ..ADAPTIVE });
        let mut campaign = CampaignSpec { pacing: Pacing { adaptive, ..spec(20).pacing }, ..spec(20) };
        campaign.amd.mode = AmdMode::Premium;
        campaign.retry.max_attempts_per_target = 1;
        let now = Now { wall: wall(Duration::ZERO), up: Duration::ZERO };
        let mut world = Self {
            people,
            rng: ChaCha8Rng::seed_from_u64(people.seed),
            dialer: Dialer::new(SessionId(1), Tuning::default(), now),
            clock: Duration::ZERO,
            queue: BTreeMap::new(),
            sequence: 0,
            versions: 0,
            stored: Vec::new(),
            busy: 0,
            truth: Abandonment::default(),
            talked: Duration::ZERO,
            dials: 0,
            at_halt: None,
        };
        world.tell(Event::AccountSet(AccountLimits { dials_per_second: 30, max_concurrent: 10_000 }));
        world.tell(Event::CampaignSet { owner: owner(), spec: Arc::new(campaign), audience: Audience::Complete });
        world.tell(Event::JobLoaded(LoadedJob {
            job: JobId::parse("job-0").unwrap(),
            owner: owner(),
            version: Version::new("0"),
            targets: (0..people.targets).map(|index| target(0, index)).collect(),
            states: Vec::new(),
        }));
        world.tell(Event::Ready);
        world
    }

    fn now(&self) -> Now {
        Now { wall: wall(self.clock), up: self.clock }
    }

    fn later(&mut self, millis: std::ops::Range<u64>, what: Later) {
        let after = Duration::from_millis(self.rng.random_range(millis));
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
                Effect::Save(save) => self.later(10..30, Later::Store(save)),
                Effect::Dial(dial) => self.dial(dial),
                Effect::Command(command) => self.command(command),
                Effect::Acknowledge { .. } | Effect::LookUp(_) => {}
                Effect::Load { .. } => panic!("nothing is lost here"),
            }
        }
        if self.at_halt.is_none() && self.halted() {
            self.at_halt = Some((self.truth, self.progress().tallied.counts.in_flight()));
        }
    }

    fn dial(&mut self, dial: Dial) {
        self.dials += 1;
        let name = dial.key.to_string();
        let leg = Leg { control: CallControlId::new(&name), id: CallLegId::new(&name) };
        let accepted = Event::DialAccepted { key: dial.key, leg: Some(leg.clone()) };
        self.later(20..40, Later::Tell(accepted));
        let rings = self.rng.random_range(3000..12_000);
        let state = dial.client_state;
        if self.rng.random_range(0..100) < self.people.live_percent {
            let said = rings + self.rng.random_range(500..1500);
            self.later(rings..rings + 1, Later::Call(leg.clone(), state.clone(), What::Answered));
            self.later(said..said + 1, Later::Call(leg, state, What::Detected(Verdict::Human)));
        } else {
            let gone = What::HungUp(Hangup { cause: HangupCause::Timeout, sip: None });
            self.later(30_000..30_001, Later::Call(leg, state, gone));
        }
    }

    fn command(&mut self, command: LegCommand) {
        let LegCommand { leg, command_id, client_state, kind } = command;
        self.later(10..30, Later::Tell(Event::CommandAccepted { command_id, leg: leg.id.clone() }));
        match kind {
            CommandKind::Play(_) => self.later(100..600, Later::WantsAgent(leg, client_state)),
            CommandKind::RunFlow(_) => panic!("an announcement is played here"),
            CommandKind::Hangup => {
                let gone = What::HungUp(Hangup { cause: HangupCause::NormalClearing, sip: None });
                self.later(50..60, Later::Call(leg, client_state, gone));
            }
        }
    }

    fn wants_agent(&mut self, leg: Leg, state: ClientState) {
        self.truth.answered += 1;
        if self.busy >= self.people.agents {
            self.truth.abandoned += 1;
            self.later(3000..9000, Later::Call(leg, state, What::AudioEnded(AudioEnd::Completed)));
            return;
        }
        self.busy += 1;
        let talk = self.rng.random_range(1000..=self.people.talk_secs * 1000);
        self.talked += Duration::from_millis(talk);
        self.later(0..300, Later::Call(leg.clone(), state.clone(), What::Connected));
        self.later(talk..talk + 1, Later::AgentLeaves);
        let end = What::HungUp(Hangup { cause: HangupCause::NormalClearing, sip: None });
        // The agent is done a moment before the dialer hears of it.
        self.later(talk + 300..talk + 500, Later::Call(leg, state, end));
    }

    fn progress(&self) -> dialer::Progress {
        self.dialer.progress(&owner()).unwrap()
    }

    fn halted(&self) -> bool {
        let progress = self.dialer.progress(&owner());
        progress.is_some_and(|progress| progress.waiting_for == WaitingFor::Halt(Halt::TooManyAbandoned))
    }

    /// Runs until all targets have ended, or nothing more happens because the campaign halted.
    fn run(&mut self) {
        loop {
            let event = self.queue.keys().next().map(|(at, _)| *at);
            let wake = self.dialer.wake().map(|wake| wake.at);
            let over = self.progress().complete && self.dialer.is_stored() || (self.halted() && event.is_none());
            let Some(next) = [event, wake].into_iter().flatten().min().filter(|_| !over) else { return };
            self.clock = self.clock.max(next);
            assert!(self.clock < Duration::from_hours(24 * 20), "not over: {:?}", self.progress());
            if event != Some(next) {
                self.drain();
                continue;
            }
            match self.queue.pop_first().unwrap().1 {
                Later::Tell(event) => self.tell(event),
                Later::Store(save) => {
                    self.versions += 1;
                    self.stored = save.states.to_vec();
                    self.tell(save.stored(Version::new(&self.versions.to_string())));
                }
                Later::WantsAgent(leg, state) => self.wants_agent(leg, state),
                Later::AgentLeaves => self.busy -= 1,
                Later::Call(leg, state, what) => {
                    let call = CallEvent { leg, occurred_at: wall(self.clock), state, what };
                    self.tell(Event::Webhook { token: DeliveryToken(self.sequence), call });
                }
            }
        }
    }

    /// How much of their time agents talked.
    fn occupancy(&self) -> f64 {
        self.talked.as_secs_f64() / (self.clock.as_secs_f64() * f64::from(self.people.agents))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_more_are_abandoned_than_the_hard_stop_allows_and_were_under_way(
        seed in any::<u64>(), agents in 1..15u32, missing in 0..6u32, live_percent in 5..95u32, talk_secs in 5..120u64,
    ) {
        // Some agents that the campaign counts on have gone for a break.
        let people = People {
            seed, agents: agents.saturating_sub(missing).max(1), told: agents, live_percent, talk_secs, targets: 600,
        };
        let mut world = World::new(people);
        world.run();
        let (truth, under_way) = world.at_halt.unwrap_or((world.truth, 0));
        // 30 in 1,000; of fewer than 100 answers as many as of 100. What is noticed within two seconds may be one more.
        let allowed = (truth.answered.max(100) * 30).div_ceil(1000);
        prop_assert!(truth.abandoned <= allowed + under_way, "{truth:?}, {under_way} under way");
        prop_assert!(world.truth.abandoned <= truth.abandoned + under_way, "{:?} after {truth:?}", world.truth);
        if world.at_halt.is_none() && world.truth.answered >= 100 {
            prop_assert!(world.truth.abandoned * 1000 <= world.truth.answered * 30, "{:?}", world.truth);
        }
    }
}

const TEN: People = People { seed: 7, agents: 10, told: 10, live_percent: 25, talk_secs: 60, targets: 6000 };

#[test]
fn agents_are_busier_than_with_one_line_each_and_few_callees_wait_in_vain() {
    let mut adaptive = World::new(TEN);
    adaptive.run();
    let Abandonment { answered, abandoned } = adaptive.truth;
    assert!(answered > 1000 && abandoned * 1000 <= answered * 30, "{:?}", adaptive.truth);
    // The first 200 answers have one line per agent: so does a campaign that ends with them.
    let mut single = World::new(People { targets: 700, ..TEN });
    single.run();
    let (many, one) = (adaptive.occupancy(), single.occupancy());
    assert!(many > 0.4 && many > 1.5 * one, "{many:.2} and {one:.2} of the agents' time, {:?}", adaptive.truth);
}

#[test]
fn what_the_dialer_counts_is_what_happened_and_outlives_it() {
    let mut world = World::new(People { targets: 400, live_percent: 60, ..TEN });
    world.run();
    let counted = world.progress().abandonment.unwrap();
    assert_eq!(counted, world.truth);
    let mut successor = World::new(People { targets: 1, ..TEN });
    successor.tell(Event::JobLoaded(LoadedJob {
        job: JobId::parse("job-1").unwrap(),
        owner: owner(),
        version: Version::new("9"),
        targets: (0..400).map(|index| target(1, index)).collect(),
        states: world.stored.clone(),
    }));
    successor.clock = world.clock;
    successor.drain();
    successor.tell(Event::Agents { owner: owner(), free: 0, waiting: 0 });
    assert_eq!(successor.progress().abandonment.unwrap(), counted);
}

#[test]
fn a_campaign_without_enough_agents_halts_and_goes_on_when_somebody_has_looked() {
    let mut world = World::new(People { agents: 1, live_percent: 60, ..TEN });
    world.run();
    assert!(world.halted(), "{:?}", world.progress());
    let dials = world.dials;
    let adaptive = Some(Adaptive { agents: Agents::Count(1), ..ADAPTIVE });
    let mut campaign = CampaignSpec { pacing: Pacing { adaptive, ..spec(20).pacing }, ..spec(20) };
    campaign.amd.mode = AmdMode::Premium;
    campaign.retry.max_attempts_per_target = 1;
    world.tell(Event::CampaignSet { owner: owner(), spec: Arc::new(campaign), audience: Audience::Complete });
    world.run();
    assert!(world.dials > dials, "one line for the one agent");
}

#[test]
fn without_word_of_the_agents_nobody_is_called() {
    let mut world = World::new(TEN);
    let adaptive = Some(Adaptive { agents: Agents::Told, ..ADAPTIVE });
    let campaign = CampaignSpec { pacing: Pacing { adaptive, ..spec(20).pacing }, ..spec(20) };
    world.tell(Event::CampaignSet { owner: owner(), spec: Arc::new(campaign), audience: Audience::Complete });
    let pass = |world: &mut World, seconds: u64| {
        for _ in 0..seconds {
            world.clock += Duration::from_secs(1);
            while let Some(entry) = world.queue.first_entry().filter(|entry| entry.key().0 <= world.clock) {
                match entry.remove() {
                    Later::Store(save) => {
                        world.versions += 1;
                        world.tell(save.stored(Version::new(&world.versions.to_string())));
                    }
                    Later::Tell(event) => world.tell(event),
                    Later::Call(..) | Later::WantsAgent(..) | Later::AgentLeaves => {}
                }
            }
            world.drain();
        }
    };
    pass(&mut world, 30);
    assert_eq!((world.dials, world.progress().waiting_for), (0, WaitingFor::Agents));
    world.tell(Event::Agents { owner: owner(), free: 5, waiting: 2 });
    pass(&mut world, 30);
    assert_eq!(world.dials, 3, "two of the five are spoken for");
}
