//! Call Control applications.

use futures::Stream;

use super::Client;
use super::request::{Path, Request};
use crate::application::{Application, ApplicationFilter, ApplicationRequest};
use crate::error::Error;
use crate::ids::ConnectionId;
use crate::paging::Page;
use crate::surface::{CREATE_APPLICATION, DELETE_APPLICATION, GET_APPLICATION, LIST_APPLICATIONS, UPDATE_APPLICATION};

impl Client {
    /// Makes an application. Not repeated where its fate is unknown: names are not unique, so a second try could make a second one.
    pub async fn create_application(&self, request: &ApplicationRequest) -> Result<Application, Error> {
        let out = Request::new(&CREATE_APPLICATION, &[], self.lane)?.body(request)?;
        self.made(&out, |made: &Application| made.id.as_ref().map(ConnectionId::as_str)).await
    }

    /// Reads an application.
    pub async fn get_application(&self, id: &ConnectionId) -> Result<Application, Error> {
        self.object(&Request::new(&GET_APPLICATION, &[id.as_str()], self.lane)?).await
    }

    /// Changes the fields that are set; the others stay.
    pub async fn update_application(
        &self,
        id: &ConnectionId,
        request: &ApplicationRequest,
    ) -> Result<Application, Error> {
        self.object(&Request::new(&UPDATE_APPLICATION, &[id.as_str()], self.lane)?.body(request)?).await
    }

    /// Deletes an application. [`Class::NotFound`](crate::Class::NotFound) where it is gone already.
    pub async fn delete_application(&self, id: &ConnectionId) -> Result<(), Error> {
        self.send(&Request::new(&DELETE_APPLICATION, &[id.as_str()], self.lane)?).await.map(drop)
    }

    /// Lists applications, 250 at a time.
    pub fn application_pages(
        &self,
        filter: &ApplicationFilter,
    ) -> impl Stream<Item = Result<Page<Application>, Error>> + Send + 'static + use<> {
        self.pages(&LIST_APPLICATIONS, Path::whole(&LIST_APPLICATIONS), filter.query())
    }

    /// Lists applications.
    pub fn applications(
        &self,
        filter: &ApplicationFilter,
    ) -> impl Stream<Item = Result<Application, Error>> + Send + 'static + use<> {
        self.items(&LIST_APPLICATIONS, Path::whole(&LIST_APPLICATIONS), filter.query())
    }
}
