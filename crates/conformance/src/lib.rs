//! Others' code as judge: Telnyx's own Python package against the simulator, and against what the operator sends.
//!
//! Promises a Python interpreter with exactly the pinned packages, made by itself on a fresh machine. What is judged is written in
//! `python/`, whose programs take and leave JSON; what must hold is written in `tests/`. Knows neither simulator nor operator.

mod environment;
mod python;

pub use environment::EnvironmentError;
pub use python::{Python, ScriptError};
