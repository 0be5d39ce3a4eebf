//! Tables for what is read and complained about; properties for the laws.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn csv(text: &str) -> Audience {
    Audience::parse(Format::Csv, text.as_bytes()).unwrap()
}

fn jsonl(text: &str) -> Audience {
    Audience::parse(Format::JsonLines, text.as_bytes()).unwrap()
}

/// `id=number` of every row, then every complaint.
fn told(audience: &Audience) -> Vec<String> {
    let rows = audience.rows.iter().map(|row| format!("{}={}", row.id, row.to.expose()));
    rows.chain(audience.complaints.iter().map(ToString::to_string)).collect()
}

#[test]
fn a_csv_row_keeps_every_field() {
    let read = csv("id,to,timeZone,notBefore,expiresAt,priority,name,order\n\
                    a, +15550100 ,America/Chicago,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,-3,\"Li, \"\"Bo\"\"\",\n");
    assert_eq!(told(&read), ["a=+15550100"]);
    let row = &read.rows[0];
    assert_eq!(row.time_zone.as_deref(), Some("America/Chicago"));
    assert_eq!(row.not_before, Some("2026-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(row.expires_at, Some("2026-01-02T00:00:00Z".parse().unwrap()));
    assert_eq!(row.priority, -3);
    let variables = [("name", "Li, \"Bo\""), ("order", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(row.variables, BTreeMap::from(variables));
}

#[test]
fn a_json_line_says_the_same_as_a_csv_row() {
    let from_csv = csv("id,to,timeZone,priority,name\na,+15550100,Europe/Berlin,7,Bo\n");
    let from_json = jsonl(
        r#"{"id":"a","to":"+15550100","timeZone":"Europe/Berlin","priority":7,"variables":{"name":"Bo"},"notBefore":null}"#,
    );
    assert_eq!(from_csv.rows, from_json.rows);
    assert_eq!(from_json.complaints, []);
}

#[test]
fn line_ends_may_be_mixed_and_a_byte_order_mark_and_blank_lines_do_not_matter() {
    let read = csv("\u{feff}id,to\r\na,+15550101\rb,+15550102\n\n  \r\nc,+15550103");
    assert_eq!(told(&read), ["a=+15550101", "b=+15550102", "c=+15550103"]);
}

#[test]
fn every_bad_csv_row_is_named_by_line_and_reason_and_good_rows_stay() {
    let read = csv("id,to,timeZone,notBefore,expiresAt,priority\n\
        good,+15550100,,,,\n\
        ,+15550101,,,,\n\
        a b,+15550102,,,,\n\
        c,,,,,\n\
        d,15550103,,,,\n\
        e,+05550104,,,,\n\
        f,+15550105,Mars/Olympus,,,\n\
        g,+15550106,,yesterday,,\n\
        h,+15550107,,2026-01-02T00:00:00Z,2026-01-02T00:00:00Z,\n\
        i,+15550108,,,,1001\n\
        good,+15550109,,,,\n\
        j,+15550100,,,,\n\
        k,+15550110\n\
        l,\"+15550111,,,,\n\
        m,\"+15550112\"x,,,,\n\
        last,+15550113,,,,\n");
    assert_eq!(
        told(&read),
        [
            "good=+15550100",
            "last=+15550113",
            "line 3: id is missing",
            "line 4: id must be 1 to 63 of a-z, A-Z, 0-9, '.', '_' and '-', first and last a letter or digit",
            "line 5: to is missing",
            "line 6: to must be a number in E.164 form: '+', a country code that does not begin with 0, at most 15 digits",
            "line 7: to must be a number in E.164 form: '+', a country code that does not begin with 0, at most 15 digits",
            "line 8: timeZone is not a name of the IANA time zone database, such as America/Chicago",
            "line 9: notBefore must be an instant such as 2026-03-01T09:00:00Z",
            "line 10: expiresAt is not after notBefore",
            "line 11: priority must be a whole number from -1000 to 1000",
            "line 12: id is used already at line 2",
            "line 13: to is the same number as at line 2",
            "line 14: row has 2 cells, the header has 6",
            "line 15: a quote is not closed on this line, or text follows the closing quote",
            "line 16: a quote is not closed on this line, or text follows the closing quote",
        ]
    );
}

#[test]
fn every_bad_json_line_is_named_by_line_and_reason() {
    let read = jsonl(concat!(
        r#"{"id":"a","to":15550100}"#,
        "\n",
        r#"{"id":"b","to":"+15550101","timezone":"UTC"}"#,
        "\n",
        r#"{"id":"c","to":"+15550102","variables":{"x":[]}}"#,
        "\n",
        r#"{"id":"d","to":"+155501"#,
        "\n",
        r#"["+15550103"]"#,
        "\n",
        r#"{"id":"e","id":"f","to":"+15550104"}"#,
        "\n",
    ));
    assert_eq!(
        told(&read),
        [
            "line 1: to has the wrong JSON type",
            "line 2: not a JSON object with the fields id, to, timeZone, notBefore, expiresAt, priority and variables",
            "line 3: variables has the wrong JSON type",
            "line 4: not valid JSON at column 23",
            "line 5: not a JSON object with the fields id, to, timeZone, notBefore, expiresAt, priority and variables",
            "line 6: not a JSON object with the fields id, to, timeZone, notBefore, expiresAt, priority and variables",
        ]
    );
}

#[test]
fn inline_targets_are_named_by_their_index() {
    let target =
        |id: &str, to: &str| RawTarget { id: Some(id.to_owned()), to: Some(to.to_owned()), ..RawTarget::default() };
    let digest = Digest::of(b"spec");
    let read = Audience::from_inline(digest, [target("a", "+15550100"), target("b", "+15550100")]).unwrap();
    assert_eq!(told(&read), ["a=+15550100", "spec.targets[1]: to is the same number as at spec.targets[0]"]);
}

#[test]
fn a_document_that_cannot_be_trusted_is_refused_whole() {
    let check = |bytes: &[u8], error: SourceError| {
        assert_eq!(Audience::parse(Format::Csv, bytes).unwrap_err(), error, "{bytes:?}");
    };
    check(b"", SourceError::HeaderMissing);
    check(b"id,to\na,+15550100\n\xff\xff,b", SourceError::NotUtf8 { line: 3 });
    check(b"a,+15550100\nb,+15550101", SourceError::ColumnMissing { column: "id" });
    check(b"id;to\na;+15550100", SourceError::ColumnMissing { column: "id" });
    check(b"id,number", SourceError::ColumnMissing { column: "to" });
    check(b"id,to,timezone", SourceError::ColumnCase { position: 3, column: "timeZone" });
    check(b"id,to,id", SourceError::ColumnName { position: 3 });
    check(b"id,to,", SourceError::ColumnName { position: 3 });
    check(b"id,\"to", SourceError::HeaderQuoteBroken);
}

#[test]
fn more_rows_than_a_cluster_should_hold_are_refused() {
    let text: String = (0..=MAX_ROWS).fold("id,to\n".to_owned(), |text, n| text + &format!("t{n},+1555{n:07}\n"));
    let error = Audience::parse(Format::Csv, text.as_bytes()).unwrap_err();
    assert_eq!(error, SourceError::TooManyRows { found: MAX_ROWS + 1 });
}

#[test]
fn a_row_too_long_to_be_stored_is_a_complaint() {
    let read = csv(&format!("id,to,note\na,+15550100,{}\nb,+15550101,short\n", "x".repeat(3000)));
    assert_eq!(told(&read), ["b=+15550101", "line 2: row is longer than 2048 bytes"]);
}

#[test]
fn the_digest_is_that_of_sha256sum() {
    // printf 'id,to\n' | sha256sum
    assert_eq!(csv("id,to\n").digest.to_string(), "24e19a309e7beb1cb3c16b6e171b434615df5cd1016124319779839274e038d9");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic_and_nothing_is_lost(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for format in [Format::Csv, Format::JsonLines] {
            let _ = Audience::parse(format, &bytes);
        }
    }

    #[test]
    fn every_line_is_a_row_or_a_complaint(lines in prop::collection::vec("[ab,\"+155]{1,12}", 0..20)) {
        let text = format!("id,to\n{}", lines.join("\n"));
        let read = csv(&text);
        let blank = lines.iter().filter(|line| line.trim().is_empty()).count();
        prop_assert_eq!(read.rows.len() + read.complaints.len() + blank, lines.len());
    }

    #[test]
    fn a_complaint_never_repeats_a_cell(digits in "[1-9][0-9]{6,14}", junk in "[ x\"]{1,2}") {
        let text = format!("id,to\na,+{digits}{junk}\n+{digits},{digits}\n");
        for complaint in csv(&text).complaints {
            let told = format!("{complaint} {complaint:?}");
            prop_assert!(!told.contains(&digits), "{}", told);
        }
        for row in csv(&format!("id,to\na,+{digits}\n")).rows {
            let told = format!("{row:?}");
            prop_assert!(!told.contains(&digits), "{}", told);
        }
    }

    /// The judge is others' code: what the `csv` crate writes on one line, we read back.
    #[test]
    fn what_the_csv_crate_writes_is_read_back(cells in prop::collection::vec("[^\r\n]{0,12}", 1..6)) {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        let names = (0..cells.len()).map(|n| format!("v{n}"));
        writer.write_record(["id", "to"].map(str::to_owned).into_iter().chain(names)).unwrap();
        writer.write_record(["a", "+15550100"].into_iter().chain(cells.iter().map(String::as_str))).unwrap();
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let read = csv(&text);
        prop_assert_eq!(read.rows[0].variables.values().cloned().collect::<Vec<_>>(), cells);
    }

    #[test]
    fn the_same_bytes_give_the_same_rows_and_digest(text in "(id,to\n)?([a-z]{1,3},\\+1555[0-9]{4}\n){0,10}") {
        let twice = [(), ()].map(|()| Audience::parse(Format::Csv, text.as_bytes()));
        let told = twice.map(|read| read.map(|read| (told(&read), read.digest)));
        prop_assert_eq!(&told[0], &told[1]);
    }
}
