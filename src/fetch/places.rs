//! Where a document is, and by what right it is read.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::reach::Refused;

/// Where a document is.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// On a web server.
    Web(Url),
    /// In a bucket of AWS, or of whoever speaks its protocol.
    S3 {
        /// The bucket.
        bucket: String,
        /// The object in it.
        key: String,
        /// `us-east-1` where unset.
        region: Option<String>,
        /// AWS where unset.
        endpoint: Option<Url>,
    },
    /// In a bucket of Google Cloud Storage.
    Gcs {
        /// The bucket.
        bucket: String,
        /// The object in it.
        key: String,
    },
    /// In a container of Azure Blob Storage.
    Azure {
        /// The storage account.
        account: String,
        /// Its container.
        container: String,
        /// The blob in it.
        key: String,
    },
}

impl fmt::Debug for Place {
    /// No path and no query: they may hold a signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Web(_) => "Web",
            Self::S3 { .. } => "S3",
            Self::Gcs { .. } => "Gcs",
            Self::Azure { .. } => "Azure",
        })
    }
}

impl Place {
    /// By URL: `https://host/path`, `s3://bucket/key`, `gs://bucket/key`, `az://account/container/key`.
    pub fn parse(text: &str, region: Option<&str>, endpoint: Option<&str>) -> Result<Self, Refused> {
        let url: Url = text.parse().map_err(|_| Refused::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::CredentialsInUrl);
        }
        if matches!(url.scheme(), "http" | "https") {
            return Ok(Self::Web(url));
        }
        // A key is written as it is, not as URLs encode it: only the part before it is the URL's business.
        let rest = text.split_once("://").map(|(_, rest)| rest).ok_or(Refused::NotAUrl)?;
        let (first, key) =
            rest.split_once('/').filter(|(first, key)| !first.is_empty() && !key.is_empty()).ok_or(Refused::NoKey)?;
        match url.scheme() {
            "s3" => Ok(Self::S3 {
                bucket: first.to_owned(),
                key: key.to_owned(),
                region: region.map(str::to_owned),
                endpoint: endpoint.map(|text| text.parse().map_err(|_| Refused::NotAUrl)).transpose()?,
            }),
            "gs" => Ok(Self::Gcs { bucket: first.to_owned(), key: key.to_owned() }),
            "az" => {
                let (container, key) = key
                    .split_once('/')
                    .filter(|(name, key)| !name.is_empty() && !key.is_empty())
                    .ok_or(Refused::NoKey)?;
                Ok(Self::Azure { account: first.to_owned(), container: container.to_owned(), key: key.to_owned() })
            }
            _ => Err(Refused::NotHttps),
        }
    }
}

/// The entries of a Secret.
#[derive(Clone, Debug, Default)]
pub struct Credentials(BTreeMap<String, SecretString>);

/// Credentials that do not fit the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("needs credentials of other keys: secretRef's Secret must have {expected}")]
pub struct BadCredentials {
    /// The keys.
    pub expected: &'static str,
}

impl Credentials {
    /// Of these entries.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key, value.trim().to_owned().into())).collect())
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(ExposeSecret::expose_secret)
    }

    pub(super) fn need(&self, key: &str, expected: &'static str) -> Result<&str, BadCredentials> {
        self.get(key).ok_or(BadCredentials { expected })
    }

    /// What they add to a request to a web server: a header, or a query.
    pub(super) fn for_web(&self, url: &mut Url) -> Result<Option<HeaderValue>, BadCredentials> {
        const EXPECTED: &str = "token, or username and password, or query";
        if let Some(query) = self.get("query") {
            url.set_query(Some(query.trim_start_matches('?')));
            return Ok(None);
        }
        let text = if let Some(token) = self.get("token") {
            format!("Bearer {token}")
        } else {
            let (user, password) = (self.need("username", EXPECTED)?, self.need("password", EXPECTED)?);
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
        };
        HeaderValue::from_str(&text).map(Some).map_err(|_| BadCredentials { expected: EXPECTED })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Result<Place, Refused> {
        Place::parse(text, None, None)
    }

    #[test]
    fn a_url_says_which_store_and_what_in_it() {
        let s3 = |key: &str| Place::S3 { bucket: "lists".into(), key: key.into(), region: None, endpoint: None };
        assert_eq!(place("s3://lists/2026/a b?c.csv"), Ok(s3("2026/a b?c.csv")), "a key may hold anything");
        assert_eq!(place("gs://lists/a.csv"), Ok(Place::Gcs { bucket: "lists".into(), key: "a.csv".into() }));
        let azure = Place::Azure { account: "acme".into(), container: "lists".into(), key: "in/a.csv".into() };
        assert_eq!(place("az://acme/lists/in/a.csv"), Ok(azure));
        assert!(matches!(place("https://example.com/a.csv"), Ok(Place::Web(_))));
        for without in ["s3://lists", "s3://lists/", "gs://", "az://acme/lists", "az://acme/lists/"] {
            assert!(matches!(place(without), Err(Refused::NoKey | Refused::NotAUrl)), "{without}");
        }
        assert_eq!(place("https://me:secret@example.com/a.csv"), Err(Refused::CredentialsInUrl));
        assert_eq!(place("file:///etc/passwd").unwrap_err(), Refused::NoKey);
        assert_eq!(place("ftp://example.com/a.csv").unwrap_err(), Refused::NotHttps);
    }

    #[test]
    fn credentials_for_the_web_are_a_header_or_a_query() {
        let given = |entries: &[(&str, &str)]| {
            let entries = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let mut url: Url = "https://example.com/a.csv".parse().unwrap();
            let header = Credentials::new(entries).for_web(&mut url);
            header
                .map(|header| (header.map(|value| value.to_str().unwrap().to_owned()), url.query().map(str::to_owned)))
        };
        assert_eq!(given(&[("token", "abc\n")]), Ok((Some("Bearer abc".to_owned()), None)));
        // RFC 7617, section 2.
        let basic = given(&[("username", "Aladdin"), ("password", "open sesame")]);
        assert_eq!(basic, Ok((Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_owned()), None)));
        assert_eq!(given(&[("query", "?sig=1")]), Ok((None, Some("sig=1".to_owned()))));
        assert!(given(&[("username", "me")]).is_err() && given(&[]).is_err());
    }
}
