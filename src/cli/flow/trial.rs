//! A flow on one call: a simulated Voice API, the operator's own webhook receiver and actor, and a caller who does as told.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use call_flow::position::{CallDirection, Ending};
use call_flow::spec::Direction;
use call_flow::{CallStart, Detection, Leg};
use jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::watcher;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use telnyx_simulator::config::{Config, Outcome, Shares, Spread};
use telnyx_simulator::{JOURNAL_VARIABLE, Running, Simulator};
use telnyx_voice::call::AnsweringMachineDetection;
use telnyx_voice::webhook::PublicKey;
use telnyx_voice::{
    ApiKey, ApplicationRequest, Client, ClientState, ConnectionId, DialRequest, Outbound, Party, ProfileRequest,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::print::Printer;
use crate::api::CallControlApplication;
use crate::dialing::FlowUsers;
use crate::fetch::Programs;
use crate::flows::{
    self, Applications, ConferencePolicies, FlowParts, Flows, Happening, Runnable, Secrets, Tally, Transcript,
    UserWebhooks,
};
use crate::reconcile::{AccountKey, Scope, Stores};
use crate::telemetry::Panics;
use crate::webhook::{self, INBOX, Receiver, Routes};

const KEY: &str = "KEY_TRIAL";
const PLACE: &str = "trial";
/// Numbers that nobody has (North American Numbering Plan: 555-0100 to 555-0199 are for fiction).
const CALLER: &str = "+12025550100";
const CALLED: &str = "+12025550199";
/// How long is waited for what still comes after the end.
const AFTERMATH: Duration = Duration::from_secs(1);
/// The longest call there is.
const LONGEST: Duration = Duration::from_mins(241);

/// Who answers an outbound call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Callee {
    /// A person.
    #[default]
    Person,
    /// An answering machine.
    Machine,
    /// A fax machine.
    Fax,
    /// Nobody.
    NoAnswer,
    /// A person who is on the phone.
    Busy,
}

/// What to try.
pub(super) struct Trial {
    pub(super) name: String,
    pub(super) flow: call_flow::Flow,
    pub(super) webhooks: UserWebhooks,
    pub(super) digits: Vec<String>,
    pub(super) callee: Callee,
    pub(super) speed: f64,
    pub(super) behaviour: Option<PathBuf>,
    pub(super) interactive: bool,
}

type Cause = Box<dyn Error + Send + Sync>;

