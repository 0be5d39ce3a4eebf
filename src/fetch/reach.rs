//! Which hosts and addresses the operator lets users' URLs lead it to.
//!
//! Whoever may create a campaign chooses a URL, and the operator opens it from where it runs. Without these rules it would
//! read the node's metadata service, or what listens on the Pod's own loopback, for anybody who asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What may be reached. By default every host over https, but no loopback and no link-local address.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    hosts: Arc<[String]>,
    loopback: bool,
}

/// Why a URL is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not a URL with a host.
    #[error("is not a URL with a host")]
    NotAUrl,
    /// A bucket without an object in it.
    #[error("must name an object: s3://bucket/key, gs://bucket/key or az://account/container/key")]
    NoKey,
    /// Credentials where everybody reads them.
    #[error("must not hold a user or password: put them into the Secret of secretRef")]
    CredentialsInUrl,
    /// Neither https nor plain http to a loopback address that is allowed.
    #[error("must begin with https://: what is fetched is personal data")]
    NotHttps,
    /// A list of hosts is in force, and this one is not on it.
    #[error("names the host {host}, which the operator's --source-host options do not list")]
    HostNotListed {
        /// The host.
        host: String,
    },
    /// The host has only addresses that are never opened for users.
    #[error(
        "names the host {host}, which has a loopback, link-local or metadata address: such addresses are not opened"
    )]
    Address {
        /// The host.
        host: String,
    },
    /// Redirected further than anybody needs.
    #[error("is redirected more than {MOST_REDIRECTS} times")]
    TooManyRedirects,
}

/// As many as browsers' users ever see on an honest download.
const MOST_REDIRECTS: usize = 5;

/// Metadata services at addresses that no range tells (AWS: "Use the Instance Metadata Service", IPv6 endpoint; Alibaba
/// Cloud: "Instance metadata"; Oracle Cloud: "Getting Instance Metadata", IPv4 of its legacy endpoint).
const METADATA: [IpAddr; 3] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

impl Reach {
    /// Only these hosts, if any are given; loopback addresses, and plain http to them, where `loopback` says so.
    #[must_use]
    pub fn new(hosts: impl IntoIterator<Item = String>, loopback: bool) -> Self {
        Self { hosts: hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect(), loopback }
    }

    /// Whether this may be opened, as far as the URL itself tells. What DNS makes of a name is looked at again when it is
    /// resolved.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(Refused::NotAUrl)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let literal: Option<IpAddr> = bare.parse().ok();
        let is_local = literal.is_some_and(|address| canonical(address).is_loopback()) || bare == "localhost";
        match url.scheme() {
            "https" => {}
            "http" if self.loopback && is_local => {}
            _ => return Err(Refused::NotHttps),
        }
        if !self.hosts.is_empty() && !self.hosts.iter().any(|listed| listed == bare) {
            return Err(Refused::HostNotListed { host: bare.to_owned() });
        }
        match literal {
            Some(address) if !self.allows(address) => Err(Refused::Address { host: bare.to_owned() }),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether this address may be connected to.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = canonical(address);
        if address.is_loopback() {
            return self.loopback;
        }
        let is_special = match address {
            IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets().first() == Some(&0),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        !(is_special || address.is_unspecified() || address.is_multicast() || METADATA.contains(&address))
    }

    /// Where a redirect may lead.
    pub(super) fn redirects(&self) -> reqwest::redirect::Policy {
        let reach = self.clone();
        reqwest::redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > MOST_REDIRECTS {
                return attempt.error(Refused::TooManyRedirects);
            }
            match reach.check(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(refused) => attempt.error(refused),
            }
        })
    }
}

/// The IPv4 address inside an IPv6 one: mapped (RFC 4291, 2.5.5.2), or behind NAT64 (RFC 6052, 2.1).
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([first, second], [third, fourth]) = (high.to_be_bytes(), low.to_be_bytes());
            IpAddr::V4(Ipv4Addr::new(first, second, third, fourth))
        }
        _ => address.to_canonical(),
    }
}

/// DNS, without the addresses that are not allowed. The connection is made to what was checked here, so that a name which
/// changes its address in between gains nothing.
#[derive(Debug)]
pub(crate) struct Guarded(pub(crate) Reach);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|address| reach.allows(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Refused::Address { host: name.as_str().to_owned() }.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reach: &Reach, url: &str) -> Result<(), Refused> {
        reach.check(&Url::parse(url).unwrap())
    }

    #[test]
    fn addresses_of_the_node_and_of_metadata_services_are_not_opened() {
        for (address, far, near) in [
            ("93.184.216.34", true, true),
            ("10.0.0.7", true, true),
            ("192.168.1.1", true, true),
            ("2606:2800:220:1::1", true, true),
            ("fd12:3456::1", true, true),
            ("127.0.0.1", false, true),
            ("127.9.9.9", false, true),
            ("::1", false, true),
            ("::ffff:127.0.0.1", false, true),
            ("169.254.169.254", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("64:ff9b::a9fe:a9fe", false, false),
            ("fe80::1", false, false),
            ("fd00:ec2::254", false, false),
            ("100.100.100.200", false, false),
            ("0.0.0.0", false, false),
            ("0.1.2.3", false, false),
            ("::", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("ff02::1", false, false),
        ] {
            let parsed = address.parse().unwrap();
            assert_eq!(Reach::default().allows(parsed), far, "{address}");
            assert_eq!(Reach::new([], true).allows(parsed), near, "{address} where loopback is allowed");
        }
    }

    #[test]
    fn a_url_is_https_and_no_disguised_address() {
        let (far, near) = (Reach::default(), Reach::new([], true));
        assert_eq!(check(&far, "https://lists.example.com/a.csv?sig=1"), Ok(()));
        assert_eq!(check(&far, "http://lists.example.com/a.csv"), Err(Refused::NotHttps));
        assert_eq!(check(&far, "ftp://lists.example.com/a.csv"), Err(Refused::NotHttps));
        // All of them are 127.0.0.1 or 169.254.169.254 once parsed.
        for disguise in ["127.1", "2130706433", "0x7f.1", "[::ffff:7f00:1]", "169.254.169.254", "0xa9fea9fe"] {
            let url = format!("https://{disguise}/x");
            assert!(matches!(check(&far, &url), Err(Refused::Address { .. })), "{url}");
        }
        assert_eq!(check(&near, "http://127.0.0.1:8080/a.csv"), Ok(()));
        assert_eq!(check(&near, "http://localhost:8080/a.csv"), Ok(()));
        assert_eq!(check(&near, "http://10.0.0.7/a.csv"), Err(Refused::NotHttps));
        assert!(matches!(check(&near, "https://169.254.169.254/x"), Err(Refused::Address { .. })));
    }

    #[test]
    fn a_list_of_hosts_is_exact() {
        let reach = Reach::new(["Lists.Example.com".to_owned()], false);
        assert_eq!(check(&reach, "https://lists.example.com:8443/a"), Ok(()));
        for other in [
            "https://example.com/a",
            "https://lists.example.com.evil.example/a",
            "https://lists.example.com@evil.example/",
        ] {
            assert!(matches!(check(&reach, other), Err(Refused::HostNotListed { .. })), "{other}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_loopback_is_refused_when_it_is_resolved() {
        let resolve =
            |reach| async move { Guarded(reach).resolve("localhost".parse().unwrap()).await.map(Iterator::count) };
        let refused = resolve(Reach::default()).await.unwrap_err();
        assert!(matches!(refused.downcast_ref(), Some(Refused::Address { host }) if host == "localhost"));
        assert!(resolve(Reach::new([], true)).await.unwrap() > 0);
    }
}
