//! Call flows: what to do on a live call, step by step, as a pure interpreter.
//!
//! A user writes a [`FlowSpec`]. [`compile`] makes a [`Flow`] of it, or names everything that is wrong. The flow is then driven by
//! what happens on the call:
//!
//! 1. [`Flow::start`] when the call begins.
//! 2. [`Flow::on_event`] for each verified webhook of the call or of a leg that it called, [`Flow::on_command_result`] for each
//!    answer of the API, [`Flow::on_timer`], [`Flow::on_webhook_response`].
//! 3. Each gives a [`Reaction`]: the state from now on, and [`Effect`]s to perform in their order.
//!
//! ```
//! use call_flow::position::CallDirection;
//! use call_flow::{CallStart, Detection, Effect, FlowKey, FlowSpec, Leg, compile};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec: FlowSpec = serde_json::from_str(
//!     r#"{"direction": "Outbound", "steps": [{"name": "greet", "speak": {"payload": "Hello", "voice": "female"}}]}"#,
//! )?;
//! let flow = compile(&spec, FlowKey::new("the object's UID", 1)).map_err(|problems| format!("{problems:?}"))?;
//! let call = CallStart {
//!     leg: Leg { call_control_id: "v3:a".into(), call_leg_id: "a leg".into(), connection_id: None },
//!     direction: CallDirection::Outbound,
//!     answered: true,
//!     detection: Detection::Disabled,
//!     attempt: 1,
//!     origin: String::new(),
//!     caller: None,
//! };
//! let mut reaction = flow.start(call, "2026-11-21T12:00:00Z".parse()?)?;
//! loop {
//!     let mut timer = None;
//!     for effect in reaction.effects {
//!         match effect {
//!             Effect::Command(command) => println!("send {}", command.request.endpoint()),
//!             Effect::ArmTimer(armed) => timer = Some(armed),
//!             Effect::LookUp(_) | Effect::CallWebhook(_) | Effect::SetOutcome(_) | Effect::OptOut => {}
//!             Effect::Ended(ended) => println!("over: {:?}", ended.ending),
//!         }
//!     }
//!     // No webhook comes in this example, so each time its timer runs out.
//!     let Some(timer) = timer else { break };
//!     reaction = flow.on_timer(&reaction.state, timer.key, timer.at);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! All that a flow remembers, its [`Position`], travels in the call's `client_state`. [`Decoded::read`] gets it back and
//! [`Flow::resume`] goes on after a restart.
//!
//! # Guarantees
//!
//! - No input makes it panic, and one that comes early, late, twice or after the end changes nothing.
//! - Every phase but the end has a timer, so a lost webhook delays a call and does not strand it. A telephone that rings, and two
//!   parties who may talk, are not given up before the API was asked about them.
//! - Every flow ends: each loop has a bound, there is no other way back, and a call goes through at most [`MAX_VISITS`] steps.
//! - A command's id is derived from leg, revision, step and visit: sent again, the API ignores it.
//!
//! # Assumptions
//!
//! - Webhooks were verified. Effects are performed in order, and a webhook is acknowledged once its commands are accepted.
//! - `client_state` is echoed in every webhook after the command that set it (Telnyx API reference).
//!
//! It does no I/O and reads no clock.

mod bytes;
mod caller;
mod compile;
mod completion;
pub mod effect;
mod expression;
pub mod graph;
mod interpreter;
pub mod position;
pub mod spec;
mod template;
mod time;

pub use caller::Caller;
pub use compile::{Flow, MAX_NAME, MAX_STEPS, Problem, compile};
pub use completion::{Class, Outcome};
pub use effect::{CallState, Command, CommandOutcome, Effect, Found, Leg, LookUp, OtherLeg, Reaction, Seen};
pub use interpreter::{CallStart, CannotStart, Detection, MAX_VISITS, NotThisFlow};
pub use position::{Decoded, FlowKey, Position, SecondLeg};
pub use spec::{FlowSpec, Kind, Step};
