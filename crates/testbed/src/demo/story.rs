//! The chapters of the demo, in the order in which they are told.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testbed::{Testbed, condition, eventually, is_ready};

use super::DemoError;
use super::progress;

/// Where `examples/quickstart` puts its objects.
pub(crate) const NAMESPACE: &str = "telnyx-demo";
/// Removes what an interrupted demo has left in a cluster of somebody else's: finalizers wait for an operator that is gone.
pub(crate) const CLEAN_UP: &str = "run the demo again to its end, it takes over what it finds";
/// The key that the quickstart's Secret holds; it opens the simulator only.
const API_KEY: &str = "KEY_SIMULATOR";
/// The application that is changed behind the operator's back.
const APPLICATION: &str = "callcontrolapplication/announcements";
const CAMPAIGN: &str = "outboundcampaign/maintenance-notice";

/// Prints chapters with the time since the beginning.
#[derive(Debug)]
pub(crate) struct Story {
    begun: Instant,
    /// The operator is killed again and again, so everything takes longer.
    is_disturbed: bool,
}

impl Story {
    pub(crate) fn begin(is_disturbed: bool) -> Self {
        Self { begun: Instant::now(), is_disturbed }
    }

    /// How long to wait for what usually takes a part of this.
    fn patience(&self, usual: Duration) -> Duration {
        if self.is_disturbed { usual * 4 } else { usual }
    }

    pub(crate) fn chapter(&mut self, title: &str) {
        println!("\n[{:>5.1} s] {title}", self.begun.elapsed().as_secs_f64());
    }

    pub(crate) fn installed(testbed: &Testbed) {
        say(&format!("API server  {}", testbed.cluster().endpoint().server()));
        say(&format!("Voice API   {} (simulated)", testbed.simulator().base_url()));
        say("operator    runs as the chart's ServiceAccount, with its rights and no others");
    }

    pub(crate) async fn apply_quickstart(&mut self, testbed: &Testbed, folder: &Path) -> Result<(), DemoError> {
        self.chapter(&format!("kubectl apply -f {}", shown(folder)));
        let kubectl = testbed.kubectl().in_namespace(NAMESPACE);
        say(&kubectl.apply(folder).await?);
        let patience = self.patience(Duration::from_secs(30));
        eventually("account, profile, application and queue are Ready", patience, async || {
            let kinds = "telnyxaccounts,outboundvoiceprofiles,callcontrolapplications,queues";
            let objects = kubectl.json(["get", kinds]).await.map_err(|error| error.to_string())?;
            let items = objects.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            let waiting: Vec<String> = items.iter().filter(|item| !is_ready(item)).map(name).collect();
            if waiting.is_empty() && items.len() == 4 { Ok(()) } else { Err(format!("waiting for {waiting:?}")) }
        })
        .await?;
        self.chapter("Account, profile, application and queue are Ready: kubectl get telnyx -n telnyx-demo");
        say(&kubectl.run(["get", "telnyx"]).await?);
        Ok(())
    }

    pub(crate) async fn watch_campaign(&mut self, testbed: &Testbed) -> Result<(), DemoError> {
        self.chapter("The campaign calls 200 people");
        let kubectl = testbed.kubectl().in_namespace(NAMESPACE);
        let on_terminal = std::io::stdout().is_terminal();
        let mut shown = String::new();
        let patience = self.patience(Duration::from_secs(150));
        let status = eventually("the campaign is Complete", patience, async || {
            let campaign = kubectl.json(["get", CAMPAIGN]).await.map_err(|error| error.to_string())?;
            let status = campaign.get("status").cloned().unwrap_or_default();
            let line = progress::line(&status);
            if line != shown {
                show(&line, on_terminal);
                shown.clone_from(&line);
            }
            if condition(&campaign, "Complete") == Some("True") { Ok(status) } else { Err(line) }
        })
        .await?;
        if on_terminal {
            println!();
        }
        let counters = testbed.simulator().counters().await?;
        let placed = counters.pointer("/dials/accepted").map(ToString::to_string).unwrap_or_default();
        self.chapter("Complete. What became of the calls:");
        for (outcome, count) in status.get("outcomes").and_then(Value::as_object).into_iter().flatten() {
            say(&format!("{count:>5}  {outcome}"));
        }
        say(&format!("{placed:>5}  calls placed at the API, retries included"));
        let phones = rang_twice(&testbed.simulator().get("/dials").await?);
        say(&format!("{phones:>5}  phones that rang twice for one attempt"));
        if phones == 0 { Ok(()) } else { Err(DemoError::RangTwice { phones }) }
    }

