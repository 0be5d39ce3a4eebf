//! `kubectl telnyx queue …`: the calls in the namespace's queues.

use clap::{Arg, ArgMatches, Command};
use futures::TryStreamExt;
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};
use telnyx_voice::{CallControlId, Class, Endpoint, Error, QueuedCall, QueuedCallUpdate, classify};

use super::account::Desk;
use super::error::{PluginError, kubernetes};
use super::options::{Options, Output};
use super::print::{self, Column, Shown, Table, or_dash, span};
use crate::api::Queue;
use crate::reconcile::{AccountKey, Managed as _, Object as _};

/// Its name on the command line.
pub(super) const COMMAND: &str = "queue";
const KIND: &str = "queues.telnyx-operator.io";

pub(super) fn command() -> Command {
    let queue = || Arg::new("queue").value_name("QUEUE").required(true).help("Name of the Queue resource");
    let call =
        || Arg::new("call").value_name("CALL").required(true).help("The call's control id, as `queue calls` shows it");
    Command::new(COMMAND)
        .visible_alias("queues")
        .about("Shows the namespace's queues and the calls that wait in them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            Command::new("list").visible_alias("ls").about("Lists the queues, and how many calls wait in each"),
            Command::new("get").about("Shows one queue as Telnyx has it now").arg(queue()),
            Command::new("calls").about("Lists the calls in a queue, the head first").arg(queue()),
            Command::new("keep")
                .about("Keeps a call's place in the queue after it hangs up, so that it can be called back")
                .args([queue(), call()])
                .arg(
                    Arg::new("keep")
                        .long("keep")
                        .value_name("BOOL")
                        .default_value("true")
                        .value_parser(clap::value_parser!(bool))
                        .help("Whether to; --keep=false takes it back"),
                ),
            Command::new("remove")
                .about("Removes a call that is over from the queue that kept it")
                .args([queue(), call()]),
        ])
}

pub(super) async fn run(matches: &ArgMatches) -> Result<(), PluginError> {
    let Some((verb, matches)) = matches.subcommand() else { return Ok(()) };
    let options = Options::read(matches);
    let desk = Desk::open(&options).await?;
    if verb == "list" {
        return list(&desk, &options).await;
    }
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let queue = desk.queue(&text("queue")).await?;
    match verb {
        "get" => get(&desk, &options, &queue).await,
        "calls" => calls(&desk, &options, &queue).await,
        "keep" => {
            let keep = matches.get_one("keep").copied().unwrap_or(true);
            change(&desk, &queue, &text("call"), Some(keep)).await
        }
        _ => change(&desk, &queue, &text("call"), None).await,
    }
}

/// A queue of the namespace that exists at the API.
struct Ours {
    /// Its name in Kubernetes.
    name: String,
    /// Its name at Telnyx.
    remote: String,
}

impl Desk {
    async fn queues(&self) -> Result<Vec<Queue>, PluginError> {
        let namespace = &self.place.namespace;
        let api = Api::<Queue>::namespaced(self.place.kube.clone(), namespace);
        let listed = api.list(&ListParams::default()).await.map_err(kubernetes("list", KIND, namespace))?;
        let uses = |object: &Queue| AccountKey::of(object.account_ref(), object.namespace()) == self.account;
        Ok(listed.items.into_iter().filter(uses).collect())
    }

    async fn queue(&self, name: &str) -> Result<Ours, PluginError> {
        let all = self.queues().await?;
        let Some(found) = all.iter().find(|queue| queue.name() == name) else {
            let known = all.iter().map(|queue| queue.name().to_owned()).collect();
            let namespace = self.place.namespace.clone();
            return Err(PluginError::QueueNotFound { namespace, name: name.to_owned(), known });
        };
        let remote = found.status().and_then(|status| status.id.clone());
        let remote = remote.ok_or_else(|| PluginError::QueueNotThere { name: name.to_owned() })?;
        Ok(Ours { name: name.to_owned(), remote })
    }

    /// Whether a Queue of the namespace stands for this queue at Telnyx.
    pub(super) async fn has_queue(&self, remote: &str) -> Result<(), PluginError> {
        let all = self.queues().await?;
        let ids = || all.iter().filter_map(|queue| queue.status()?.id.clone());
        if ids().any(|id| id == remote) {
            return Ok(());
        }
        let (namespace, name, known) = (self.place.namespace.clone(), remote.to_owned(), ids().collect());
        Err(PluginError::QueueNotFound { namespace, name, known })
    }

    fn queue_error(&self, error: Error, queue: &Ours, doing: &str) -> PluginError {
        if classify(&error, Endpoint::Queues) == Class::NotFound {
            return PluginError::QueueNotThere { name: queue.name.clone() };
        }
        self.api(error, doing)
    }
}

