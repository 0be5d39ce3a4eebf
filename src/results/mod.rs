//! What became of a campaign's targets, one row each: the files that are made of it, and the way to a sink.
//!
//! Promises that no phone number is in a row unless it was put there on purpose, that every format has the same columns
//! with the same names, and that a result counts as delivered only when the sink has said so. Does not know where the
//! rows come from, nor where the files go.

mod courier;
#[cfg(feature = "workstation")]
mod csv;
mod cursor;
mod event;
#[cfg(feature = "workstation")]
mod file;
#[cfg(feature = "workstation")]
mod json_lines;
mod outbox;
#[cfg(feature = "workstation")]
mod parquet;
mod postman;
#[cfg(feature = "workstation")]
mod report;
mod row;
#[cfg(feature = "workstation")]
mod summary;

pub use courier::{Courier, Couriers, Delivery, Word};
pub use cursor::{Cursor, NotIntervals, Places};
pub use event::Origin;
#[cfg(feature = "workstation")]
pub use file::{FileError, Format, ResultsFile};
pub use postman::{Address, NotAnAddress, NotTaken, Postman};
#[cfg(feature = "workstation")]
pub use report::{Subject, report};
pub use row::{Cell, Column, Kind, Row, columns};
#[cfg(feature = "workstation")]
pub use summary::{Answered, Decision, Summary};
