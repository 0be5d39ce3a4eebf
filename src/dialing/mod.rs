//! The dialer's shell.

mod words;

pub use words::about_attempt;
