//! Sends a flow's command, and says what became of it.
//!
//! The client sends a command again under its id where its fate is unknown. Here is added that a command which the API could
//! not take now (too many requests, unreachable) waits for its turn, since a caller waits on the line; and that one which this process
//! may not send now waits until it may.

use std::time::Duration;

use call_flow::effect::{Made, Refusal, Request, Visitor};
use call_flow::{Command, CommandOutcome};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use telnyx_voice::conference::Conference;
use telnyx_voice::{
    CallCommand, CallControlId, Class, Client, ConferenceCommand, ConferenceId, Endpoint, Error, classify,
};
use tokio::time::Instant;

/// How long a command waits for the API to have room. Longer, and the caller has hung up.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where the API does not say how long.
const PAUSE: Duration = Duration::from_millis(500);

/// Sends it.
pub(super) async fn send(client: &Client, command: Command) -> CommandOutcome {
    let mut deadline = Instant::now() + PATIENCE;
    loop {
        let (endpoint, answer) = once(client, &command.request).await;
        let error = match answer {
            Ok(made) => return CommandOutcome::Accepted(made),
            Err(error) => error,
        };
        let class = classify(&error, endpoint);
        tracing::debug!(id = %command.id, ?class, %error, "a flow's command was not accepted");
        if class == Class::Withheld {
            // The lease has lapsed. Either it is renewed, and nobody has led the call meanwhile, or the process ends.
            tokio::time::sleep(PAUSE).await;
            deadline = Instant::now() + PATIENCE;
            continue;
        }
        if !matches!(class, Class::RequestRate | Class::Busy | Class::NotSent | Class::DialRate) {
            return outcome(&error, class);
        }
        let pause = error.api().and_then(|error| error.rate.reset).unwrap_or(PAUSE).max(PAUSE);
        if Instant::now() + pause > deadline {
            return outcome(&error, class);
        }
        tokio::time::sleep(pause).await;
    }
}

fn outcome(error: &Error, class: Class) -> CommandOutcome {
    match (class, error) {
        (Class::AcceptedWithoutIds, _) => CommandOutcome::Accepted(Made::default()),
        (Class::NotSent | Class::Withheld, _) | (_, Error::Unsendable { .. }) => {
            CommandOutcome::Refused(Refusal::default())
        }
        (_, Error::Api(api)) if api.status < 500 && api.status != 408 => CommandOutcome::Refused(Refusal {
            status: api.status,
            codes: api.items.iter().map(|item| item.code.clone()).collect(),
        }),
        _ => CommandOutcome::FateUnknown,
    }
}

async fn once(client: &Client, request: &Request) -> (Endpoint, Result<Made, Error>) {
    let endpoint = request.operation().endpoint;
    let made = match request {
        Request::Dial(dial) => {
            let called = client.dial(dial).await;
            called.map(|call| Made { leg: call.call_control_id, ..Made::default() })
        }
        Request::CreateConference(create) => {
            let made = client.create_conference(create).await;
            let id = |conference: Conference| conference.id.map(|id| id.as_str().to_owned());
            made.map(|conference| Made { conference: id(conference), ..Made::default() })
        }
        Request::Call(call, command) => command.show(Send { client, to: call.as_str() }).await,
        Request::Conference(conference, command) => command.show(Send { client, to: conference }).await,
    };
    (endpoint, made)
}

/// Sends whichever command it is shown.
struct Send<'a> {
    client: &'a Client,
    /// The call, or the conference by id or name.
    to: &'a str,
}

impl<'a> Visitor<'a> for Send<'a> {
    type Output = BoxFuture<'a, Result<Made, Error>>;

    fn call<C: CallCommand>(self, request: &'a C) -> Self::Output {
        async move { self.client.command(&CallControlId::from(self.to), request).await.map(|_| Made::default()) }
            .boxed()
    }

    fn conference<C: ConferenceCommand>(self, request: &'a C) -> Self::Output {
        async move {
            self.client.conference_command(&ConferenceId::from(self.to), request).await.map(|_| Made::default())
        }
        .boxed()
    }
}
