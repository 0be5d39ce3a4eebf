//! Asks the API server, as the administrator, whether things are there yet.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::certificates::Pki;

/// An API server that takes longer for one of these small answers counts as not ready.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the client that watches the start could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A certificate file could not be read.
    #[error("cannot read a certificate")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The certificates do not fit together.
    #[error("cannot use the certificates")]
    Tls(#[from] rustls::Error),
    /// The HTTP client refused its configuration.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
}

#[derive(Debug)]
pub(crate) struct Probe {
    client: Client,
    server: String,
}

impl Probe {
    pub(crate) fn new(server: &str, pki: &Pki) -> Result<Self, ProbeError> {
        let admin = pki.admin();
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&pki.authority())?)?;
        // The provider is named here, so that this crate neither needs nor makes a process-wide choice.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate(&admin.certificate)?], PrivateKeyDer::from_pem_file(&admin.key)?)?;
        let client = Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(REQUEST_TIMEOUT).build()?;
        Ok(Self { client, server: server.to_owned() })
    }

    /// `Ok` when `path` answers 200, else what was seen instead.
    pub(crate) async fn found(&self, path: &str) -> Result<(), String> {
        let url = format!("{}{path}", self.server);
        match self.client.get(url).send().await {
            Ok(response) if response.status() == StatusCode::OK => Ok(()),
            Ok(response) => {
                let status = response.status();
                let body = response.text().await.unwrap_or_default();
                Err(format!("{path} answered {status}: {}", body.trim()))
            }
            Err(error) => Err(format!("{path} did not answer: {error:?}")),
        }
    }
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, rustls::pki_types::pem::Error> {
    let pem = fs::read(path).map_err(rustls::pki_types::pem::Error::Io)?;
    CertificateDer::from_pem_slice(&pem)
}
