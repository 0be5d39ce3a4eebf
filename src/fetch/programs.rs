//! Posts to programs that users name by URL: what their flows ask, what takes their results.
//!
//! Promises that no address of this machine or its link, and none of a metadata service, is reached unless the operator's owner
//! opened that host; that a name is looked up anew for each connection, and what it points to is judged then; and that nothing is
//! followed elsewhere. Plain http is allowed: programs live in the cluster. Does not know what is sent.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};

use super::client::refusal;
use super::reach::{Guarded, Reach, Refused};

/// For the connection alone; how long the rest may take is the request's own.
const CONNECT: Duration = Duration::from_secs(3);

/// Hosts as people write them: `host` for the scheme's own port, or `host:port`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Arc<[String]>);

impl<T: AsRef<str>> FromIterator<T> for Hosts {
    fn from_iter<I: IntoIterator<Item = T>>(hosts: I) -> Self {
        Self(hosts.into_iter().map(|host| host.as_ref().to_ascii_lowercase()).collect())
    }
}

impl Hosts {
    /// Whether this host is among them, on one port at least.
    #[must_use]
    pub fn name(&self, host: &str) -> bool {
        let is = |listed: &String| listed.rsplit_once(':').map_or(listed.as_str(), |(name, _)| name) == host;
        self.0.iter().any(is)
    }

    /// Whether they hold the host of this `http` or `https` URL, on its port.
    #[must_use]
    pub fn hold(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let with_port = |port| format!("{host}:{port}");
        let named = url.port().map_or_else(|| host.to_owned(), with_port);
        let spelled_out = url.port_or_known_default().map(with_port);
        let is = |listed: &String| *listed == named || spelled_out.as_ref() == Some(listed);
        matches!(url.scheme(), "http" | "https") && self.0.iter().any(is)
    }
}

/// The way to users' programs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Reaches anything that is neither here nor on this link.
    guarded: Client,
    /// Reaches everything.
    open: Client,
    opened: Opened,
}

#[derive(Clone, Debug)]
enum Opened {
    Hosts(Hosts),
    All,
}

impl Programs {
    /// Hosts that are `opened` are reached wherever they are.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn guarded(opened: Hosts) -> reqwest::Result<Self> {
        Self::new(Opened::Hosts(opened))
    }

    /// Every address is reached. For whoever tries their own programs from their own machine.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn unguarded() -> reqwest::Result<Self> {
        Self::new(Opened::All)
    }

    fn new(opened: Opened) -> reqwest::Result<Self> {
        let client = || {
            let client = Client::builder().redirect(Policy::none()).no_proxy().connect_timeout(CONNECT);
            client.user_agent(concat!("telnyx-operator/", env!("CARGO_PKG_VERSION")))
        };
        let guarded = client().dns_resolver(Arc::new(Guarded(Reach::default()))).build()?;
        Ok(Self { guarded, open: client().build()?, opened })
    }

    /// A request there, not sent yet. A name that leads where it may not is refused when it is sent: see [`refused`].
    ///
    /// # Errors
    /// The URL names an address that may not be reached.
    pub fn post(&self, url: Url) -> Result<RequestBuilder, Refused> {
        let is_open = match &self.opened {
            Opened::Hosts(hosts) => hosts.hold(&url),
            Opened::All => true,
        };
        if is_open {
            return Ok(self.open.post(url));
        }
        // A resolver is asked about names alone.
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if literal.is_ok_and(|address| !Reach::default().allows(address)) {
            return Err(Refused::Address { host: host.to_owned() });
        }
        Ok(self.guarded.post(url))
    }
}

/// Whether the request failed because its host may not be reached.
#[must_use]
pub(crate) fn refused(error: &reqwest::Error) -> Option<Refused> {
    refusal(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(hosts: &[&str]) -> Hosts {
        hosts.iter().collect()
    }

    #[test]
    fn a_host_is_on_the_port_that_is_named_with_it() {
        let hosts = hosts(&["crm.example.com", "10.0.0.7:8080", "Voice.Example"]);
        for (url, held) in [
            ("https://crm.example.com/lookup?x=1", true),
            ("http://crm.example.com/", true),
            ("https://crm.example.com:8443/", false),
            ("https://CRM.example.com/", true),
            ("http://10.0.0.7:8080/", true),
            ("http://10.0.0.7/", false),
            ("https://voice.example/", true),
            ("https://evil.example/crm.example.com", false),
            ("https://crm.example.com.evil.example/", false),
            ("https://crm.example.com@evil.example/", false),
            ("ftp://crm.example.com/", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(hosts.hold(&Url::parse(url).unwrap()), held, "{url}");
        }
        assert!(!Hosts::default().hold(&Url::parse("https://crm.example.com/").unwrap()));
    }

    /// What became of a request there, where nobody listens.
    async fn sent(programs: &Programs, url: &str) -> Option<Refused> {
        match programs.post(url.parse().unwrap()) {
            Err(refused) => Some(refused),
            Ok(request) => refused(&request.send().await.unwrap_err()),
        }
    }

    #[tokio::test]
    async fn what_is_here_or_on_the_link_is_reached_only_where_it_was_opened() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let guarded = Programs::guarded(Hosts::default()).unwrap();
        for url in [
            "http://127.0.0.1:9/",
            "http://[::1]:9/",
            "http://0x7f.1:9/",
            "http://[::ffff:127.0.0.1]:9/",
            "http://localhost:9/",
            "http://0.0.0.0:9/",
            "http://169.254.1.1/",
            "http://[fe80::1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.100.100.200/",
        ] {
            assert!(matches!(sent(&guarded, url).await, Some(Refused::Address { .. })), "{url}");
        }
        let some = Programs::guarded(hosts(&["127.0.0.1:9", "localhost:9"])).unwrap();
        for url in ["http://127.0.0.1:9/", "http://localhost:9/"] {
            assert_eq!(sent(&some, url).await, None, "{url} was tried");
        }
        for url in ["http://127.0.0.1:10/", "http://localhost:10/", "http://127.0.0.1/"] {
            assert!(matches!(sent(&some, url).await, Some(Refused::Address { .. })), "{url}");
        }
        assert_eq!(sent(&Programs::unguarded().unwrap(), "http://127.0.0.1:9/").await, None);
    }
}