    pub(crate) async fn repair_drift(&mut self, testbed: &Testbed) -> Result<(), DemoError> {
        self.chapter("Somebody renames the application behind the operator's back");
        let kubectl = testbed.kubectl().in_namespace(NAMESPACE);
        let application = kubectl.json(["get", APPLICATION]).await?;
        let id = application.pointer("/status/id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let remote = Remote::new(testbed, &id);
        remote.rename("Renamed in the portal").await?;
        say(&format!("at the API: {}", remote.name().await?));
        // A resync would find it within the account's resync period; asking for it now shows it at once.
        let token = format!("telnyx-operator.io/reconcile-requested-at={}", self.begun.elapsed().as_millis());
        kubectl.run(["annotate", APPLICATION, "--overwrite", &token]).await?;
        eventually("the name is repaired", self.patience(Duration::from_secs(20)), async || {
            match remote.name().await {
                Ok(name) if name == "Announcements" => Ok(()),
                Ok(name) => Err(format!("the name is {name}")),
                Err(error) => Err(error.to_string()),
            }
        })
        .await?;
        self.chapter("Repaired");
        say(&format!("at the API: {}", remote.name().await?));
        Ok(())
    }

    pub(crate) fn how_to_play(&mut self, testbed: &Testbed) {
        self.chapter("Everything keeps running until Ctrl-C. In another terminal:");
        say(&format!("export KUBECONFIG={}", testbed.cluster().kubeconfig().display()));
        if !is_on_path("kubectl")
            && let Some(folder) = testbed.cluster().kubectl().parent()
        {
            say(&format!("export PATH=\"{}:$PATH\"", folder.display()));
        }
        say("kubectl get telnyx -A");
        say(&format!("kubectl -n {NAMESPACE} describe {CAMPAIGN}"));
        say(&format!("kubectl -n {NAMESPACE} edit {APPLICATION}"));
        say("kubectl apply -f examples/dial-job.yaml");
        say(&format!("curl {}/counters", testbed.simulator().admin_url()));
        say(&format!("tail -f {}", testbed.operator().log().display()));
    }

    pub(crate) async fn delete_everything(&mut self, testbed: &Testbed, folder: &Path) -> Result<(), DemoError> {
        self.chapter(&format!("kubectl delete -f {}", shown(folder)));
        let timeout = format!("--timeout={}s", self.patience(Duration::from_mins(1)).as_secs());
        let arguments =
            ["delete".as_ref(), "--wait=true".as_ref(), timeout.as_ref(), "-f".as_ref(), folder.as_os_str()];
        testbed.kubectl().in_namespace(NAMESPACE).run(arguments).await?;
        let left = testbed.simulator().get("/objects").await?;
        say(&format!("left at the API: {left}"));
        let count = left.as_object().map_or(1, |objects| objects.values().filter_map(Value::as_u64).sum::<u64>());
        eventually("nothing is left at the API", Duration::ZERO, async || {
            if count == 0 { Ok(()) } else { Err(left.to_string()) }
        })
        .await?;
        Ok(())
    }

    pub(crate) fn end(&mut self) {
        self.chapter("Nothing is left, and everything that was started has stopped");
    }
}

/// Whether a shell finds the program.
fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The application as the API sees it, by the API itself.
struct Remote {
    url: String,
    http: reqwest::Client,
}

impl Remote {
    fn new(testbed: &Testbed, id: &str) -> Self {
        let url = format!("{}/call_control_applications/{id}", testbed.simulator().base_url());
        Self { url, http: reqwest::Client::new() }
    }

    async fn rename(&self, name: &str) -> Result<(), testbed::SimulatorError> {
        let body = json!({ "application_name": name, "webhook_event_url": "http://127.0.0.1:9/elsewhere" });
        self.http.patch(&self.url).bearer_auth(API_KEY).json(&body).send().await?.error_for_status()?;
        Ok(())
    }

    async fn name(&self) -> Result<String, testbed::SimulatorError> {
        let answer = self.http.get(&self.url).bearer_auth(API_KEY).send().await?.error_for_status()?;
        let body: Value = answer.json().await?;
        Ok(body.pointer("/data/application_name").and_then(Value::as_str).unwrap_or_default().to_owned())
    }
}

/// A folder as its reader would type it.
fn shown(folder: &Path) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.strip_prefix(workspace).unwrap_or(folder).display().to_string()
}

/// How many phones were made to ring by two calls that say that they are the same attempt.
fn rang_twice(numbers: &Value) -> usize {
    let rang_twice = |number: &&Value| {
        let dials = number.get("dials").and_then(Value::as_array);
        let attempts: Vec<&str> =
            dials.into_iter().flatten().filter_map(|dial| dial.get("clientState")?.as_str()).collect();
        attempts.iter().collect::<BTreeSet<_>>().len() < attempts.len()
    };
    numbers.as_array().into_iter().flatten().filter(rang_twice).count()
}

fn say(text: &str) {
    for line in text.trim_end().lines() {
        println!("          {line}");
    }
}

/// On a terminal the line replaces the one before; in a log each stands on its own.
fn show(line: &str, on_terminal: bool) {
    if on_terminal {
        print!("\r          {line}\x1b[K");
        // A terminal that cannot be written to shows nothing; the demo itself goes on.
        let _unseen = std::io::stdout().flush();
    } else {
        println!("          {line}");
    }
}

fn name(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{}/{}", text("/kind"), text("/metadata/name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_that_rang_twice_for_one_attempt_is_found() {
        let dials = |states: &[&str]| {
            let dials: Vec<Value> = states.iter().map(|state| json!({ "clientState": state })).collect();
            json!({ "to": "+15550100", "dials": dials })
        };
        assert_eq!(rang_twice(&json!([dials(&["a", "b"]), dials(&["a"]), dials(&[])])), 0);
        assert_eq!(rang_twice(&json!([dials(&["a", "b", "a"]), dials(&["c", "d"])])), 1);
    }
}
