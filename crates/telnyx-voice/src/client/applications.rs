//! Call Control applications.

use futures::Stream;
use reqwest::Method;

use super::Client;
use super::request::{Path, Request};
use crate::application::{Application, ApplicationFilter, ApplicationRequest};
use crate::error::{Endpoint, Error};
use crate::ids::ConnectionId;
use crate::paging::Page;

const ROOT: &str = "/call_control_applications";

impl Client {
    /// Makes an application. Not repeated where its fate is unknown: names are not unique, so a second try could make a second one.
    pub async fn create_application(&self, request: &ApplicationRequest) -> Result<Application, Error> {
        let out = self.application(Method::POST, Path::new(ROOT)).json(request)?;
        self.made(&out, |made: &Application| made.id.as_ref().map(ConnectionId::as_str)).await
    }

    /// Reads an application.
    pub async fn get_application(&self, id: &ConnectionId) -> Result<Application, Error> {
        self.object(&self.application(Method::GET, one(id)?)).await
    }

    /// Changes the fields that are set; the others stay.
    pub async fn update_application(
        &self,
        id: &ConnectionId,
        request: &ApplicationRequest,
    ) -> Result<Application, Error> {
        self.object(&self.application(Method::PATCH, one(id)?).json(request)?).await
    }

    /// Deletes an application. [`Class::NotFound`](crate::Class::NotFound) where it is gone already.
    pub async fn delete_application(&self, id: &ConnectionId) -> Result<(), Error> {
        self.send(&self.application(Method::DELETE, one(id)?)).await.map(drop)
    }

    /// Lists applications, 250 at a time.
    pub fn application_pages(
        &self,
        filter: &ApplicationFilter,
    ) -> impl Stream<Item = Result<Page<Application>, Error>> + Send + 'static + use<> {
        self.pages(Path::new(ROOT), filter.query(), Endpoint::Applications)
    }

    /// Lists applications.
    pub fn applications(
        &self,
        filter: &ApplicationFilter,
    ) -> impl Stream<Item = Result<Application, Error>> + Send + 'static + use<> {
        self.items(Path::new(ROOT), filter.query(), Endpoint::Applications)
    }

    fn application(&self, method: Method, path: Path) -> Request {
        Request::new(method, path, Endpoint::Applications, self.lane)
    }
}

fn one(id: &ConnectionId) -> Result<Path, Error> {
    Path::new(ROOT).segment("the application's id", id.as_str())
}