const QUEUES: &[Column] = &[
    Column("NAME", Shown::Always),
    Column("CALLS", Shown::Always),
    Column("MAX", Shown::Always),
    Column("AVERAGE WAIT", Shown::Always),
    Column("AT TELNYX", Shown::Wide),
    Column("CREATED", Shown::Wide),
];

async fn list(desk: &Desk, options: &Options) -> Result<(), PluginError> {
    let ours = desk.queues().await?;
    let remote: Vec<telnyx_voice::Queue> =
        desk.client.queues().try_collect().await.map_err(|error| desk.api(error, "cannot list the queues"))?;
    let (mut rows, mut items) = (vec![], vec![]);
    for queue in &ours {
        let id = queue.status().and_then(|status| status.id.as_deref());
        let there = remote.iter().find(|remote| remote.name.is_some() && remote.name.as_deref() == id);
        rows.push(vec![
            queue.name().to_owned(),
            or_dash(there.and_then(|there| there.current_size)),
            or_dash(there.and_then(|there| there.max_size)),
            or_dash(there.and_then(|there| there.average_wait_time_secs).map(span)),
            id.unwrap_or("-").to_owned(),
            or_dash(there.and_then(|there| there.created_at.clone())),
        ]);
        items.push(json!({ "name": queue.name(), "queue": there }));
    }
    let nothing = format!("No Queue of account {} in namespace {}.", desk.account, desk.place.namespace);
    print::list(options, || Table { columns: QUEUES, rows }, &items, &nothing)
}

async fn get(desk: &Desk, options: &Options, queue: &Ours) -> Result<(), PluginError> {
    let there = desk.client.get_queue(&queue.remote).await;
    let there = there.map_err(|error| desk.queue_error(error, queue, "cannot read the queue"))?;
    print::value(options, json!({ "name": queue.name, "queue": there }))
}

const CALLS: &[Column] = &[
    Column("POSITION", Shown::Always),
    Column("CALL", Shown::Always),
    Column("WAITED", Shown::Always),
    Column("ALIVE", Shown::Always),
    Column("FROM", Shown::Always),
    Column("TO", Shown::Always),
    Column("LEG", Shown::Wide),
    Column("SESSION", Shown::Wide),
];

async fn calls(desk: &Desk, options: &Options, queue: &Ours) -> Result<(), PluginError> {
    let waiting = async { desk.client.queued_calls(&queue.remote)?.try_collect::<Vec<QueuedCall>>().await };
    let waiting = waiting.await.map_err(|error| desk.queue_error(error, queue, "cannot list the calls"))?;
    let row = |call: &QueuedCall| {
        vec![
            or_dash(call.queue_position),
            or_dash(call.call_control_id.as_ref()),
            or_dash(call.wait_time_secs.map(span)),
            or_dash(call.is_alive.map(|alive| if alive { "yes" } else { "no" })),
            print::party(call.from.as_ref(), options),
            print::party(call.to.as_ref(), options),
            or_dash(call.call_leg_id.as_ref()),
            or_dash(call.call_session_id.as_ref()),
        ]
    };
    let rows = || Table { columns: CALLS, rows: waiting.iter().map(row).collect() };
    let items = waiting.iter().map(|call| json!(call)).collect::<Vec<Value>>();
    print::list(options, rows, &items, &format!("No call waits in Queue {}.", queue.name))
}

/// `keep` changes whether the call's place is kept; without it, the call is removed.
async fn change(desk: &Desk, queue: &Ours, call: &str, keep: Option<bool>) -> Result<(), PluginError> {
    let id = CallControlId::from(call);
    let done = match keep {
        Some(keep) => {
            let update = QueuedCallUpdate::default().keep_after_hangup(keep);
            desk.client.update_queued_call(&queue.remote, &id, &update).await
        }
        None => desk.client.remove_queued_call(&queue.remote, &id).await,
    };
    if let Err(error) = done {
        let class = classify(&error, Endpoint::QueuedCalls);
        if matches!(class, Class::NotFound | Class::AlreadyDone | Class::CallEnded) {
            return Err(PluginError::NotInQueue { call: call.to_owned(), queue: queue.name.clone() });
        }
        return Err(if matches!(class, Class::InvalidRequest | Class::Busy) {
            super::verbs::refused(&error)
        } else {
            desk.api(error, "cannot change the call in the queue")
        });
    }
    let what = match keep {
        Some(true) => "keeps its place when it hangs up",
        Some(false) => "loses its place when it hangs up",
        None => "removed",
    };
    print::text(&format!("call {call} in queue {}: {what}\n", queue.name))
}

/// Whether the format is for programs.
pub(super) fn for_programs(options: &Options) -> bool {
    matches!(options.output, Output::Json | Output::Yaml)
}
