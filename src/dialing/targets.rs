//! The targets of one job: as they lie in its Secret, and as the dialer takes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use audience::{
    Audience, Complaint, Digest, DuplicateNumbers, Format, How, RawTarget, Row, SourceError, Summary, read_inline,
    zones_of,
};
use dialer::TargetId;
use dialer::spec::{TargetSpec, Zone};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::api::Target;

/// The key of a job's Secret that holds its targets.
pub const KEY: &str = "targets.jsonl";

/// Why a job's targets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetsError {
    /// Somebody changed the Secret.
    #[error("the targets are not the ones that the job was made with (sha256 {found}): restore the Secret")]
    Altered {
        /// What it is now.
        found: Digest,
    },
    /// Not readable as targets at all.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A target that cannot be called. Jobs have no rows to spare: a missing one would shift the states of the rest.
    #[error("{0}")]
    Bad(Complaint),
}

/// Rows as the text of a job's Secret, and its digest.
///
/// # Errors
/// Never for rows that were parsed; serde's signature says otherwise.
pub fn write(rows: &[Row]) -> serde_json::Result<(Vec<u8>, Digest)> {
    let mut text = Vec::with_capacity(rows.len() * 128);
    for row in rows {
        line(row, &mut text)?;
    }
    let digest = Digest::of(&text);
    Ok((text, digest))
}

/// One row of such a text, at its end.
///
/// # Errors
/// As [`write`].
pub fn line(row: &Row, text: &mut Vec<u8>) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *text, &Line::from(row))?;
    text.push(b'\n');
    Ok(())
}

/// How jobs are read: whether numbers may repeat was decided when the list was.
fn how() -> How {
    How { duplicate_numbers: DuplicateNumbers::Allow, ..How::plain(Format::JsonLines) }
}

/// Reads what [`write`] wrote.
pub fn read(text: &[u8], sha256: &str) -> Result<Vec<Row>, TargetsError> {
    let audience = Audience::parse(&how(), text)?;
    if audience.digest.to_string() != sha256 {
        return Err(TargetsError::Altered { found: audience.digest });
    }
    all_good(audience)
}

/// The same, of a text that has not left this process.
pub fn read_back(text: &[u8]) -> Result<Vec<Row>, TargetsError> {
    all_good(Audience::parse(&how(), text)?)
}

/// Targets that stand in the job itself.
pub fn inline(targets: &[Target]) -> Result<Vec<Row>, TargetsError> {
    let mut rows = Vec::new();
    let how = How::plain(Format::JsonLines);
    let read = read_inline(Digest::of(b""), &how, targets.iter().map(raw), |row| rows.push(row))?;
    let Summary { digest, complaints, .. } = read;
    all_good(Audience { digest, rows, complaints })
}

fn all_good(audience: Audience) -> Result<Vec<Row>, TargetsError> {
    match audience.complaints.into_iter().next() {
        Some(complaint) => Err(TargetsError::Bad(complaint)),
        None => Ok(audience.rows),
    }
}

/// A target of a manifest, as the parser takes it.
#[must_use]
pub fn raw(target: &Target) -> RawTarget {
    RawTarget {
        id: Some(target.id.clone()),
        to: Some(target.to.expose().to_owned()),
        time_zone: target.time_zone.clone(),
        not_before: target.not_before.as_ref().map(|time| time.0.to_string()),
        expires_at: target.expires_at.as_ref().map(|time| time.0.to_string()),
        consent_at: target.consent_at.as_ref().map(|time| time.0.to_string()),
        priority: target.priority.map(|priority| priority.to_string()),
        variables: target.variables.clone(),
    }
}

/// The ids, in order.
#[must_use]
pub fn ids(rows: &[Row]) -> Arc<[TargetId]> {
    rows.iter().map(|row| row.id.clone()).collect()
}

