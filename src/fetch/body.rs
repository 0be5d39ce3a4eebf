//! What a server sends, as far as it may.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::client::{FetchError, of_request};

/// A server that sends nothing for this long is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// A document on its way, of at most so many bytes, until at most then.
#[derive(Debug)]
pub struct Body {
    answer: reqwest::Response,
    left: u64,
    most: u64,
    deadline: Instant,
}

impl Body {
    /// Of this answer. One that announces more than `most` bytes is refused before any is read.
    pub(super) fn of(answer: reqwest::Response, most: u64, deadline: Instant) -> Result<Self, FetchError> {
        match answer.content_length() {
            Some(announced) if announced > most => Err(FetchError::TooLarge { most, announced: Some(announced) }),
            Some(_) | None => Ok(Self { answer, left: most, most, deadline }),
        }
    }

    /// The next part; `None` at the end. May be dropped while it waits, and asked again.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        let until = self.deadline.min(Instant::now() + SILENCE);
        let chunk = timeout_at(until, self.answer.chunk()).await.map_err(|_| FetchError::TooSlow)?;
        let Some(chunk) = chunk.map_err(of_request)? else { return Ok(None) };
        let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(length).ok_or(FetchError::TooLarge { most: self.most, announced: None })?;
        Ok(Some(chunk))
    }

    /// All of it. For documents small enough to be held.
    pub async fn all(mut self) -> Result<Vec<u8>, FetchError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }
}
