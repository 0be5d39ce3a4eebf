//! What a server sends, as far as it may.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::client::{FetchError, of_request};

/// A server that sends nothing for this long is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// A document on its way, of at most so many bytes, until at most then.
pub struct Body {
    chunks: BoxStream<'static, Result<Bytes, FetchError>>,
    left: u64,
    most: u64,
    deadline: Instant,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Body {
    /// Of this answer. One that announces more than `most` bytes is refused before any is read.
    pub(super) fn of(answer: reqwest::Response, most: u64, deadline: Instant) -> Result<Self, FetchError> {
        let announced = answer.content_length();
        let chunks = stream::try_unfold(answer, async |mut answer| {
            let chunk = answer.chunk().await.map_err(of_request)?;
            Ok(chunk.map(|chunk| (chunk, answer)))
        });
        Self::new(chunks, announced, most, deadline)
    }

    /// Of these parts, which are `announced` bytes together where that is known.
    pub(super) fn new(
        chunks: impl Stream<Item = Result<Bytes, FetchError>> + Send + 'static,
        announced: Option<u64>,
        most: u64,
        deadline: Instant,
    ) -> Result<Self, FetchError> {
        match announced {
            Some(size) if size > most => Err(FetchError::TooLarge { most, announced }),
            Some(_) | None => Ok(Self { chunks: chunks.boxed(), left: most, most, deadline }),
        }
    }

    /// The next part; `None` at the end. May be dropped while it waits, and asked again.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        let until = self.deadline.min(Instant::now() + SILENCE);
        let chunk = timeout_at(until, self.chunks.next()).await.map_err(|_| FetchError::TooSlow)?;
        let Some(chunk) = chunk.transpose()? else { return Ok(None) };
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
