//! Every request to the API, as JSON Lines, for whoever wants to judge what a client sends.
//!
//! A line has `method`, `path` (after `/v2`, as it was sent), `query` (the same; null without one), `body` (null without one, text when
//! it is not JSON) and `status` (null when the connection was closed instead). Never a bearer key. Promises whole lines, also when
//! several simulators write to one file: a line is one write to a file that is opened for appending.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use axum::http::Uri;
use serde::Serialize;
use serde_json::Value;

use crate::model::Method;

#[derive(Debug)]
pub(super) struct Journal(File);

#[derive(Serialize)]
struct Line<'a> {
    method: &'static str,
    path: &'a str,
    query: Option<&'a str>,
    body: Option<Value>,
    status: Option<u16>,
}

impl Journal {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self)
    }

    /// Writes one request. A full disk costs the line, not the answer.
    pub(super) fn write(&self, method: Method, uri: &Uri, body: &[u8], status: Option<u16>) {
        let line = Line {
            method: method.name(),
            path: uri.path().strip_prefix("/v2").unwrap_or(uri.path()),
            query: uri.query(),
            body: (!body.is_empty()).then(|| {
                serde_json::from_slice(body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(body).into_owned()))
            }),
            status,
        };
        let written = serde_json::to_vec(&line).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            (&self.0).write_all(&line)
        });
        if let Err(error) = written {
            tracing::warn!(%error, "a request is missing in the journal");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_journals_of_one_file_write_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let uri: Uri = "/v2/calls?a=b".parse().unwrap();
        let body = format!(r#"{{"to":"{}"}}"#, "1".repeat(20_000));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let journal = Journal::open(&path).unwrap();
                let (uri, body) = (&uri, &body);
                scope.spawn(move || {
                    for _ in 0..50 {
                        journal.write(Method::Post, uri, body.as_bytes(), Some(200));
                    }
                });
            }
        });
        let written = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 100);
        assert!(lines.iter().all(|line| line["path"] == "/calls" && line["query"] == "a=b" && line["status"] == 200));
    }

    #[test]
    fn a_body_that_is_not_json_is_kept_as_text_and_none_as_null() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::open(&path).unwrap();
        journal.write(Method::Post, &Uri::from_static("/v2/queues"), b"{", None);
        journal.write(Method::Get, &Uri::from_static("/v2/queues"), b"", Some(200));
        let expected = concat!(
            r#"{"method":"POST","path":"/queues","query":null,"body":"{","status":null}"#,
            "\n",
            r#"{"method":"GET","path":"/queues","query":null,"body":null,"status":200}"#,
            "\n",
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    }
}