/// The rows as the dialer takes them.
#[must_use]
pub fn specs(rows: Vec<Row>) -> Arc<[TargetSpec]> {
    let (mut zones, mut sets) = (BTreeMap::new(), BTreeMap::new());
    rows.into_iter()
        .map(|row| TargetSpec {
            zone_of_number: match &row.time_zone {
                Some(_) => Zone::Unknown,
                None => one_of(&mut sets, zones_of(&row.to)),
            },
            zone: row.time_zone.map(|name| zone(&mut zones, name)),
            id: row.id,
            to: row.to,
            consent_at: row.consent_at,
            not_before: row.not_before,
            expires_at: row.expires_at,
        })
        .collect()
}

/// A zone that has left the database since the row was checked is unknown: its target is not called.
fn zone(seen: &mut BTreeMap<String, Zone>, name: String) -> Zone {
    seen.entry(name).or_insert_with_key(|name| TimeZone::get(name).map_or(Zone::Unknown, Zone::Known)).clone()
}

/// A zone that the database does not have may be any: then nothing is known.
fn one_of(seen: &mut BTreeMap<&'static [&'static str], Zone>, names: &'static [&'static str]) -> Zone {
    let find = || {
        let zones = names.iter().map(|name| TimeZone::get(name)).collect::<Result<Vec<_>, _>>();
        match zones.unwrap_or_default().as_slice() {
            [] => Zone::Unknown,
            [only] => Zone::Known(only.clone()),
            several => Zone::OneOf(several.into()),
        }
    };
    seen.entry(names).or_insert_with(find).clone()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    id: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "is_zero")]
    priority: i32,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variables: &'a BTreeMap<String, String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(priority: &i32) -> bool {
    *priority == 0
}

impl<'a> From<&'a Row> for Line<'a> {
    fn from(row: &'a Row) -> Self {
        Self {
            id: row.id.as_str(),
            to: row.to.expose(),
            time_zone: row.time_zone.as_deref(),
            not_before: row.not_before,
            expires_at: row.expires_at,
            consent_at: row.consent_at,
            priority: row.priority,
            variables: &row.variables,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Row> {
        let audience = Audience::parse(&How::plain(Format::Csv), text.as_bytes()).unwrap();
        assert_eq!(audience.complaints, []);
        audience.rows
    }

    #[test]
    fn what_is_written_is_read_back() {
        let rows = rows(
            "id,to,timeZone,notBefore,expiresAt,consentAt,priority,name\n\
             a,+15550100,America/Chicago,2026-01-01T00:00:00.25Z,2026-01-02T00:00:00Z,2025-01-01T00:00:00Z,7,Bo\n\
             b,+15550101,,,,,,\n",
        );
        let (text, digest) = write(&rows).unwrap();
        assert_eq!(read(&text, &digest.to_string()).unwrap(), rows);
        let agreed: Vec<bool> = specs(rows).iter().map(|target| target.consent_at.is_some()).collect();
        assert_eq!(agreed, [true, false]);
    }

    #[test]
    fn a_target_without_a_zone_has_those_of_its_number() {
        let specs = specs(rows(
            "id,to,timeZone\n\
             a,+12125550100,\nb,+12125550101,Asia/Tokyo\nc,+447912345678,\nd,+9990000000,\n",
        ));
        let zone = |name: &str| TimeZone::get(name).unwrap();
        assert_eq!(specs[0].zone_of_number, Zone::Known(zone("America/New_York")));
        assert_eq!(specs[1].zone, Some(Zone::Known(zone("Asia/Tokyo"))));
        assert!(
            specs[2].zone_of_number.all().contains(&zone("Europe/London")) && specs[2].zone_of_number.all().len() == 4
        );
        assert_eq!((&specs[3].zone, &specs[3].zone_of_number), (&None, &Zone::Unknown));
    }

    #[test]
    fn an_altered_secret_calls_nobody() {
        let (text, digest) = write(&rows("id,to\na,+15550100\n")).unwrap();
        let altered = String::from_utf8(text).unwrap().replace("0100", "0199");
        assert!(matches!(read(altered.as_bytes(), &digest.to_string()), Err(TargetsError::Altered { .. })));
    }
}
