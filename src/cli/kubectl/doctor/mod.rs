//! `kubectl telnyx doctor`: looks at everything that has to be right before a phone rings, and says what to do about what is not.
//!
//! Asks the cluster, Telnyx and the public way in, with the rights of whoever runs it. Changes nothing anywhere. What it may
//! not look at is a warning, not a failure.

mod applications;
mod clock;
mod credentials;
mod definitions;
mod deliveries;
mod finding;
mod installation;
mod probe;
mod rights;

use std::net::IpAddr;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use kube::Api;
use kube::api::ListParams;
use serde::de::DeserializeOwned;

use self::finding::{Check, Finding, Verdict};
use self::probe::Heard;
use super::account::choose;
use super::error::{PluginError, kubernetes};
use super::options::{Options, Output};
use super::place::Place;
use super::print;
use crate::api::{AccountRef, CallControlApplication, OutboundCampaign, TelnyxAccount};
use crate::cli::progress::Progress;
use crate::reconcile::{AccountKey, Object as _};

/// Its name on the command line.
pub(super) const COMMAND: &str = "doctor";

pub(super) fn command() -> Command {
    Command::new(COMMAND)
        .about("Checks everything that has to be right before a phone rings, and says what to do about what is not")
        .after_help(
            "Exit codes: 0 nothing failed, 1 something did. Warnings are no failures.\n\
             Changes nothing. Sends an unsigned webhook to each application's address, which the operator must refuse.",
        )
        .arg(
            Arg::new("of")
                .value_name("ACCOUNT")
                .help("The TelnyxAccount, NAME or NAMESPACE/NAME; the namespace's only one where not given"),
        )
        .arg(
            Arg::new("service-account")
                .long("service-account")
                .value_name("NAMESPACE/NAME")
                .value_parser(service_account)
                .help("The operator's ServiceAccount; that of its Deployment where not given"),
        )
}

fn service_account(text: &str) -> Result<rights::Account, String> {
    let parts = text.split_once('/').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
    let (namespace, name) = parts.ok_or_else(|| "must be NAMESPACE/NAME".to_owned())?;
    Ok(rights::Account { namespace: namespace.to_owned(), name: name.to_owned() })
}

