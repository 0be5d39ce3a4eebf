//! A campaign in virtual time: the very dialer that calls people, against callees that are drawn.
//!
//! Promises that the same campaign, assumptions and seed give the same estimate, whatever the clock says, and that
//! nothing is dialled. What is drawn for a call follows from its key, so that a change of the pacing changes no callee.
//! Does not know Kubernetes, Telnyx or the clock; assumes that no request is lost and that no other campaign dials.

mod callee;
mod estimate;
mod record;
mod run;
#[cfg(test)]
mod tests;

pub use callee::{Assumptions, NotAssumable};
pub use estimate::{Estimate, Hour};
pub use run::{HORIZON, Rehearsal};
