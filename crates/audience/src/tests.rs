//! Tables for what is read and complained about; properties for the laws.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn csv(text: &str) -> Audience {
    Audience::parse(&How::plain(Format::Csv), text.as_bytes()).unwrap()
}

fn jsonl(text: &str) -> Audience {
    Audience::parse(&How::plain(Format::JsonLines), text.as_bytes()).unwrap()
}

/// `id=number` of every row, then every complaint.
fn told(audience: &Audience) -> Vec<String> {
    let rows = audience.rows.iter().map(|row| format!("{}={}", row.id, row.to.expose()));
    rows.chain(audience.complaints.iter().map(ToString::to_string)).collect()
}

#[test]
fn a_csv_row_keeps_every_field() {
    let read = csv("id,to,timeZone,notBefore,expiresAt,consentAt,priority,name,order\n\
                    a, +15550100 ,America/Chicago,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,2025-05-06T07:08:09Z,-3,\"Li, \"\"Bo\"\"\",\n");
    assert_eq!(told(&read), ["a=+15550100"]);
    let row = &read.rows[0];
    assert_eq!(row.time_zone.as_deref(), Some("America/Chicago"));
    assert_eq!(row.not_before, Some("2026-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(row.expires_at, Some("2026-01-02T00:00:00Z".parse().unwrap()));
    assert_eq!(row.consent_at, Some("2025-05-06T07:08:09Z".parse().unwrap()));
    assert_eq!(row.priority, -3);
    let variables = [("name", "Li, \"Bo\""), ("order", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(row.variables, BTreeMap::from(variables));
}

#[test]
fn a_json_line_says_the_same_as_a_csv_row() {
    let from_csv = csv("id,to,timeZone,consentAt,priority,name\na,+15550100,Europe/Berlin,2025-05-06T07:08:09Z,7,Bo\n");
    let from_json = jsonl(
        r#"{"id":"a","to":"+15550100","timeZone":"Europe/Berlin","consentAt":"2025-05-06T07:08:09Z","priority":7,"variables":{"name":"Bo"},"notBefore":null}"#,
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
    let read = csv("id,to,timeZone,notBefore,expiresAt,priority,consentAt\n\
        good,+15550100,,,,,\n\
        ,+15550101,,,,,\n\
        a b,+15550102,,,,,\n\
        c,,,,,,\n\
        d,15550103,,,,,\n\
        e,+05550104,,,,,\n\
        f,+15550105,Mars/Olympus,,,,\n\
        g,+15550106,,yesterday,,,\n\
        h,+15550107,,2026-01-02T00:00:00Z,2026-01-02T00:00:00Z,,\n\
        i,+15550108,,,,1001,\n\
        good,+15550109,,,,,\n\
        j,+15550100,,,,,\n\
        k,+15550110\n\
        l,\"+15550111,,,,,\n\
        m,\"+15550112\"x,,,,,\n\
        n,+15550114,,,,,yes\n\
        last,+15550113,,,,,\n");
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
            "line 14: row has 2 cells, the header has 7",
            "line 15: a quote is not closed on this line, or text follows the closing quote",
            "line 16: a quote is not closed on this line, or text follows the closing quote",
            "line 17: consentAt must be an instant such as 2026-03-01T09:00:00Z",
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
            "line 2: not a JSON object with the fields id, to, timeZone, notBefore, expiresAt, consentAt, priority and variables",
            "line 3: variables has the wrong JSON type",
            "line 4: not valid JSON at column 23",
            "line 5: not a JSON object with the fields id, to, timeZone, notBefore, expiresAt, consentAt, priority and variables",
            "line 6: not a JSON object with the fields id, to, timeZone, notBefore, expiresAt, consentAt, priority and variables",
        ]
    );
}

#[test]
fn inline_targets_are_named_by_their_index() {
    let target =
        |id: &str, to: &str| RawTarget { id: Some(id.to_owned()), to: Some(to.to_owned()), ..RawTarget::default() };
    let targets = [target("a", "+15550100"), target("b", "+15550100")];
    let mut rows = Vec::new();
    let how = How::plain(Format::JsonLines);
    let Summary { digest, complaints, .. } =
        read_inline(Digest::of(b"spec"), &how, targets, |row| rows.push(row)).unwrap();
    let read = Audience { digest, rows, complaints };
    assert_eq!(told(&read), ["a=+15550100", "spec.targets[1]: to is the same number as at spec.targets[0]"]);
}

#[test]
fn a_document_that_cannot_be_trusted_is_refused_whole() {
    let check = |bytes: &[u8], error: SourceError| {
        assert_eq!(Audience::parse(&How::plain(Format::Csv), bytes).unwrap_err(), error, "{bytes:?}");
    };
    check(b"", SourceError::HeaderMissing);
    check(b"id,to\na,+15550100\n\xff\xff,b", SourceError::NotUtf8 { line: 3 });
    check(b"a,+15550100\nb,+15550101", SourceError::ColumnMissing { column: "id" });
    check(b"id;to\na;+15550100", SourceError::OtherSeparator);
    check(b"id\tto\na\t+15550100", SourceError::OtherSeparator);
    check(b"\n \n", SourceError::HeaderMissing);
    check(b"\x1f\x8b\x08", SourceError::NotUnpacked { kind: Unpacked::Gzip });
    check(b"\x28\xb5\x2f\xfd", SourceError::NotUnpacked { kind: Unpacked::Zstd });
    check(b"PK\x03\x04", SourceError::NotUnpacked { kind: Unpacked::Zip });
    check(&vec![b'x'; 70_000], SourceError::HeaderTooLong);
    check(b"id,number", SourceError::ColumnMissing { column: "to" });
    check(b"id,to,timezone", SourceError::ColumnCase { position: 3, column: "timeZone" });
    check(b"id,to,id", SourceError::ColumnName { position: 3 });
    check(b"id,to,", SourceError::ColumnName { position: 3 });
    check(b"id,\"to", SourceError::HeaderQuoteBroken);
}

#[test]
fn more_rows_than_a_cluster_should_hold_are_refused() {
    let text: String = (0..=MAX_ROWS).fold("id,to\n".to_owned(), |text, n| text + &format!("t{n},+1555{n:07}\n"));
    let error = Audience::parse(&How::plain(Format::Csv), text.as_bytes()).unwrap_err();
    assert_eq!(error, SourceError::TooManyRows);
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

#[test]
fn columns_may_have_other_names() {
    let columns = Columns { id: Some("Kundennummer".into()), to: Some("Mobile No".into()), ..Columns::default() };
    let how = How { columns, ..How::plain(Format::Csv) };
    let read = |text: &str| Audience::parse(&how, text.as_bytes());
    let found = read("Name,\"Mobile No\",Kundennummer,timeZone\nBo,+15550100,7,Europe/Berlin\n").unwrap();
    assert_eq!(told(&found), ["7=+15550100"]);
    assert_eq!(found.rows[0].time_zone.as_deref(), Some("Europe/Berlin"), "the others keep their own");
    assert_eq!(found.rows[0].variables, BTreeMap::from([("Name".to_owned(), "Bo".to_owned())]));
    let missing = read("Kundennummer,to\n7,+15550100\n").unwrap_err();
    assert_eq!(missing, SourceError::MappedColumnMissing { field: "to", column: "Mobile No".into() });
    let twice = Columns { id: Some("to".into()), ..Columns::default() };
    let twice = Audience::parse(&How { columns: twice, ..How::plain(Format::Csv) }, b"to\n+15550100\n").unwrap_err();
    assert_eq!(twice, SourceError::ColumnTwice { position: 1, field: "to" });
    let optional = Columns { priority: Some("rank".into()), ..Columns::default() };
    let optional = Audience::parse(&How { columns: optional, ..How::plain(Format::Csv) }, b"id,to\n").unwrap_err();
    assert_eq!(optional, SourceError::MappedColumnMissing { field: "priority", column: "rank".into() });
}

#[test]
fn numbers_may_be_written_as_in_their_country() {
    let how = How { region: Region::parse("US").ok(), ..How::plain(Format::Csv) };
    let read = Audience::parse(&how, b"id,to\na,(212) 555-0100\nb,+442079460958\nc,12\nd,+1 212 555 0100\n").unwrap();
    assert_eq!(
        told(&read),
        [
            "a=+12125550100",
            "b=+442079460958",
            "line 4: to is neither a valid number of the list's region nor one in E.164 form, such as +12125550100",
            "line 5: to is the same number as at line 2",
        ]
    );
}

#[test]
fn two_people_may_share_a_telephone_where_that_is_said_but_never_an_id() {
    let how = How { duplicate_numbers: DuplicateNumbers::Allow, ..How::plain(Format::Csv) };
    let read = Audience::parse(&how, b"id,to\na,+15550100\nb,+15550100\na,+15550101\n").unwrap();
    assert_eq!(told(&read), ["a=+15550100", "b=+15550100", "line 4: id is used already at line 2"]);
}

#[test]
fn a_packed_list_has_the_digest_of_the_file_and_the_rows_of_its_contents() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, b"id,to\na,+15550100\n").unwrap();
    let packed = packed.finish().unwrap();
    let how = How { compression: Compression::Gzip, ..How::plain(Format::Csv) };
    let read = Audience::parse(&how, &packed).unwrap();
    assert_eq!((told(&read), read.digest), (vec!["a=+15550100".to_owned()], Digest::of(&packed)));
    let short = Audience::parse(&how, &packed[..packed.len() - 9]).unwrap_err();
    assert_eq!(short, SourceError::Damaged { compression: Compression::Gzip });
}

#[test]
fn a_source_that_fails_is_no_short_list() {
    struct Failing<'a>(&'a [u8]);
    impl std::io::Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() { Err(std::io::ErrorKind::ConnectionReset.into()) } else { self.0.read(buffer) }
        }
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut packed, b"id,to\na,+15550100\n").unwrap();
    let packed = packed.finish().unwrap();
    for (compression, bytes) in [(Compression::None, &b"id,to\na,+15550100\n"[..]), (Compression::Gzip, &packed[..20])]
    {
        let how = How { compression, ..How::plain(Format::Csv) };
        let failed = read(Failing(bytes), &how, drop).unwrap_err();
        assert!(matches!(failed, ReadError::Io(_)), "{failed}");
    }
}