pub(super) async fn run(matches: &ArgMatches) -> Result<ExitCode, PluginError> {
    let mut options = Options::read(matches);
    if let Some(named) = matches.get_one::<String>("of") {
        options.account = Some(named.clone());
    }
    let place = Place::find(&options).await?;
    let findings = examine(&place, &options, matches.get_one("service-account")).await;
    match options.output {
        Output::Json | Output::Yaml => print::value(&options, finding::value(&findings))?,
        Output::Table | Output::Wide => print::table(&options, &finding::table(&findings), finding::tint)?,
    }
    Ok(if finding::worst(&findings) == Verdict::Fail { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Every check, in an order in which each stands on those before it.
async fn examine(place: &Place, options: &Options, named: Option<&rights::Account>) -> Vec<Finding> {
    let mut progress = Progress::for_eyes();
    progress.at("asks the cluster");
    let mut findings = vec![cluster(place).await];
    if findings.iter().any(|finding| finding.verdict == Verdict::Fail) {
        return findings;
    }
    findings.extend(definitions::check(&place.kube).await);
    let (installations, of_them) = installation::check(&place.kube, &place.namespace).await;
    findings.extend(of_them);
    let found = installations
        .iter()
        .filter(|one| one.watches(&place.namespace))
        .map(|one| rights::Account { namespace: one.namespace.clone(), name: one.service_account.clone() });
    let accounts: Vec<rights::Account> = named.cloned().map_or_else(|| found.collect(), |named| vec![named]);
    for account in &accounts {
        progress.at(&format!("asks for the rights of {}/{}", account.namespace, account.name));
        findings.push(rights::check(&place.kube, account, &place.namespace).await);
    }
    match choose(place, options.account.as_deref()).await {
        Ok(account) => findings.extend(account_and_all(place, &account, &mut progress).await),
        Err(error) => findings.push(Check::new("account", place.namespace.clone()).cannot(&error)),
    }
    findings
}

async fn cluster(place: &Place) -> Finding {
    let check = Check::new("cluster", "-");
    match place.kube.apiserver_version().await {
        Ok(version) => check.ok(format!("Kubernetes {} answers", version.git_version)),
        Err(error) => check.fail(
            format!("the API server does not answer: {error}"),
            "check the kubeconfig and the network: kubectl cluster-info",
        ),
    }
}

async fn account_and_all(place: &Place, account: &TelnyxAccount, progress: &mut Progress) -> Vec<Finding> {
    let key = credentials::key_of(account);
    progress.at(&format!("tries the key of {key}"));
    let mut findings = vec![credentials::judge_status(&key, account)];
    let (client, of_key) = credentials::key(place, &key, account).await;
    findings.extend(of_key);
    findings.push(credentials::public_key(place, &key, account).await);
    let http = match probe::client() {
        Ok(http) => http,
        Err(error) => {
            let check = Check::new("webhooks", key.to_string());
            findings.push(check.fail(format!("this program cannot set up TLS: {error}"), "report it"));
            return findings;
        }
    };
    progress.at("asks the API and the webhook address for the time");
    findings.extend(api_clock(&http, account).await);
    findings.push(judge_base(&key, account.spec.webhook_base_url.as_deref()));
    let Some(client) = client else { return findings };
    match used_by::<CallControlApplication>(place, &key, |object| &object.spec.account_ref).await {
        Ok(all) => {
            progress.at(&format!("tries the way of the webhooks of {} applications", all.len()));
            findings.extend(applications::check(&client, &http, (&key, account), &all).await);
        }
        Err(error) => findings.push(Check::new("application", place.namespace.clone()).cannot(&error)),
    }
    if let Some(base) = &account.spec.webhook_base_url {
        progress.at("asks Telnyx for its newest deliveries");
        findings.push(deliveries::check(&client, &key, base).await);
    }
    match used_by::<OutboundCampaign>(place, &key, |object| &object.spec.plan.account_ref).await {
        Ok(all) => findings.extend(applications::judge_numbers(&key, &all)),
        Err(error) => findings.push(Check::new("number", place.namespace.clone()).cannot(&error)),
    }
    findings
}

/// This machine's clock, and that of whoever answers at the webhook address, against the API's.
async fn api_clock(http: &reqwest::Client, account: &TelnyxAccount) -> Vec<Finding> {
    let url = format!("{}/queues", account.spec.base_url.trim_end_matches('/'));
    let check = Check::new("clock", probe::host(&url));
    let theirs = match probe::look(http, &url).await {
        Heard::Answer { date: Some(date), .. } => date,
        Heard::Answer { date: None, .. } => {
            return vec![check.warn("the API's answer has no date", "see that spec.baseUrl leads to the API")];
        }
        Heard::Tls(problem) | Heard::Unreachable(problem) => {
            return vec![
                check.fail(format!("the API cannot be reached: {problem}"), "check the network's way to spec.baseUrl"),
            ];
        }
        Heard::Nothing => {
            return vec![check.fail("the API does not answer", "check the network's way to spec.baseUrl")];
        }
    };
    let mut findings = vec![clock::judge("this machine", Timestamp::now(), theirs)];
    if let Some(base) = &account.spec.webhook_base_url {
        let url = format!("{}/webhooks/", base.trim_end_matches('/'));
        if let Heard::Answer { date: Some(ours), .. } = probe::look(http, &url).await {
            findings.push(clock::judge("who answers at the webhook address", ours, theirs));
        }
    }
    findings
}

fn judge_base(key: &AccountKey, base: Option<&str>) -> Finding {
    let check = Check::new("address", key.to_string());
    let Some(base) = base else {
        let remedy = "set spec.webhookBaseUrl to the public address of the operator's webhook receiver";
        return check.warn("the account has no webhook address: campaigns and flows cannot run", remedy);
    };
    let host = probe::host(base);
    let is_local = reqwest::Url::parse(base).is_ok_and(|url| is_local(&url));
    match (host.starts_with("https://"), is_local) {
        (true, _) => check.ok(format!("webhooks go to {host}")),
        (false, true) => {
            check.warn(format!("webhooks go to {host}: only a simulator reaches it"), "use a public https address")
        }
        (false, false) => check.fail(
            format!("webhooks go to {host}, where everybody on the way reads them"),
            "use a public https address",
        ),
    }
}

fn is_local(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn used_by<K>(place: &Place, key: &AccountKey, account: impl Fn(&K) -> &AccountRef) -> Result<Vec<K>, PluginError>
where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let namespace = &place.namespace;
    let listed = Api::<K>::namespaced(place.kube.clone(), namespace).list(&ListParams::default()).await;
    let resource = format!("{}.{}", K::plural(&()), crate::api::GROUP);
    let mut all = listed.map_err(kubernetes("list", &resource, namespace))?.items;
    all.retain(|object| AccountKey::of(account(object), object.namespace()) == *key);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_is_named_with_its_namespace() {
        let account = rights::Account { namespace: "telnyx".to_owned(), name: "operator".to_owned() };
        assert_eq!(service_account("telnyx/operator"), Ok(account));
        for wrong in ["operator", "/operator", "telnyx/"] {
            assert!(service_account(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn webhooks_go_over_https_to_a_public_address() {
        let key = AccountKey { namespace: "voice".to_owned(), name: "main".to_owned() };
        for (base, verdict) in [
            (None, Verdict::Warn),
            (Some("https://hooks.example.com"), Verdict::Ok),
            (Some("http://127.0.0.1:8080"), Verdict::Warn),
            (Some("http://hooks.example.com"), Verdict::Fail),
            (Some("http://127.example.com"), Verdict::Fail),
        ] {
            assert_eq!(judge_base(&key, base).verdict, verdict, "{base:?}");
        }
    }
}
