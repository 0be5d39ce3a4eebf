//! Queues and the calls in them.

use futures::Stream;

use super::Client;
use super::request::{Path, Request};
use crate::error::Error;
use crate::ids::CallControlId;
use crate::paging::Page;
use crate::queue::{Queue, QueueRequest, QueueUpdate, QueuedCall, QueuedCallUpdate};
use crate::surface::{
    CREATE_QUEUE, DELETE_QUEUE, GET_QUEUE, GET_QUEUED_CALL, LIST_QUEUED_CALLS, LIST_QUEUES, REMOVE_QUEUED_CALL,
    UPDATE_QUEUE, UPDATE_QUEUED_CALL,
};

impl Client {
    /// Makes a queue. Not repeated where its fate is unknown.
    pub async fn create_queue(&self, request: &QueueRequest) -> Result<Queue, Error> {
        let out = Request::new(&CREATE_QUEUE, &[], self.lane)?.body(request)?;
        self.made(&out, |made: &Queue| made.name.as_deref()).await
    }

    /// Reads a queue. [`Class::NotFound`](crate::Class::NotFound) may mean that it was empty for too long.
    pub async fn get_queue(&self, name: &str) -> Result<Queue, Error> {
        self.object(&Request::new(&GET_QUEUE, &[name], self.lane)?).await
    }

    /// Changes a queue; a POST at the API, so not repeated where its fate is unknown.
    pub async fn update_queue(&self, name: &str, update: &QueueUpdate) -> Result<Queue, Error> {
        self.object(&Request::new(&UPDATE_QUEUE, &[name], self.lane)?.body(update)?).await
    }

    /// Deletes a queue. [`Class::QueueNotEmpty`](crate::Class::QueueNotEmpty) while calls wait in it.
    pub async fn delete_queue(&self, name: &str) -> Result<(), Error> {
        self.send(&Request::new(&DELETE_QUEUE, &[name], self.lane)?).await.map(drop)
    }

    /// Lists queues, 250 at a time.
    pub fn queue_pages(&self) -> impl Stream<Item = Result<Page<Queue>, Error>> + Send + 'static + use<> {
        self.pages(&LIST_QUEUES, Path::whole(&LIST_QUEUES), Vec::new())
    }

    /// Lists queues.
    pub fn queues(&self) -> impl Stream<Item = Result<Queue, Error>> + Send + 'static + use<> {
        self.items(&LIST_QUEUES, Path::whole(&LIST_QUEUES), Vec::new())
    }

    /// Lists the calls in a queue, 250 at a time, the head first.
    pub fn queued_call_pages(
        &self,
        name: &str,
    ) -> Result<impl Stream<Item = Result<Page<QueuedCall>, Error>> + Send + 'static + use<>, Error> {
        Ok(self.pages(&LIST_QUEUED_CALLS, Path::of(&LIST_QUEUED_CALLS, &[name])?, Vec::new()))
    }

    /// Lists the calls in a queue, the head first.
    pub fn queued_calls(
        &self,
        name: &str,
    ) -> Result<impl Stream<Item = Result<QueuedCall, Error>> + Send + 'static + use<>, Error> {
        Ok(self.items(&LIST_QUEUED_CALLS, Path::of(&LIST_QUEUED_CALLS, &[name])?, Vec::new()))
    }

    /// Reads one call in a queue.
    pub async fn get_queued_call(&self, name: &str, call: &CallControlId) -> Result<QueuedCall, Error> {
        self.object(&Request::new(&GET_QUEUED_CALL, &[name, call.as_str()], self.lane)?).await
    }

    /// Changes one call in a queue.
    pub async fn update_queued_call(
        &self,
        name: &str,
        call: &CallControlId,
        update: &QueuedCallUpdate,
    ) -> Result<(), Error> {
        let out = Request::new(&UPDATE_QUEUED_CALL, &[name, call.as_str()], self.lane)?.body(update)?;
        self.send(&out).await.map(drop)
    }

    /// Removes one call that is over from a queue.
    pub async fn remove_queued_call(&self, name: &str, call: &CallControlId) -> Result<(), Error> {
        self.send(&Request::new(&REMOVE_QUEUED_CALL, &[name, call.as_str()], self.lane)?).await.map(drop)
    }
}