#[test]
fn a_small_file_that_unpacks_to_a_huge_one_is_refused_on_the_way() {
    struct Blanks(u64);
    impl std::io::Read for Blanks {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(usize::try_from(self.0).unwrap());
            buffer[..count].fill(b'\n');
            self.0 -= u64::try_from(count).unwrap();
            Ok(count)
        }
    }
    let refused = read(Blanks(MAX_BYTES + 1), &How::plain(Format::JsonLines), drop).unwrap_err();
    assert!(matches!(refused, ReadError::Source(SourceError::TooLarge | SourceError::TooLargeUnpacked)), "{refused}");
}

#[test]
fn more_than_etcd_should_hold_is_refused() {
    let note = "x".repeat(1500);
    let text = (0..40_000).fold("id,to,note\n".to_owned(), |text, n| text + &format!("t{n},+1555{n:07},{note}\n"));
    let error = Audience::parse(&How::plain(Format::Csv), text.as_bytes()).unwrap_err();
    assert_eq!(error, SourceError::TooMuchToKeep);
}

#[test]
fn all_complaints_make_a_document_that_a_secret_can_hold() {
    let complaints: Vec<_> = (0..MAX_ROWS)
        .map(|line| {
            let first = Place::Line((line * 7919) % MAX_ROWS);
            let reason = if line % 2 == 0 { Reason::DuplicateId { first } } else { Reason::NumberInvalid };
            Complaint { place: Place::Line(line), reason }
        })
        .collect();
    let packed = rejected_csv_gz(&complaints).unwrap();
    assert!(packed.len() < 900_000, "{} bytes", packed.len());
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut text).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["line", "reason"]);
    let read: Vec<(usize, String)> = reader.deserialize().map(Result::unwrap).collect();
    let written = complaints.iter().map(|complaint| match complaint.place {
        Place::Line(line) | Place::Index(line) => (line, complaint.reason.to_string()),
    });
    assert!(written.eq(read), "another's CSV reader finds all of them");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic_and_nothing_is_lost(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for format in [Format::Csv, Format::JsonLines] {
            let _ = Audience::parse(&How::plain(format), &bytes);
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

    #[test]
    fn how_it_is_packed_makes_no_difference(text in "(id,to\n)?([a-z]{1,3},\\+1555[0-9]{4}(\r\n|\n|\r)){0,30}") {
        let plain = Audience::parse(&How::plain(Format::Csv), text.as_bytes()).map(|read| told(&read));
        let zstd = ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
        let how = How { compression: Compression::Zstd, ..How::plain(Format::Csv) };
        prop_assert_eq!(Audience::parse(&how, &zstd).map(|read| told(&read)), plain);
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
        let twice = [(), ()].map(|()| Audience::parse(&How::plain(Format::Csv), text.as_bytes()));
        let told = twice.map(|read| read.map(|read| (told(&read), read.digest)));
        prop_assert_eq!(&told[0], &told[1]);
    }
}
