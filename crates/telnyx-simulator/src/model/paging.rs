//! Both paging styles of the API.
//!
//! Numbers: `page[number]`/`page[size]`, 20 by default, 250 at most, with totals in `meta`. Cursors: `page[after]` or
//! `page[before]`, and `page[limit]`, with `meta.cursors` (Telnyx API reference: "List all active calls for given connection").

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

/// A page asked for by cursor. A cursor is the key of the first or last item of the page next to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CursorPage {
    pub(crate) window: Window,
    pub(crate) size: u64,
}

/// Which part of the list is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// From the beginning.
    First,
    /// What follows this key.
    After(u64),
    /// What comes directly before this key.
    Before(u64),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
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
        let cursor = |name: &str| {
            let key = exchange.query(name).map(|cursor| u64::from_str_radix(cursor, 16));
            key.transpose().map_err(|_| out_of_range(name, "is not a cursor of this list."))
        };
        let window = match (cursor("page[after]")?, cursor("page[before]")?) {
            (None, None) => Window::First,
            (Some(after), None) => Window::After(after),
            (None, Some(before)) => Window::Before(before),
            (Some(_), Some(_)) => {
                return Err(out_of_range("page[before]", "cannot be used together with page[after]."));
            }
        };
        Ok(Self { window, size })
    }

    /// How many items to fetch: one more than the page holds tells whether there are more in that direction.
    pub(crate) fn fetch(self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX).saturating_add(1)
    }

    /// `fetched` are the items of the window with their keys, as many as [`CursorPage::fetch`] says, nearest to the cursor
    /// first; `path` is where the list is.
    pub(crate) fn answer<T: Serialize>(self, mut fetched: Vec<(u64, T)>, total: usize, path: &str) -> Answer {
        let more = fetched.len() >= self.fetch();
        fetched.truncate(self.fetch() - 1);
        let (more_after, more_before) = match self.window {
            Window::First => (more, false),
            Window::After(_) => (more, true),
            Window::Before(_) => {
                fetched.reverse();
                (true, more)
            }
        };
        let cursor = |item: Option<&(u64, T)>, wanted: bool| item.filter(|_| wanted).map(|(key, _)| format!("{key:x}"));
        let after = cursor(fetched.last(), more_after);
        let before = cursor(fetched.first(), more_before);
        let link = |name: &str, cursor: &String| format!("{path}?page[limit]={}&page[{name}]={cursor}", self.size);
        let meta = CursorMeta {
            total_items: u64::try_from(total).unwrap_or(u64::MAX),
            next: after.as_ref().map(|cursor| link("after", cursor)),
            previous: before.as_ref().map(|cursor| link("before", cursor)),
            cursors: Cursors { after, before },
        };
        let data: Vec<T> = fetched.into_iter().map(|(_, item)| item).collect();
        Answer::json(200, &Cursored { data: &data, meta })
    }
}

fn out_of_range(parameter: &str, want: &str) -> Refusal {
    ApiError::new("10033", "Value outside of range", format!("{parameter} {want}")).parameter(parameter).with(422)
}
