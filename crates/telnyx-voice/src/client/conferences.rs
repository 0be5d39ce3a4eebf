//! Conferences and those who take part in them.

use futures::Stream;

use super::Client;
use super::request::{Path, Request};
use crate::call::CommandResult;
use crate::conference::{
    Conference, ConferenceFilter, ConferenceRegion, ConferenceRequest, Participant, ParticipantFilter,
    ParticipantUpdate,
};
use crate::error::Error;
use crate::ids::{ConferenceId, ParticipantId};
use crate::paging::Page;
use crate::surface::{
    CREATE_CONFERENCE, ConferenceCommand, GET_CONFERENCE, GET_PARTICIPANT, LIST_CONFERENCES, LIST_PARTICIPANTS,
    UPDATE_PARTICIPANT,
};

impl Client {
    /// Begins a conference with a live call. Repeated under its `command_id` only, where it has one.
    /// [`Class::AlreadyExists`](crate::Class::AlreadyExists) where an active one has the name: join that.
    pub async fn create_conference(&self, request: &ConferenceRequest) -> Result<Conference, Error> {
        let out = Request::new(&CREATE_CONFERENCE, &[], self.lane)?.body(request)?.command(request.command_id.as_ref());
        self.made(&out, |made: &Conference| made.id.as_ref().map(ConferenceId::as_str)).await
    }

    /// Reads a conference. `region`: where it is kept; the account's own where `None`.
    pub async fn get_conference(
        &self,
        id: &ConferenceId,
        region: Option<&ConferenceRegion>,
    ) -> Result<Conference, Error> {
        let path = Path::of(&GET_CONFERENCE, &[id.as_str()])?;
        let path = region.iter().fold(path, |path, region| path.query("region", region.as_str()));
        self.object(&Request::to(&GET_CONFERENCE, path, self.lane)).await
    }

    /// Lists conferences, 250 at a time, those that expire last first.
    pub fn conference_pages(
        &self,
        filter: &ConferenceFilter,
    ) -> impl Stream<Item = Result<Page<Conference>, Error>> + Send + 'static + use<> {
        self.pages(&LIST_CONFERENCES, Path::whole(&LIST_CONFERENCES), filter.query())
    }

    /// Lists conferences, those that expire last first.
    pub fn conferences(
        &self,
        filter: &ConferenceFilter,
    ) -> impl Stream<Item = Result<Conference, Error>> + Send + 'static + use<> {
        self.items(&LIST_CONFERENCES, Path::whole(&LIST_CONFERENCES), filter.query())
    }

    /// Commands a conference; what it did comes by webhook. Join and leave take the conference's name in place of its id.
    /// Repeated under its `command_id`, where it has one; without, only what was never carried out is sent again. Errors are
    /// classified by `C::OPERATION.endpoint`.
    pub async fn conference_command<C: ConferenceCommand>(
        &self,
        conference: &ConferenceId,
        request: &C,
    ) -> Result<CommandResult, Error> {
        request.check().map_err(Error::OutOfBounds)?;
        let out = Request::new(C::OPERATION, &[conference.as_str()], self.lane)?.checked(request)?;
        self.send(&out.command(request.command_id())).await.map(|accepted| accepted.result())
    }

    /// Lists who takes part, 250 at a time. Nobody does in a conference that is completed.
    pub fn conference_participant_pages(
        &self,
        id: &ConferenceId,
        filter: &ParticipantFilter,
    ) -> Result<impl Stream<Item = Result<Page<Participant>, Error>> + Send + 'static + use<>, Error> {
        Ok(self.pages(&LIST_PARTICIPANTS, Path::of(&LIST_PARTICIPANTS, &[id.as_str()])?, filter.query()))
    }

    /// Lists who takes part. Nobody does in a conference that is completed.
    pub fn conference_participants(
        &self,
        id: &ConferenceId,
        filter: &ParticipantFilter,
    ) -> Result<impl Stream<Item = Result<Participant, Error>> + Send + 'static + use<>, Error> {
        Ok(self.items(&LIST_PARTICIPANTS, Path::of(&LIST_PARTICIPANTS, &[id.as_str()])?, filter.query()))
    }

    /// Reads one who takes part, by id or label.
    pub async fn get_conference_participant(
        &self,
        id: &ConferenceId,
        participant: &ParticipantId,
    ) -> Result<Participant, Error> {
        self.object(&Request::new(&GET_PARTICIPANT, &[id.as_str(), participant.as_str()], self.lane)?).await
    }

    /// Changes one who takes part.
    pub async fn update_conference_participant(
        &self,
        id: &ConferenceId,
        participant: &ParticipantId,
        update: &ParticipantUpdate,
    ) -> Result<Participant, Error> {
        let out = Request::new(&UPDATE_PARTICIPANT, &[id.as_str(), participant.as_str()], self.lane)?.body(update)?;
        self.object(&out).await
    }
}
