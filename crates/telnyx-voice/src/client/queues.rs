//! Queues and the calls in them.

use futures::Stream;
use reqwest::Method;

use super::Client;
use super::request::{Path, Request};
use crate::error::{Endpoint, Error};
use crate::ids::CallControlId;
use crate::paging::Page;
use crate::queue::{Queue, QueueRequest, QueueUpdate, QueuedCall, QueuedCallUpdate};

const ROOT: &str = "/queues";

impl Client {
    /// Makes a queue. Not repeated where its fate is unknown.
    pub async fn create_queue(&self, request: &QueueRequest) -> Result<Queue, Error> {
        let out = self.queue(Method::POST, Path::new(ROOT)).json(request)?;
        self.made(&out, |made: &Queue| made.name.as_deref()).await
    }

    /// Reads a queue. [`Class::NotFound`](crate::Class::NotFound) may mean that it was empty for too long.
    pub async fn get_queue(&self, name: &str) -> Result<Queue, Error> {
        self.object(&self.queue(Method::GET, one(name)?)).await
    }

    /// Changes a queue; a POST at the API, so not repeated where its fate is unknown.
    pub async fn update_queue(&self, name: &str, update: &QueueUpdate) -> Result<Queue, Error> {
        self.object(&self.queue(Method::POST, one(name)?).json(update)?).await
    }

    /// Deletes a queue. [`Class::QueueNotEmpty`](crate::Class::QueueNotEmpty) while calls wait in it.
    pub async fn delete_queue(&self, name: &str) -> Result<(), Error> {
        self.send(&self.queue(Method::DELETE, one(name)?)).await.map(drop)
    }

    /// Lists queues, 250 at a time.
    pub fn queue_pages(&self) -> impl Stream<Item = Result<Page<Queue>, Error>> + Send + 'static + use<> {
        self.pages(Path::new(ROOT), Vec::new(), Endpoint::Queues)
    }

    /// Lists queues.
    pub fn queues(&self) -> impl Stream<Item = Result<Queue, Error>> + Send + 'static + use<> {
        self.items(Path::new(ROOT), Vec::new(), Endpoint::Queues)
    }

    /// Lists the calls in a queue, 250 at a time, the head first.
    pub fn queued_call_pages(
        &self,
        name: &str,
    ) -> Result<impl Stream<Item = Result<Page<QueuedCall>, Error>> + Send + 'static + use<>, Error> {
        Ok(self.pages(one(name)?.then("/calls"), Vec::new(), Endpoint::QueuedCalls))
    }

    /// Lists the calls in a queue, the head first.
    pub fn queued_calls(
        &self,
        name: &str,
    ) -> Result<impl Stream<Item = Result<QueuedCall, Error>> + Send + 'static + use<>, Error> {
        Ok(self.items(one(name)?.then("/calls"), Vec::new(), Endpoint::QueuedCalls))
    }

    /// Reads one call in a queue.
    pub async fn get_queued_call(&self, name: &str, call: &CallControlId) -> Result<QueuedCall, Error> {
        self.object(&self.queued(Method::GET, name, call)?).await
    }

    /// Changes one call in a queue.
    pub async fn update_queued_call(
        &self,
        name: &str,
        call: &CallControlId,
        update: &QueuedCallUpdate,
    ) -> Result<(), Error> {
        self.send(&self.queued(Method::PATCH, name, call)?.json(update)?).await.map(drop)
    }

    /// Removes one call that is over from a queue.
    pub async fn remove_queued_call(&self, name: &str, call: &CallControlId) -> Result<(), Error> {
        self.send(&self.queued(Method::DELETE, name, call)?).await.map(drop)
    }

    fn queue(&self, method: Method, path: Path) -> Request {
        Request::new(method, path, Endpoint::Queues, self.lane)
    }

    fn queued(&self, method: Method, name: &str, call: &CallControlId) -> Result<Request, Error> {
        let path = one(name)?.then("/calls").segment("call_control_id", call.as_str())?;
        Ok(Request::new(method, path, Endpoint::QueuedCalls, self.lane))
    }
}

fn one(name: &str) -> Result<Path, Error> {
    Path::new(ROOT).segment("the queue's name", name)
}
