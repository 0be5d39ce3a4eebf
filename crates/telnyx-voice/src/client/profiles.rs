//! Outbound voice profiles.

use futures::Stream;

use super::Client;
use super::request::{Path, Request};
use crate::error::Error;
use crate::ids::ProfileId;
use crate::paging::Page;
use crate::profile::{Profile, ProfileFilter, ProfileRequest};
use crate::surface::{CREATE_PROFILE, DELETE_PROFILE, GET_PROFILE, LIST_PROFILES, UPDATE_PROFILE};

impl Client {
    /// Makes a profile. Not repeated where its fate is unknown.
    pub async fn create_outbound_voice_profile(&self, request: &ProfileRequest) -> Result<Profile, Error> {
        let out = Request::new(&CREATE_PROFILE, &[], self.lane)?.body(request)?;
        self.made(&out, |made: &Profile| made.id.as_ref().map(ProfileId::as_str)).await
    }

    /// Reads a profile.
    pub async fn get_outbound_voice_profile(&self, id: &ProfileId) -> Result<Profile, Error> {
        self.object(&Request::new(&GET_PROFILE, &[id.as_str()], self.lane)?).await
    }

    /// Changes the fields that are set; the others stay.
    pub async fn update_outbound_voice_profile(
        &self,
        id: &ProfileId,
        request: &ProfileRequest,
    ) -> Result<Profile, Error> {
        self.object(&Request::new(&UPDATE_PROFILE, &[id.as_str()], self.lane)?.body(request)?).await
    }

    /// Deletes a profile. [`Class::NotFound`](crate::Class::NotFound) where it is gone already.
    pub async fn delete_outbound_voice_profile(&self, id: &ProfileId) -> Result<(), Error> {
        self.send(&Request::new(&DELETE_PROFILE, &[id.as_str()], self.lane)?).await.map(drop)
    }

    /// Lists profiles, 250 at a time.
    pub fn outbound_voice_profile_pages(
        &self,
        filter: &ProfileFilter,
    ) -> impl Stream<Item = Result<Page<Profile>, Error>> + Send + 'static + use<> {
        self.pages(&LIST_PROFILES, Path::whole(&LIST_PROFILES), filter.query())
    }

    /// Lists profiles.
    pub fn outbound_voice_profiles(
        &self,
        filter: &ProfileFilter,
    ) -> impl Stream<Item = Result<Profile, Error>> + Send + 'static + use<> {
        self.items(&LIST_PROFILES, Path::whole(&LIST_PROFILES), filter.query())
    }
}
