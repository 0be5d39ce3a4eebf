//! Lists: active calls, call events, webhook deliveries, and how any list is read.

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use serde::de::DeserializeOwned;

use super::Client;
use super::request::{Path, Request};
use crate::call::Call;
use crate::delivery::{DeliveryFilter, WebhookDelivery};
use crate::error::Error;
use crate::event::{CallEvent, CallEventFilter};
use crate::ids::{ConnectionId, DeliveryId};
use crate::paging::{Listing, Next, PAGE_SIZE, Page};
use crate::surface::{GET_WEBHOOK_DELIVERY, LIST_ACTIVE_CALLS, LIST_CALL_EVENTS, LIST_WEBHOOK_DELIVERIES, Operation};

pub(super) type Query = Vec<(&'static str, String)>;

impl Client {
    /// Lists the live calls of an application, 250 at a time. Carries no numbers: `client_state` says which call is whose.
    pub fn active_call_pages(
        &self,
        connection: &ConnectionId,
    ) -> Result<impl Stream<Item = Result<Page<Call>, Error>> + Send + 'static + use<>, Error> {
        Ok(self.pages(&LIST_ACTIVE_CALLS, Path::of(&LIST_ACTIVE_CALLS, &[connection.as_str()])?, Vec::new()))
    }

    /// Lists the live calls of an application.
    pub fn active_calls(
        &self,
        connection: &ConnectionId,
    ) -> Result<impl Stream<Item = Result<Call, Error>> + Send + 'static + use<>, Error> {
        Ok(self.items(&LIST_ACTIVE_CALLS, Path::of(&LIST_ACTIVE_CALLS, &[connection.as_str()])?, Vec::new()))
    }

    /// Lists commands and webhooks, 250 at a time, in the order they occurred.
    pub fn call_event_pages(
        &self,
        filter: &CallEventFilter,
    ) -> impl Stream<Item = Result<Page<CallEvent>, Error>> + Send + 'static + use<> {
        self.pages(&LIST_CALL_EVENTS, Path::whole(&LIST_CALL_EVENTS), filter.query())
    }

    /// Lists commands and webhooks in the order they occurred.
    pub fn call_events(
        &self,
        filter: &CallEventFilter,
    ) -> impl Stream<Item = Result<CallEvent, Error>> + Send + 'static + use<> {
        self.items(&LIST_CALL_EVENTS, Path::whole(&LIST_CALL_EVENTS), filter.query())
    }

    /// Lists webhook deliveries, 250 at a time.
    pub fn webhook_delivery_pages(
        &self,
        filter: &DeliveryFilter,
    ) -> impl Stream<Item = Result<Page<WebhookDelivery>, Error>> + Send + 'static + use<> {
        self.pages(&LIST_WEBHOOK_DELIVERIES, Path::whole(&LIST_WEBHOOK_DELIVERIES), filter.query())
    }

    /// Lists webhook deliveries.
    pub fn webhook_deliveries(
        &self,
        filter: &DeliveryFilter,
    ) -> impl Stream<Item = Result<WebhookDelivery, Error>> + Send + 'static + use<> {
        self.items(&LIST_WEBHOOK_DELIVERIES, Path::whole(&LIST_WEBHOOK_DELIVERIES), filter.query())
    }

    /// Reads one webhook delivery.
    pub async fn get_webhook_delivery(&self, id: &DeliveryId) -> Result<WebhookDelivery, Error> {
        self.object(&Request::new(&GET_WEBHOOK_DELIVERY, &[id.as_str()], self.lane)?).await
    }

    /// Reads a list page by page; the next page is asked for when it is polled for. Ends after an error.
    pub(super) fn pages<T: DeserializeOwned + Send + 'static>(
        &self,
        operation: &'static Operation,
        path: Path,
        query: Query,
    ) -> impl Stream<Item = Result<Page<T>, Error>> + Send + 'static + use<T> {
        let list = query.into_iter().fold(path, |path, (name, value)| path.query(name, &value));
        let list = list.query("page[size]", &PAGE_SIZE.to_string());
        let client = self.clone();
        stream::try_unfold((client, Some(Next::Number(1))), move |(client, next)| {
            let list = list.clone();
            async move {
                let Some(asked) = next else { return Ok(None) };
                let path = match &asked {
                    Next::Number(number) => list.query("page[number]", &number.to_string()),
                    Next::After(cursor) => list.query("page[after]", cursor),
                };
                let listing: Listing<T> = client.send(&Request::to(operation, path, client.lane)).await?.json()?;
                let meta = listing.meta.unwrap_or_default();
                let next = meta.next(&asked, listing.data.len());
                Ok(Some((Page { items: listing.data, total: meta.total_results }, (client, next))))
            }
        })
    }

    /// Reads a list item by item.
    pub(super) fn items<T: DeserializeOwned + Send + 'static>(
        &self,
        operation: &'static Operation,
        path: Path,
        query: Query,
    ) -> impl Stream<Item = Result<T, Error>> + Send + 'static + use<T> {
        self.pages(operation, path, query).map_ok(|page| stream::iter(page.items).map(Ok)).try_flatten()
    }
}
