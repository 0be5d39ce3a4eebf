//! Others' code as judge: Telnyx's own Python package against the simulator, and against what the operator sends.
//!
//! Promises a Python interpreter with exactly the pinned packages, made by itself on a fresh machine. What is judged is written in
//! `python/`, whose programs take and leave JSON; what must hold is written in `tests/`. Of the operator it knows who uses which method
//! of the API, and of the simulator nothing.

mod environment;
mod python;
pub mod users;

pub use environment::EnvironmentError;
pub use python::{Python, ScriptError};
