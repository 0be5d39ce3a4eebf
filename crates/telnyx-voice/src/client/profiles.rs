//! Outbound voice profiles.

use futures::Stream;
use reqwest::Method;

use super::Client;
use super::request::{Path, Request};
use crate::error::{Endpoint, Error};
use crate::ids::ProfileId;
use crate::paging::Page;
use crate::profile::{Profile, ProfileFilter, ProfileRequest};

const ROOT: &str = "/outbound_voice_profiles";

impl Client {
    /// Makes a profile. Not repeated where its fate is unknown.
    pub async fn create_outbound_voice_profile(&self, request: &ProfileRequest) -> Result<Profile, Error> {
        let out = self.profile(Method::POST, Path::new(ROOT)).json(request)?;
        self.made(&out, |made: &Profile| made.id.as_ref().map(ProfileId::as_str)).await
    }

    /// Reads a profile.
    pub async fn get_outbound_voice_profile(&self, id: &ProfileId) -> Result<Profile, Error> {
        self.object(&self.profile(Method::GET, one(id)?)).await
    }

    /// Changes the fields that are set; the others stay.
    pub async fn update_outbound_voice_profile(
        &self,
        id: &ProfileId,
        request: &ProfileRequest,
    ) -> Result<Profile, Error> {
        self.object(&self.profile(Method::PATCH, one(id)?).json(request)?).await
    }

    /// Deletes a profile. [`Class::NotFound`](crate::Class::NotFound) where it is gone already.
    pub async fn delete_outbound_voice_profile(&self, id: &ProfileId) -> Result<(), Error> {
        self.send(&self.profile(Method::DELETE, one(id)?)).await.map(drop)
    }

    /// Lists profiles, 250 at a time.
    pub fn outbound_voice_profile_pages(
        &self,
        filter: &ProfileFilter,
    ) -> impl Stream<Item = Result<Page<Profile>, Error>> + Send + 'static + use<> {
        self.pages(Path::new(ROOT), filter.query(), Endpoint::Profiles)
    }

    /// Lists profiles.
    pub fn outbound_voice_profiles(
        &self,
        filter: &ProfileFilter,
    ) -> impl Stream<Item = Result<Profile, Error>> + Send + 'static + use<> {
        self.items(Path::new(ROOT), filter.query(), Endpoint::Profiles)
    }

    fn profile(&self, method: Method, path: Path) -> Request {
        Request::new(method, path, Endpoint::Profiles, self.lane)
    }
}

fn one(id: &ProfileId) -> Result<Path, Error> {
    Path::new(ROOT).segment("the profile's id", id.as_str())
}
