//! Legs that the account dials, whoever asked for them: what the application and its profile allow, and who is rung.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{CallingWindows, DialRefusals, Outcome};
use crate::model::World;
use crate::model::calls::{
    Batch, Behaviour, Call, CallKey, Callee, Direction, Link, Options, Overrides, Running, State,
};
use crate::model::channels::ChannelLimits;
use crate::model::counters::DialRecord;
use crate::model::outbox::Target;
use crate::model::refusal::{ApiError, Refusal};
use crate::model::spending::RATE;

/// What a dial may use: the application's webhook target and its profile.
pub(super) struct Grant {
    target: Arc<Target>,
    profile: Option<Arc<str>>,
    limits: ChannelLimits,
}

/// What the application allows; 422 with code 10015 on `/connection_id` when there is none to call with.
pub(super) fn grant(world: &World, connection: &str) -> Result<Grant, Refusal> {
    let unusable = |detail: &str| {
        ApiError::new("10015", "Invalid value for connection_id (Call Control App ID)", detail)
            .at("/connection_id")
            .with(422)
    };
    let application = world
        .applications
        .get(connection)
        .filter(|application| application.active)
        .ok_or_else(|| unusable("There is no active Call Control application with this id."))?;
    let target = application.target().ok_or_else(|| unusable("The Call Control application has no webhook URL."))?;
    let profile = application
        .outbound
        .outbound_voice_profile_id
        .as_ref()
        .and_then(|id| world.profiles.get(id))
        .filter(|profile| profile.enabled);
    Ok(Grant {
        target: Arc::clone(target),
        profile: profile.map(|profile| Arc::from(profile.id.as_str())),
        limits: ChannelLimits {
            account: world.config.limits.concurrent_calls.map(u64::from),
            profile: profile.and_then(|profile| profile.concurrent_call_limit),
            application: application.outbound.channel_limit,
        },
    })
}

/// Why an otherwise good dial may not go out.
pub(super) fn forbidden(world: &World, connection: &str, to: &[Arc<str>], grant: &Grant) -> Option<Refusal> {
    let Some(profile) = &grant.profile else {
        let detail = "No enabled outbound voice profile is assigned to this connection D38";
        return Some(ApiError::new("10010", "Authorization failed", detail).at("/connection_id").with(403));
    };
    if world.config.switches.enforce_destinations
        && let Some(profile) = world.profiles.get(profile)
        && to.iter().any(|number| !profile.allows(number))
    {
        let detail = "The destination is not in the whitelisted destinations of the outbound voice profile D9";
        return Some(ApiError::new("10010", "Authorization failed", detail).at("/to").with(403));
    }
    if let Some(refusal) = too_dear(world, profile).or_else(|| too_often(world, profile, to)) {
        return Some(refusal);
    }
    let more = u64::try_from(to.len()).unwrap_or(u64::MAX);
    let full = world.channels.full(connection, Some(profile), &grant.limits, more)?;
    let status = world.config.switches.channel_limit_status;
    Some(ApiError::new(full.code(), "Channel limit exceeded", full.detail()).with(status))
}

/// Why the profile has no money for the call (Telnyx: "Outbound voice profiles").
fn too_dear(world: &World, profile: &str) -> Option<Refusal> {
    if !world.config.switches.enforce_spending {
        return None;
    }
    let limits = world.profiles.get(profile)?;
    let detail = if limits.max_destination_rate.is_some_and(|most| most < RATE.dollars()) {
        "The rate of the destination is above the maximum rate of the outbound voice profile D24"
    } else if limits.daily_limit().is_some_and(|limit| world.spending.today(world.now, profile) >= limit) {
        "The daily spend limit of the outbound voice profile is reached D24"
    } else {
        return None;
    };
    Some(ApiError::new("10010", "Authorization failed", detail).at("/to").with(403))
}

/// Why the profile's `calling_window` lets no call to these numbers start now.
///
/// The refusal for too many calls is that of Telnyx: "Configure Repeat Call Guard on Outbound Voice Profiles" (SIP 403, D66). For
/// a call outside of the window none is documented; it is refused like other calls that the profile forbids. That the guard
/// only applies "to calls made through SIP connections", as that article says, contradicts the reference ("calls made using
/// this outbound voice profile"), which counts here.
fn too_often(world: &World, profile: &str, to: &[Arc<str>]) -> Option<Refusal> {
    let mode = world.config.switches.calling_windows;
    let window = world.profiles.get(profile)?.calling_window.as_ref().filter(|_| mode != CallingWindows::Ignore)?;
    let refuse = |detail: &str, at: &str| Some(ApiError::new("10010", "Authorization failed", detail).at(at).with(403));
    let Some(opened) = window.window().opened_at(world.now) else {
        if mode == CallingWindows::CountOnly {
            return None;
        }
        return refuse("The outbound voice profile lets no call start outside of its calling window", "/connection_id");
    };
    let most = window.calls_per_cld?;
    let mut asked: BTreeMap<&str, u64> = BTreeMap::new();
    for number in to {
        *asked.entry(called(number)).or_default() += 1;
    }
    let fits = |(number, more): (&str, u64)| world.guard.calls(profile, opened, number).saturating_add(more) <= most;
    if asked.into_iter().all(fits) {
        return None;
    }
    refuse("Daily calling restriction to Destination Number exceeded D66", "/to")
}

