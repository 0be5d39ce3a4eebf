//! Lists: active calls, call events, webhook deliveries, and how any list is read.

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use reqwest::Method;
use serde::de::DeserializeOwned;

use super::Client;
use super::request::{Path, Request};
use crate::call::Call;
use crate::delivery::{DeliveryFilter, WebhookDelivery};
use crate::error::{Endpoint, Error};
use crate::event::{CallEvent, CallEventFilter};
use crate::ids::{ConnectionId, DeliveryId};
use crate::paging::{Listing, Next, PAGE_SIZE, Page};

type Query = Vec<(&'static str, String)>;

impl Client {
    /// Lists the live calls of an application, 250 at a time. Carries no numbers: `client_state` says which call is whose.
    pub fn active_call_pages(
        &self,
        connection: &ConnectionId,
    ) -> Result<impl Stream<Item = Result<Page<Call>, Error>> + Send + 'static + use<>, Error> {
        Ok(self.pages(active(connection)?, Vec::new(), Endpoint::ActiveCalls))
    }

    /// Lists the live calls of an application.
    pub fn active_calls(
        &self,
        connection: &ConnectionId,
    ) -> Result<impl Stream<Item = Result<Call, Error>> + Send + 'static + use<>, Error> {
        Ok(self.items(active(connection)?, Vec::new(), Endpoint::ActiveCalls))
    }

    /// Lists commands and webhooks, 250 at a time, in the order they occurred.
    pub fn call_event_pages(
        &self,
        filter: &CallEventFilter,
    ) -> impl Stream<Item = Result<Page<CallEvent>, Error>> + Send + 'static + use<> {
        self.pages(Path::new("/call_events"), filter.query(), Endpoint::CallEvents)
    }

    /// Lists commands and webhooks in the order they occurred.
    pub fn call_events(
        &self,
        filter: &CallEventFilter,
    ) -> impl Stream<Item = Result<CallEvent, Error>> + Send + 'static + use<> {
        self.items(Path::new("/call_events"), filter.query(), Endpoint::CallEvents)
    }

    /// Lists webhook deliveries, 250 at a time.
    pub fn webhook_delivery_pages(
        &self,
        filter: &DeliveryFilter,
    ) -> impl Stream<Item = Result<Page<WebhookDelivery>, Error>> + Send + 'static + use<> {
        self.pages(Path::new("/webhook_deliveries"), filter.query(), Endpoint::WebhookDeliveries)
    }

    /// Lists webhook deliveries.
    pub fn webhook_deliveries(
        &self,
        filter: &DeliveryFilter,
    ) -> impl Stream<Item = Result<WebhookDelivery, Error>> + Send + 'static + use<> {
        self.items(Path::new("/webhook_deliveries"), filter.query(), Endpoint::WebhookDeliveries)
    }

    /// Reads one webhook delivery.
    pub async fn get_webhook_delivery(&self, id: &DeliveryId) -> Result<WebhookDelivery, Error> {
        let path = Path::new("/webhook_deliveries").segment("the delivery's id", id.as_str())?;
        self.object(&Request::new(Method::GET, path, Endpoint::WebhookDeliveries, self.lane)).await
    }

    /// Reads a list page by page; the next page is asked for when it is polled for. Ends after an error.
    pub(super) fn pages<T: DeserializeOwned + Send + 'static>(
        &self,
        path: Path,
        query: Query,
        endpoint: Endpoint,
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
                let listing: Listing<T> =
                    client.send(&Request::new(Method::GET, path, endpoint, client.lane)).await?.json()?;
                let meta = listing.meta.unwrap_or_default();
                let next = meta.next(&asked, listing.data.len());
                Ok(Some((Page { items: listing.data, total: meta.total_results }, (client, next))))
            }
        })
    }

    /// Reads a list item by item.
    pub(super) fn items<T: DeserializeOwned + Send + 'static>(
        &self,
        path: Path,
        query: Query,
        endpoint: Endpoint,
    ) -> impl Stream<Item = Result<T, Error>> + Send + 'static + use<T> {
        self.pages(path, query, endpoint).map_ok(|page| stream::iter(page.items).map(Ok)).try_flatten()
    }
}

fn active(connection: &ConnectionId) -> Result<Path, Error> {
    Ok(Path::new("/connections").segment("the connection's id", connection.as_str())?.then("/active_calls"))
}
