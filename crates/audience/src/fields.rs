//! From cells as written to a row that is proof of itself.

use std::collections::BTreeMap;
use std::fmt;

use dialer::{PhoneNumber, TargetId};
use jiff::Timestamp;

use crate::number::Region;
use crate::{Reason, number};

/// Longest id. Ids stand in attempt keys and in `client_state`, which must stay short.
pub(crate) const MAX_ID_CHARS: usize = 63;
/// Longest row. 250 rows of this size, encoded, stay well within the 1 MiB that a Secret may hold.
pub(crate) const MAX_ROW_BYTES: usize = 2048;
/// Priorities lie within this of zero.
const MAX_PRIORITY: i32 = 1000;

/// A target as written: cells of CSV, fields of JSON, or of `spec.targets`. An empty cell is an unset one.
#[derive(Clone, Default)]
pub struct RawTarget {
    /// Who this is: unique in the audience.
    pub id: Option<String>,
    /// The number, in E.164 form or as it is written in the list's region.
    pub to: Option<String>,
    /// IANA zone of the callee.
    pub time_zone: Option<String>,
    /// RFC 3339 instant before which the target is not called.
    pub not_before: Option<String>,
    /// RFC 3339 instant from which on it is no longer called.
    pub expires_at: Option<String>,
    /// RFC 3339 instant at which the callee agreed to be called.
    pub consent_at: Option<String>,
    /// Higher is called earlier; 0 when unset.
    pub priority: Option<String>,
    /// Values for the call flow.
    pub variables: BTreeMap<String, String>,
}

impl fmt::Debug for RawTarget {
    /// Nothing of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawTarget").finish_non_exhaustive()
    }
}

/// A target that can be called.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Unique in the audience.
    pub id: TargetId,
    /// Unique in the audience unless that was waived.
    pub to: PhoneNumber,
    /// A zone that the IANA database has.
    pub time_zone: Option<String>,
    /// Not called before.
    pub not_before: Option<Timestamp>,
    /// Not called from then on. After `not_before`.
    pub expires_at: Option<Timestamp>,
    /// When the callee agreed to be called. `None`: nobody has recorded it.
    pub consent_at: Option<Timestamp>,
    /// Higher is called earlier. -1000 to 1000.
    pub priority: i32,
    /// Values for the call flow.
    pub variables: BTreeMap<String, String>,
}

impl fmt::Debug for Row {
    /// The id and the masked number. Variables are names and other things of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("id", &self.id).field("to", &self.to).finish_non_exhaustive()
    }
}

impl RawTarget {
    /// Checks every field; the first that is wrong is the reason.
    pub(crate) fn check(self, region: Option<Region>) -> Result<Row, Reason> {
        let id = set(self.id.as_deref()).ok_or(Reason::IdMissing)?;
        let to = set(self.to.as_deref()).ok_or(Reason::NumberMissing)?;
        let row = Row {
            id: TargetId::parse(id).map_err(|_| Reason::IdInvalid)?,
            to: number::parse(to, region)?,
            time_zone: set(self.time_zone.as_deref()).map(zone).transpose()?,
            not_before: set(self.not_before.as_deref()).map(|text| instant("notBefore", text)).transpose()?,
            expires_at: set(self.expires_at.as_deref()).map(|text| instant("expiresAt", text)).transpose()?,
            consent_at: set(self.consent_at.as_deref()).map(|text| instant("consentAt", text)).transpose()?,
            priority: set(self.priority.as_deref()).map_or(Ok(0), priority)?,
            variables: self.variables,
        };
        match (row.not_before, row.expires_at) {
            (Some(from), Some(to)) if to <= from => Err(Reason::NeverDue),
            (Some(_) | None, Some(_) | None) => Ok(row),
        }
    }
}

fn set(cell: Option<&str>) -> Option<&str> {
    cell.map(str::trim).filter(|text| !text.is_empty())
}

fn zone(name: &str) -> Result<String, Reason> {
    jiff::tz::TimeZone::get(name).map(|_| name.to_owned()).map_err(|_| Reason::TimeZoneUnknown)
}

fn instant(field: &'static str, text: &str) -> Result<Timestamp, Reason> {
    text.parse().map_err(|_| Reason::TimestampInvalid { field })
}

fn priority(text: &str) -> Result<i32, Reason> {
    text.parse()
        .ok()
        .filter(|number: &i32| (-MAX_PRIORITY..=MAX_PRIORITY).contains(number))
        .ok_or(Reason::PriorityInvalid)
}
