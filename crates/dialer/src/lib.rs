//! The outbound dialer as a pure state machine: claims, pacing, retries, windows, outcomes, recovery.
//!
//! A [`Dialer`] decides for one account; it does no I/O and reads no clock. What people want, what the store says and
//! what Telnyx says goes in as [`Event`]s; what is to be done comes out as [`Effect`]s.
//!
//! # How a target is called
//!
//! 1. **Claim.** A few targets of a job, no more than pacing lets out within two seconds, become
//!    [`Claimed`](TargetState::Claimed) in one compare-and-swap of the job ([`Effect::Save`]).
//! 2. **Dial.** The answer to that save carries a proof for each claim, and a dial is made of the proof
//!    ([`Effect::Dial`]). Just before, window, expiry, suspension and age of the claim are looked at again; what may no
//!    longer be dialled is given back.
//! 3. **Find out.** An unanswered dial is asked for again under its command id until 45 s after its claim, then looked up
//!    ([`Effect::LookUp`]). So is a claim that another process left behind; a young one without a trace is stored as this
//!    process's own and dialled under its command id. With no trace for three minutes the campaign's policy for ambiguous calls decides.
//! 4. **Follow.** Webhooks move the call on, in any order, once or twice. How far it has come travels in its
//!    `client_state`. What a command leads to counts once the command is accepted.
//! 5. **Settle.** The end of the call gives an [`Outcome`] (in mid-announcement only 600 ms later, for the announcement's
//!    end may be told after the hangup), the outcome a retry or the end, and the job is saved, with
//!    all that has happened since its last save.
//! 6. **Acknowledge.** A webhook is answered when nothing is lost with this process: an outcome once it is stored, what
//!    leads to a command once that is accepted, everything else of a stored claim at once.
//!
//! When the process is about to end, [`Event::Stopping`] gives back what is undialled.
//!
//! # Guarantees
//!
//! - No phone rings for a claim that is not stored, nor twice for one [`AttemptKey`], whenever the process stops and
//!   however often; unless a carrier reports a failure for a call that rang all the same.
//! - No 5 seconds hold more than nine tenths of the account's dials; a process that starts waits 5 s, for it cannot know
//!   what its predecessor dialled.
//! - Nothing is dialled outside the callee's window, nor so late that it would ring beyond it.
//! - No number is called more often than [`frequency`](CampaignSpec::frequency) allows, nor by two targets at once, nor when
//!   it is on the do-not-call list: looked at when it is claimed, and again just before the dial.
//! - What halts a campaign, and who must not be called again, is stored with the target that says so.
//! - Every attempt ends: by its webhooks, by a look-up, or by the clock.
//! - Every webhook is answered once, within [`ACK_PATIENCE`].
//!
//! # Assumptions
//!
//! - The store's compare-and-swap is one, and the shell answers every effect once; a timeout is an answer.
//! - Telnyx ignores a repeated `command_id` for 60 s (Telnyx: receiving webhooks guide).
//! - One process owns an account at a time, give or take a lease. Two at once never ring one attempt twice, but each
//!   knows only its own share of the account's limits.
//! - A leg shows among the active calls or in the event log within three minutes.
//!
//! # Caveats
//!
//! - A claim that a crash left behind is dialled under its own command id if it is found within 30 s. One found later
//!   costs its target three minutes and, unless policy says otherwise, an attempt: nobody can tell it from a dial whose
//!   answer was lost.
//! - A target's entry in the do-not-call list, and when it rang, are known as long as its job or the process lives; what
//!   has to outlive both is the shell's to remember ([`Event::DoNotCallSet`], [`Event::HistorySet`]).
//! - Learned channel limits, the rest of a blocked caller id, a ramp and a breaker's sample begin anew with the process.
//! - A campaign edited while a call lives applies to that call at once.

mod adaptive;
mod aftermath;
mod agenda;
mod announcement;
mod breaker;
pub mod call;
mod caller_ids;
mod claim;
pub mod client_state;
pub mod compliance;
pub mod cost;
pub mod detail;
mod dialer;
mod do_not_call;
pub mod effect;
mod ended;
pub mod event;
mod flight;
mod handover;
mod ids;
mod job;
mod ledger;
mod misconfigured;
mod now;
pub mod outcome;
mod owner;
mod pacing;
mod phone;
mod progress;
mod ramp;
mod retry;
pub mod rules;
pub mod spec;
mod tally;
pub mod target;
mod window;

use std::time::Duration;

pub use adaptive::Abandonment;
pub use aftermath::{Aftermath, CameTo, Ring};
pub use claim::{Claim, Saved};
pub use client_state::ClientState;
pub use dialer::{Dialer, Tuning, Wake, WakeReason};
pub use do_not_call::{NumberList, Screening};
pub use effect::Effect;
pub use ended::Ended;
pub use event::Event;
pub use handover::{Handover, NotAHandover};
pub use ids::{
    AttemptKey, CallControlId, CallLegId, CommandId, DeliveryToken, DialKey, JobId, Leg, NotAnId, OwnerId, SessionId,
    TargetId, Version,
};
pub use ledger::CallHistory;
pub use now::Now;
pub use outcome::Outcome;
pub use phone::{NotE164, PhoneNumber};
pub use progress::{CampaignEnd, Counts, JobProgress, Progress, Signals, Tallied, Waiting, WaitingFor};
pub use spec::CampaignSpec;
pub use tally::AttemptEnd;
pub use target::TargetState;

/// How long a webhook may wait for its answer. Telnyx's default patience is 2 s (Telnyx: receiving webhooks guide).
pub const ACK_PATIENCE: Duration = Duration::from_millis(1800);
