//! Which faults exist in a world, and how often. The seed draws them.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Shares in thousandths of the chances there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// The process dies instead of performing an effect.
    pub crash: u32,
    /// Instead of dying, the process loses its lease and lives on for up to 90 s without knowing.
    pub lease_loss: u32,
    /// A save meets a foreign write.
    pub conflict: u32,
    /// A save is stored and its answer is lost.
    pub save_answer_lost: u32,
    /// A save is lost; half of those arrive much later.
    pub save_lost: u32,
    /// A save, or its answer, takes up to 200 s.
    pub slow_store: u32,
    /// A load fails.
    pub load_fails: u32,
    /// For up to three minutes Telnyx does as it is told and answers nothing (chances: once a minute).
    pub outages: u32,
    /// A dial is accepted and its answer is lost.
    pub dial_answer_lost: u32,
    /// A dial never arrives.
    pub dial_lost: u32,
    /// A dial is accepted and the answer has no ids.
    pub dial_without_ids: u32,
    /// A dial is refused with 90103.
    pub too_fast: u32,
    /// A dial is refused with 10011, or for lack of channels.
    pub throttled: u32,
    /// A webhook's delivery fails; it is sent again.
    pub delivery_fails: u32,
    /// A webhook is never delivered.
    pub webhook_lost: u32,
    /// A webhook is delivered twice.
    pub webhook_twice: u32,
    /// A webhook comes up to 90 s late.
    pub webhook_late: u32,
    /// A command is done and its answer is lost, or it is throttled.
    pub command_trouble: u32,
    /// A look-up fails.
    pub look_up_fails: u32,
    /// The callee hangs up at any moment.
    pub early_hangup: u32,
    /// The wall clock jumps (chances: once a minute).
    pub wall_jumps: u32,
    /// A campaign's windows are edited (chances: once a minute).
    pub edits: u32,
    /// Active calls and the event log lag by as many tenths of a second.
    pub lag: u32,
    /// A job is removed by force (chances: once a minute).
    pub removals: u32,
    /// A number is put on the do-not-call list (chances: once a minute).
    pub lists: u32,
    /// A campaign is suspended for a while (chances: once a minute).
    pub suspensions: u32,
    /// A process that has lost its lease sleeps, wakes up to ten minutes later and only then finds out.
    pub sleeps: u32,
    /// For up to two minutes every dial is refused for speed (chances: once a minute).
    pub storms: u32,
    /// For up to a minute the store answers nothing and writes nothing (chances: once a minute).
    pub store_outages: u32,
    /// A verified webhook comes that belongs to nothing here: of an unknown campaign or target, or of a leg that never was
    /// (chances: once a minute).
    pub foreign: u32,
}

impl Faults {
    /// Each fault is absent in half of the worlds, rare in some, frequent in others.
    pub fn draw(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(1);
        let mut share = |most: u32| match rng.random_range(0..6) {
            0..3 => 0,
            3 => rng.random_range(1..=most / 5 + 1),
            _ => rng.random_range(1..=most),
        };
        let faults = Self {
            crash: share(60),
            lease_loss: share(1000),
            conflict: share(300),
            save_answer_lost: share(300),
            save_lost: share(300),
            slow_store: share(300),
            load_fails: share(300),
            outages: share(200),
            dial_answer_lost: share(300),
            dial_lost: share(300),
            dial_without_ids: share(500),
            too_fast: share(300),
            throttled: share(200),
            delivery_fails: share(500),
            webhook_lost: share(300),
            webhook_twice: share(300),
            webhook_late: share(300),
            command_trouble: share(300),
            look_up_fails: share(500),
            early_hangup: share(500),
            wall_jumps: share(300),
            edits: share(300),
            lag: share(900),
            suspensions: share(200),
            removals: share(10),
            lists: share(100),
            sleeps: share(1000),
            storms: share(100),
            store_outages: share(100),
            foreign: share(500),
        };
        // Some worlds are healthy: there the outcomes have to be exactly what happened.
        if seed.is_multiple_of(16) { Self::default() } else { faults }
    }
}
