//! Both paging styles of the API.
//!
//! Numbers: `page[number]`/`page[size]`, 20 by default, 250 at most, with totals in `meta`. Cursors: `page[after]`/`page[limit]`
//! with `meta.cursors` (Telnyx API reference: "List all active calls for given connection").

use serde::Serialize;

use super::exchange::{Answer, Exchange};
use super::refusal::{ApiError, Refusal};

const DEFAULT_SIZE: u64 = 20;
const MAX_SIZE: u64 = 250;

/// A page asked for by number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    number: u64,
    size: u64,
}

#[derive(Serialize)]
struct Numbered<'a, T> {
    data: &'a [T],
    meta: NumberMeta,
}

#[derive(Serialize)]
struct NumberMeta {
    page_number: u64,
    page_size: u64,
    total_pages: u64,
    total_results: u64,
}

impl Page {
    pub(crate) fn read(exchange: &Exchange<'_>) -> Result<Self, Refusal> {
        let number = exchange.whole_query("page[number]")?.unwrap_or(1);
        let size = exchange.whole_query("page[size]")?.unwrap_or(DEFAULT_SIZE);
        if number == 0 {
            return Err(out_of_range("page[number]", "must be 1 or more."));
        }
        if !(1..=MAX_SIZE).contains(&size) {
            return Err(out_of_range("page[size]", "must be from 1 to 250."));
        }
        Ok(Self { number, size })
    }

    /// How many items come before this page.
    pub(crate) fn skip(self) -> usize {
        usize::try_from((self.number - 1).saturating_mul(self.size)).unwrap_or(usize::MAX)
    }

    /// How many items the page may hold.
    pub(crate) fn take(self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    pub(crate) fn answer<T: Serialize>(self, items: &[T], total: usize) -> Answer {
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        let meta = NumberMeta {
            page_number: self.number,
            page_size: self.size,
            total_pages: total.div_ceil(self.size),
            total_results: total,
        };
        Answer::json(200, &Numbered { data: items, meta })
    }
}

/// A page asked for by cursor. A cursor is the key of the last item of the page before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CursorPage {
    pub(crate) after: Option<u64>,
    pub(crate) size: u64,
}

#[derive(Serialize)]
struct Cursored<'a, T> {
    data: &'a [T],
    meta: CursorMeta,
}

#[derive(Serialize)]
struct CursorMeta {
    total_items: u64,
    cursors: Cursors,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct Cursors {
    after: Option<String>,
    before: Option<String>,
}

impl CursorPage {
    pub(crate) fn read(exchange: &Exchange<'_>) -> Result<Self, Refusal> {
        let size = match exchange.whole_query("page[limit]")? {
            Some(limit) => limit,
            None => exchange.whole_query("page[size]")?.unwrap_or(DEFAULT_SIZE),
        };
        if !(1..=MAX_SIZE).contains(&size) {
            return Err(out_of_range("page[limit]", "must be from 1 to 250."));
        }
        let after = exchange.query("page[after]").map(|cursor| {
            u64::from_str_radix(cursor, 16).map_err(|_| out_of_range("page[after]", "is not a cursor of this list."))
        });
        Ok(Self { after: after.transpose()?, size })
    }

    /// `items` are the page, `last` the key of its last item when more follow, `path` where the next page is.
    pub(crate) fn answer<T: Serialize>(self, items: &[T], total: usize, last: Option<u64>, path: &str) -> Answer {
        let after = last.map(|key| format!("{key:x}"));
        let next = after.as_ref().map(|cursor| format!("{path}?page[limit]={}&page[after]={cursor}", self.size));
        let meta = CursorMeta {
            total_items: u64::try_from(total).unwrap_or(u64::MAX),
            cursors: Cursors { after, before: self.after.map(|key| format!("{key:x}")) },
            next,
        };
        Answer::json(200, &Cursored { data: items, meta })
    }
}

fn out_of_range(parameter: &str, want: &str) -> Refusal {
    ApiError::new("10032", "Value outside of range", format!("{parameter} {want}")).parameter(parameter).with(422)
}
