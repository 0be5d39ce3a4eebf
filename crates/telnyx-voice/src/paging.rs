//! Lists, a page at a time.
//!
//! Two styles exist: numbered pages (`page[number]`, `page[size]`) and cursors (`page[after]`). Which one a list speaks shows in
//! its answer, so both are followed wherever they appear.

use serde::Deserialize;

/// Items per page; the most that the API gives.
pub(crate) const PAGE_SIZE: u32 = 250;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What the page holds, in the list's order.
    pub items: Vec<T>,
    /// How many there are on all pages, where the API says so.
    pub total: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(crate) struct Listing<T> {
    pub(crate) data: Vec<T>,
    #[serde(default)]
    pub(crate) meta: Option<ListMeta>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListMeta {
    total_pages: Option<u64>,
    pub(crate) total_results: Option<u64>,
    cursors: Option<Cursors>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Cursors {
    after: Option<String>,
}

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Number(u64),
    After(String),
}

impl ListMeta {
    /// The page after the one that was `asked` for and held so many items; `None` at the end. An empty page ends a list
    /// whatever it says, and so does a cursor that leads nowhere new.
    pub(crate) fn next(&self, asked: &Next, items: usize) -> Option<Next> {
        if items == 0 {
            return None;
        }
        if let Some(after) = self.cursors.as_ref().and_then(|cursors| cursors.after.as_ref()) {
            let more = self.next.is_some() || items >= PAGE_SIZE as usize;
            return Some(Next::After(after.clone())).filter(|next| more && next != asked);
        }
        let here = match asked {
            Next::Number(number) => *number,
            Next::After(_) => return None,
        };
        (here < self.total_pages?).then_some(Next::Number(here + 1))
    }
}
