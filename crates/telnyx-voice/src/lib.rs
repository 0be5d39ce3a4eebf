#![doc = include_str!("../README.md")]
//!
//! # Conventions
//!
//! A field that is `None` is not sent and was not received. An update changes the fields that are set and leaves the others; a field
//! cannot be set to `null`. Units are in the field's name or in its text. The crate knows nothing of Kubernetes, of campaigns, or
//! of what a call is for.

mod application;
pub mod bounds;
#[cfg(feature = "client")]
pub mod budget;
pub mod call;
#[cfg(feature = "client")]
mod client;
mod client_state;
pub mod conference;
mod delivery;
pub mod error;
mod event;
mod ids;
mod json;
mod macros;
#[cfg(feature = "client")]
mod paging;
mod private;
mod profile;
mod queue;
#[cfg(feature = "schema")]
mod schema;
pub mod surface;
mod time;
pub mod webhook;

pub use application::{
    AnchorsiteOverride, Application, ApplicationFilter, ApplicationRequest, ApplicationSort, DtmfType, Inbound,
    Outbound, SipSubdomainReceiveSettings, WebhookApiVersion,
};
pub use bounds::OutOfBounds;
#[cfg(feature = "client")]
pub use budget::{Budget, Lane};
pub use call::{
    Call, CommandResult, Destination, DialRequest, HangupRequest, PlaybackStartRequest, PlaybackStopRequest,
    SpeakRequest,
};
#[cfg(feature = "client")]
pub use client::{
    ApiKey, BuildError, Builder, Client, DEFAULT_BASE_URL, Exchange, Fence, InvalidApiKey, Observer, RetryPolicy,
};
pub use client_state::{ClientState, ClientStateTooLong, NotBase64};
pub use delivery::{
    AttemptHttp, AttemptRequest, AttemptResponse, DeliveredWebhook, DeliveryAttempt, DeliveryFilter, DeliveryStatus,
    WebhookDelivery,
};
pub use error::{ApiError, Class, Endpoint, Error, classify};
pub use event::{CallEvent, CallEventFilter, CallEventType, OccurredAt, Product};
pub use ids::{
    CallControlId, CallLegId, CallSessionId, CommandId, ConferenceId, ConnectionId, DeliveryId, EventId, ParticipantId,
    ProfileId, QueueId, RecordingId,
};
pub use json::JsonObject;
#[cfg(feature = "client")]
pub use paging::Page;
pub use private::{Party, PhoneNumber, PhoneNumberError, Private, mask_digits};
pub use profile::{
    CallRecording, CallRecordingType, CallingWindow, Profile, ProfileFilter, ProfileRequest, ProfileSort,
    RecordingChannels, RecordingFormat, ServicePlan, TrafficType, UsagePaymentMethod,
};
pub use queue::{Queue, QueueRequest, QueueUpdate, QueuedCall, QueuedCallUpdate};
pub use surface::{CallCommand, ConferenceCommand, OPERATIONS, Operation};
pub use time::ApiTime;