/// The number that is called, without the digits that are sent after the answer.
fn called(to: &str) -> &str {
    to.split(',').next().unwrap_or(to)
}

/// A call starts: it counts in the window of its profile.
fn count_call(world: &mut World, profile: Option<&Arc<str>>, to: &str) {
    let Some(profile) = profile else { return };
    let window = world.profiles.get(profile).and_then(|profile| profile.calling_window.as_ref());
    if let Some(opened) = window.and_then(|window| window.window().opened_at(world.now)) {
        world.guard.count(profile, opened, &Arc::from(called(to)));
    }
}

/// A leg about to be dialled.
pub(super) struct NewLeg {
    pub(super) to: Arc<str>,
    pub(super) from: Arc<str>,
    pub(super) session_id: Arc<str>,
    pub(super) client_state: Option<Arc<str>>,
    pub(super) command_id: Option<String>,
    pub(super) options: Options,
    pub(super) overrides: Overrides,
    pub(super) link: Option<Link>,
}

/// Dials a leg on behalf of a call of this application, if its profile and limits allow it.
pub(super) fn originate(world: &mut World, connection: &Arc<str>, leg: NewLeg) -> Result<CallKey, Refusal> {
    let grant = grant(world, connection)?;
    let forbidden = forbidden(world, connection, std::slice::from_ref(&leg.to), &grant);
    if let Some(refusal) = forbidden.as_ref()
        && world.config.switches.dial_refusals == DialRefusals::Error
    {
        return Err(refusal.clone());
    }
    let batch = world.calls.next_batch();
    Ok(ring(world, connection, &grant, batch, leg, forbidden.is_some()))
}

/// Rings one phone.
pub(super) fn ring(
    world: &mut World,
    connection: &Arc<str>,
    grant: &Grant,
    batch: Batch,
    leg: NewLeg,
    forbidden: bool,
) -> CallKey {
    let control_id: Arc<str> = world.ids.call_control().into();
    let leg_id: Arc<str> = world.ids.uuid().into();
    let callee = callee(world, &leg.to, forbidden);
    if !forbidden {
        count_call(world, grant.profile.as_ref(), &leg.to);
    }
    world.counters.dialled(DialRecord {
        at: world.now,
        to: Arc::clone(&leg.to),
        from: Arc::clone(&leg.from),
        connection_id: Arc::clone(connection),
        client_state: leg.client_state.clone(),
        command_id: leg.command_id,
        call_control_id: Arc::clone(&control_id),
        call_leg_id: Arc::clone(&leg_id),
    });
    let mut options = leg.options;
    options.on_answer.recording_id = options.on_answer.recording.is_some().then(|| world.ids.uuid().into());
    world.place(Call {
        direction: Direction::Outgoing,
        control_id,
        leg_id,
        session_id: leg.session_id,
        batch,
        connection: Arc::clone(connection),
        profile: grant.profile.clone(),
        from: leg.from,
        to: leg.to,
        client_state: leg.client_state,
        dialled_at: world.now,
        state: State::AwaitsNetwork,
        callee,
        options,
        target: Arc::clone(&grant.target),
        overrides: leg.overrides,
        clips: VecDeque::new(),
        next_clip: 0,
        plan: 0,
        verdict_given: false,
        commanded: false,
        queue: None,
        running: Running::linked(leg.link),
    })
}

/// Who picks up, if anybody may.
fn callee(world: &mut World, to: &str, forbidden: bool) -> Callee {
    let forced = world.faults.outcome(to);
    let mut callee = Callee::draw(
        world.config.seed,
        to,
        world.counters.dials_to(to),
        &world.config.callees,
        world.numbers.rule(to),
        forced,
    );
    if forbidden {
        callee.ring = Duration::ZERO;
        callee.behaviour = Behaviour::Refusal { outcome: Outcome::Rejected, sip: 403 };
    }
    callee
}
