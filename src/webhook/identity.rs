//! What replicas know each other by: a key and a certificate that each makes for itself when it starts.
//!
//! Promises that both ends of a connection prove to hold the key of a certificate whose fingerprint the other expects, and that
//! nothing else is believed of a certificate: no name, no date, no issuer. The key never leaves the process. Does not know where
//! fingerprints come from.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, ServerConfig,
    SignatureScheme,
};

use crate::ownership::Fingerprint;

/// A certificate needs a name; nobody looks at it.
const NAME: &str = "replica.telnyx-operator.internal";

/// Says whether the one who has this certificate is expected.
pub type Expects = Arc<dyn Fn(&Fingerprint) -> bool + Send + Sync>;

/// A key and its certificate.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.fingerprint())
    }
}

/// No identity can be made, or not used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No key, or no certificate.
    #[error("no certificate for connections between replicas can be made")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not take it.
    #[error("TLS between replicas cannot be set up")]
    Tls(#[from] Error),
}

impl Identity {
    /// A new one.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn make() -> Result<Self, IdentityError> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([NAME.to_owned()])?;
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        Ok(Self { certificate: cert.der().clone(), key, provider: Arc::new(ring::default_provider()) })
    }

    /// What others know it by.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// For the side that is connected to.
    ///
    /// # Errors
    /// TLS does not take what was made.
    pub(super) fn server(&self, expects: Expects) -> Result<ServerConfig, IdentityError> {
        let config =
            ServerConfig::builder_with_provider(Arc::clone(&self.provider)).with_protocol_versions(&[&TLS13])?;
        let config = config.with_client_cert_verifier(self.expecting(expects));
        Ok(config.with_single_cert(vec![self.certificate.clone()], self.private_key())?)
    }

    /// For the side that connects.
    ///
    /// # Errors
    /// TLS does not take what was made.
    pub(super) fn client(&self, expects: Expects) -> Result<ClientConfig, IdentityError> {
        let config =
            ClientConfig::builder_with_provider(Arc::clone(&self.provider)).with_protocol_versions(&[&TLS13])?;
        let config = config.dangerous().with_custom_certificate_verifier(self.expecting(expects));
        Ok(config.with_client_auth_cert(vec![self.certificate.clone()], self.private_key())?)
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone_key())
    }

    fn expecting(&self, expects: Expects) -> Arc<Expected> {
        Arc::new(Expected { expects, algorithms: self.provider.signature_verification_algorithms })
    }
}

/// Believes whose fingerprint is expected.
struct Expected {
    expects: Expects,
    algorithms: WebPkiSupportedAlgorithms,
}

impl std::fmt::Debug for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Expected")
    }
}

impl Expected {
    fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        let is_expected = (self.expects)(&Fingerprint::of(certificate));
        is_expected.then_some(()).ok_or(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn signed(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }
}

/// Said to TLS 1.2, which neither side offers.
const TOO_OLD: Error = Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered);

impl ServerCertVerifier for Expected {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(certificate).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(TOO_OLD)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Expected {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(certificate).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(TOO_OLD)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
