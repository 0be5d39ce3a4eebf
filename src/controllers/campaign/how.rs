//! How a campaign's list is to be read, as its spec says. Pure.
//!
//! Complaints begin with the field below `spec.targetsFrom`.

use audience::{Columns, Compression, Digest, Format, How, Region};

use crate::api::{AudienceCompression, AudienceFormat, DuplicateNumbers, ListColumns, TargetsFrom};

/// How the list that the spec names is to be read.
pub(crate) fn how(from: &TargetsFrom) -> Result<How, String> {
    let (ending, unpacked) = Compression::of_key(name(from));
    let format = match from.format {
        Some(AudienceFormat::Csv) => Some(Format::Csv),
        Some(AudienceFormat::JsonLines) => Some(Format::JsonLines),
        None => Format::of_key(unpacked),
    };
    let format = format.ok_or("format: set it, or name a key or url that ends in .csv, .jsonl or .ndjson")?;
    let compression = match from.compression {
        Some(AudienceCompression::None) => Compression::None,
        Some(AudienceCompression::Gzip) => Compression::Gzip,
        Some(AudienceCompression::Zstd) => Compression::Zstd,
        None => ending,
    };
    built(from, format, compression)
}

/// How a file is to be read in the list's place: by its ending where that tells, otherwise as the list.
#[cfg(feature = "workstation")]
pub(crate) fn how_of_file(from: Option<&TargetsFrom>, file: &str) -> Result<How, String> {
    let (compression, unpacked) = Compression::of_key(file);
    match (Format::of_key(unpacked), from) {
        (Some(format), Some(from)) => built(from, format, compression),
        (Some(format), None) => Ok(How { compression, ..How::plain(format) }),
        (None, Some(from)) => how(from),
        (None, None) => {
            Err("must end in .csv, .jsonl or .ndjson, and .gz or .zst after it if it is compressed".to_owned())
        }
    }
}

fn built(from: &TargetsFrom, format: Format, compression: Compression) -> Result<How, String> {
    if from.columns.is_some() && format != Format::Csv {
        return Err("columns: only CSV has columns".to_owned());
    }
    let region = from.default_region.as_deref().map(Region::parse).transpose();
    Ok(How {
        format,
        compression,
        columns: from.columns.clone().map_or_else(Columns::default, columns),
        region: region.map_err(|error| format!("defaultRegion: {error}"))?,
        duplicate_numbers: match from.duplicate_numbers {
            DuplicateNumbers::Reject => audience::DuplicateNumbers::Reject,
            DuplicateNumbers::Allow => audience::DuplicateNumbers::Allow,
        },
    })
}

/// The key, or the path of the URL: what endings are looked for in.
fn name(from: &TargetsFrom) -> &str {
    match (&from.config_map, &from.secret, &from.object) {
        (Some(reference), _, _) => &reference.key,
        (None, Some(reference), _) => &reference.key,
        (None, None, Some(object)) => object.url.split(['?', '#']).next().unwrap_or_default(),
        (None, None, None) => "",
    }
}

fn columns(written: ListColumns) -> Columns {
    let ListColumns { id, to, time_zone, not_before, expires_at, consent_at, priority } = written;
    Columns { id, to, time_zone, not_before, expires_at, consent_at, priority }
}

/// Whether the list is the one that the spec pins, if it pins any.
pub(crate) fn pinned(from: &TargetsFrom, digest: Digest) -> Result<(), String> {
    if from.sha256.as_deref().is_none_or(|pin| pin == digest.to_string()) {
        return Ok(());
    }
    Err(format!(
        "sha256: the list that is there has the SHA-256 {digest}, not this one: restore it, or correct the field"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn from(value: &Value) -> TargetsFrom {
        serde_json::from_value(value.clone()).unwrap()
    }

    #[test]
    fn endings_tell_how_a_list_is_read_unless_the_spec_does() {
        let object = |url: &str| json!({ "object": { "url": url } });
        for (given, format, compression) in [
            (json!({ "configMap": { "name": "l", "key": "a.csv" } }), Format::Csv, Compression::None),
            (json!({ "secret": { "name": "l", "key": "a.ndjson.gz" } }), Format::JsonLines, Compression::Gzip),
            (object("https://example.com/a.csv.zst?sig=x.jsonl"), Format::Csv, Compression::Zstd),
            (object("s3://bucket/in/a.jsonl"), Format::JsonLines, Compression::None),
        ] {
            let how = how(&from(&given)).unwrap();
            assert_eq!((how.format, how.compression), (format, compression), "{given}");
        }
        let mut given = object("https://example.com/list");
        assert!(how(&from(&given)).is_err(), "nothing tells");
        given["format"] = json!("Csv");
        given["compression"] = json!("Gzip");
        let how = how(&from(&given)).unwrap();
        assert_eq!((how.format, how.compression), (Format::Csv, Compression::Gzip));
    }

    #[cfg(feature = "workstation")]
    #[test]
    fn a_file_is_read_by_its_own_ending_with_the_columns_of_the_list() {
        let list = from(&json!({
            "object": { "url": "https://example.com/a.csv.gz" }, "columns": { "id": "Customer" }, "defaultRegion": "US",
        }));
        for (file, compression) in
            [("x.csv", Compression::None), ("x.csv.zst", Compression::Zstd), ("download", Compression::Gzip)]
        {
            let how = how_of_file(Some(&list), file).unwrap();
            assert_eq!((how.format, how.compression), (Format::Csv, compression), "{file}");
            assert_eq!(how.columns.id.as_deref(), Some("Customer"));
            assert!(how.region.is_some());
        }
        assert!(how_of_file(Some(&list), "x.jsonl").unwrap_err().starts_with("columns:"));
        assert_eq!(how_of_file(None, "x.jsonl.gz").unwrap().compression, Compression::Gzip);
        assert!(how_of_file(None, "x.xlsx").unwrap_err().contains("must end in .csv"));
    }

    #[test]
    fn another_list_than_the_pinned_one_is_told() {
        let digest = Digest::of(b"id,to\n");
        let mut list = from(&json!({ "configMap": { "name": "l", "key": "a.csv" } }));
        assert_eq!(pinned(&list, digest), Ok(()));
        list.sha256 = Some(digest.to_string());
        assert_eq!(pinned(&list, digest), Ok(()));
        assert!(pinned(&list, Digest::of(b"id,to\na,b\n")).unwrap_err().starts_with("sha256:"));
    }
}
