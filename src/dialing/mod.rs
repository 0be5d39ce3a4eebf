//! The dialer's shell: one actor per account performs what the pure dialer wants done, and hands the answers back in.
//!
//! Promises that a dial leaves only on a claim that the API server has stored, that effects are performed once each, and
//! that what is known is stored before the process ends. Decides nothing about when to dial.

mod actor;
mod attempt_spans;
mod clock;
pub mod conditions;
mod counts;
mod dialers;
mod do_not_call;
mod do_not_call_content;
mod do_not_call_keeper;
mod flow_calls;
mod flow_users;
mod gauges;
mod hours;
mod job_record;
mod job_store;
pub mod labels;
mod ledger;
mod load;
mod loader;
mod look_up;
mod metrics;
mod progress_board;
mod remember;
mod resolve;
mod rules_kept;
mod secret_log;
pub mod targets;
mod voice;
mod words;

pub(crate) use counts::counts;
pub use dialers::{Account, Dialers, HandInError, Line, Stopping};
pub(crate) use do_not_call::opt_outs_of;
pub use do_not_call::{Identity, Keeping, Lists, OPT_OUTS, Reading, RecordError};
pub use do_not_call_content::{BadEntry, Content, Mark, Marking, screening};
pub(crate) use flow_users::flow_users;
pub use flow_users::{FlowUser, FlowUsers};
pub use load::LoadError;
pub(crate) use load::stored_states;
pub(crate) use look_up::{lives, webhook as logged_webhook};
pub use metrics::Metrics;
pub use progress_board::{Move, MovesReader, Standing};
pub use remember::{RememberError, Whose};
pub use resolve::{FieldError, limits, resolve, resolve_campaign};
pub use rules_kept::{names, preset, set_aside};
pub(crate) use secret_log::PART;
pub use words::{about_attempt, of_flow};