/// Why a trial cannot begin, or broke off.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The system gave no threads.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    /// The behaviour file cannot be used.
    #[error("cannot use the behaviour file")]
    Behaviour(#[source] Cause),
    /// The simulator does not start.
    #[error(transparent)]
    Simulator(#[from] telnyx_simulator::ServeError),
    /// The simulated API refused something.
    #[error("the simulated Voice API refused a request")]
    Api(#[from] telnyx_voice::Error),
    /// The simulator does not do as told.
    #[error("the simulator does not do as told")]
    Admin(#[from] reqwest::Error),
    /// The flow is not for such a call.
    #[error("the flow cannot begin")]
    Begin(#[from] call_flow::CannotStart),
    /// The transcript cannot be written.
    #[error("cannot write the transcript")]
    Output(#[source] std::io::Error),
    /// A part cannot be made.
    #[error("the trial cannot be set up")]
    SetUp(#[source] Cause),
    /// The call was over before the flow began.
    #[error("the call ended before the flow began")]
    NeverBegan,
}

fn set_up(error: impl Into<Cause>) -> TrialError {
    TrialError::SetUp(error.into())
}

impl Trial {
    /// Runs the flow on one call to its end, and says how it ended.
    pub(super) async fn run(self, printer: &mut Printer) -> Result<Ending, TrialError> {
        let journal = std::env::var_os(JOURNAL_VARIABLE).map(PathBuf::from);
        let simulator = Simulator::builder().config(self.behaviour()?).api_key(KEY).journal(journal).start().await?;
        let key = ApiKey::new(KEY).map_err(set_up)?;
        let client = Client::builder(key).base_url(simulator.base_url()).build().map_err(set_up)?;
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.map_err(set_up)?;
        let address = listener.local_addr().map_err(set_up)?;
        let connection = application(&client, &format!("http://{address}/webhooks/{PLACE}/{PLACE}/{PLACE}")).await?;

        let stop = CancellationToken::new();
        let _stopping = stop.clone().drop_guard();
        let (transcript, mut told) = Transcript::told();
        let (routes, mut registry) = (Routes::default(), Registry::default());
        let receiver = Receiver::new(routes.clone(), webhook::Metrics::new(&mut registry));
        let parts = FlowParts {
            secrets: Secrets::Nowhere,
            // Whoever tries a flow asks from their own machine, often a program on it.
            programs: Programs::unguarded().map_err(set_up)?,
            applications: self.applications(&connection)?,
            metrics: flows::Metrics::new(&mut registry, Panics::default()),
            transcript,
            policies: ConferencePolicies::default(),
            dialers: None,
            users: FlowUsers::Nobody,
        };
        let flows = Flows::new(parts, routes.clone(), stop.clone());
        // Attempts are the dialer's, and there is none here.
        let (attempts, _no_attempts) = mpsc::channel(INBOX);
        let public_key = PublicKey::from_base64(simulator.public_key_base64()).map_err(set_up)?;
        routes.open(PLACE, PLACE, public_key, attempts);
        self.catalogue(&flows);
        flows.admit(&AccountKey { namespace: PLACE.into(), name: PLACE.into() }, client.clone());
        tokio::spawn(webhook::serve(listener, Arc::new(receiver), stop.clone()));

        let http = reqwest::Client::builder().no_proxy().build()?;
        let call = match self.flow.spec().direction {
            Direction::Inbound | Direction::Any => call_in(&http, &simulator, &connection).await?,
            Direction::Outbound => self.dial(&client, connection).await?,
        };
        if self.interactive {
            tokio::spawn(keys(http, simulator.admin_url(), call));
        }
        listen(&mut told, printer).await
    }

    fn behaviour(&self) -> Result<Config, TrialError> {
        let mut config = match &self.behaviour {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| TrialError::Behaviour(error.into()))?;
                let read = serde_saphyr::from_str::<Config>(&text);
                read.map_err(|error| TrialError::Behaviour(error.without_snippet().to_string().into()))?
            }
            None => self.usual(),
        };
        config.speed = self.speed;
        if !self.digits.is_empty() {
            let pressed = |keys: &String| if keys == "-" { String::new() } else { keys.clone() };
            config.callees.person.keys.replies = self.digits.iter().map(pressed).collect();
        }
        Ok(config)
    }

    /// A patient caller; a callee who picks up after two seconds.
    fn usual(&self) -> Config {
        let mut config = Config::default();
        config.callees.shares = Shares::only(match self.callee {
            Callee::Person => Outcome::Person,
            Callee::Machine => Outcome::Machine,
            Callee::Fax => Outcome::Fax,
            Callee::NoAnswer => Outcome::NoAnswer,
            Callee::Busy => Outcome::Busy,
        });
        config.callees.ring_ms = Spread::Fixed(2000);
        let person = &mut config.callees.person;
        person.early_share = 0.0;
        person.after_message_ms = Spread::Fixed(30_000);
        person.patience_ms = Spread::Fixed(if self.interactive { 600_000 } else { 60_000 });
        config
    }

    /// The application as the operator would know it from the cluster.
    fn applications(&self, connection: &ConnectionId) -> Result<Applications, TrialError> {
        let application: CallControlApplication = serde_json::from_value(json!({
            "apiVersion": "telnyx-operator.io/v1alpha1", "kind": "CallControlApplication",
            "metadata": { "name": PLACE, "namespace": PLACE },
            "spec": { "accountRef": { "name": PLACE }, "callFlowRef": { "name": self.name } },
            "status": { "id": connection.as_str() },
        }))
        .map_err(set_up)?;
        let (stores, caches) = Stores::open(&Scope::default());
        for mut cache in caches {
            cache.writer.apply_watcher_event(&watcher::Event::Apply(DeserializeGuard(Ok(application.clone()))));
            cache.synced.send_replace(true);
        }
        Ok(Applications::new(stores))
    }

    fn catalogue(&self, flows: &Flows) {
        let (catalogue, key) = (flows.catalogue(), self.flow.key());
        catalogue.keep(key, || Runnable {
            namespace: PLACE.into(),
            name: self.name.as_str().into(),
            uid: PLACE.into(),
            flow: self.flow.clone(),
            webhooks: self.webhooks.clone(),
            tally: Tally::new(self.flow.spec().steps.len()).into(),
        });
        catalogue.set_current(key.flow, Some(key.revision));
        catalogue.synced();
    }

    /// Calls somebody, as the flow's first position.
    async fn dial(&self, client: &Client, connection: ConnectionId) -> Result<String, TrialError> {
        let detects = self.flow.spec().amd.is_some();
        // The leg's names come with the first webhook.
        let leg = Leg {
            call_control_id: String::new().into(),
            call_leg_id: String::new().into(),
            connection_id: Some(connection.clone()),
        };
        let start = CallStart {
            leg,
            direction: CallDirection::Outbound,
            answered: false,
            detection: if detects { Detection::Enabled } else { Detection::Disabled },
            attempt: 1,
            origin: String::new(),
            caller: None,
        };
        let state: ClientState = self.flow.first_position(&start, Timestamp::now())?.encode().map_err(set_up)?;
        let request = DialRequest::default()
            .connection_id(connection)
            .to(Party::from(CALLED))
            .from(Party::from(CALLER))
            .client_state(state);
        let request =
            if detects { request.answering_machine_detection(AnsweringMachineDetection::Premium) } else { request };
        let call = client.dial(&request).await?;
        Ok(call.call_control_id.map(|id| id.as_str().to_owned()).unwrap_or_default())
    }
}

async fn application(client: &Client, webhooks: &str) -> Result<ConnectionId, TrialError> {
    let profile = client.create_outbound_voice_profile(&ProfileRequest::default().name(PLACE)).await?;
    let profile = profile.id.ok_or_else(|| set_up("the profile got no id"))?;
    let request = ApplicationRequest::default()
        .application_name(PLACE)
        .webhook_event_url(webhooks)
        .webhook_api_version("2")
        .outbound(Outbound::default().outbound_voice_profile_id(profile));
    let application = client.create_application(&request).await?;
    application.id.ok_or_else(|| set_up("the application got no id"))
}

async fn call_in(http: &reqwest::Client, simulator: &Running, connection: &ConnectionId) -> Result<String, TrialError> {
    let order = json!({ "to": CALLED, "from": CALLER, "connectionId": connection.as_str() });
    let answer = http.post(format!("{}/calls", simulator.admin_url())).json(&order).send().await?;
    let placed: Value = answer.error_for_status()?.json().await?;
    let id = placed.get("callControlId").and_then(Value::as_str);
    Ok(id.unwrap_or_default().to_owned())
}

/// Presses what is typed.
async fn keys(http: reqwest::Client, admin: String, call: String) {
    let (typed, mut lines) = mpsc::unbounded_channel();
    // The terminal has no other way than to wait for it; the thread ends with the process.
    std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| typed.send(line)));
    while let Some(line) = lines.recv().await {
        let request = match line.trim() {
            "" => continue,
            "h" => http.post(format!("{admin}/calls/{call}/leave")),
            digits => http.post(format!("{admin}/calls/{call}/press")).json(&json!({ "digits": digits })),
        };
        match request.send().await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => eprintln!("{}", answer.text().await.unwrap_or_default()),
            Err(error) => eprintln!("{error}"),
        }
    }
}

/// Prints what happens until the flow is over, and a moment longer.
async fn listen(told: &mut mpsc::UnboundedReceiver<Happening>, printer: &mut Printer) -> Result<Ending, TrialError> {
    let mut ending = None;
    loop {
        let patience = if ending.is_some() { AFTERMATH } else { LONGEST };
        match tokio::time::timeout(patience, told.recv()).await {
            Ok(Some(happening)) => {
                printer.print(&happening).map_err(TrialError::Output)?;
                if let Happening::Ended(how) = happening {
                    ending = Some(how);
                }
            }
            Ok(None) | Err(_) => return ending.ok_or(TrialError::NeverBegan),
        }
    }
}
