//! The operator.

pub mod audience;
