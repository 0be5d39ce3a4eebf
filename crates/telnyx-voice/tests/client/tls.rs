//! HTTPS: who is trusted, and that nobody else is told anything.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use telnyx_voice::{ApiKey, Class, Client, Endpoint, RetryPolicy, classify};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

/// An HTTPS server with a certificate that it signed itself. Answers one request, and gives back what it could read of it.
async fn server() -> (String, CertificateDer<'static>, tokio::task::JoinHandle<Option<String>>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://localhost:{}/v2", listener.local_addr().unwrap().port());
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.ok()?;
        let mut request = [0; 4096];
        let read = stream.read(&mut request).await.ok()?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{\"data\":{\"id\":\"7\"}}").await.ok()?;
        Some(String::from_utf8_lossy(&request[..read]).into_owned())
    });
    (url, cert.der().clone(), task)
}

fn builder(url: String) -> telnyx_voice::Builder {
    let once = RetryPolicy { tries: 1, ..RetryPolicy::default() };
    Client::builder(ApiKey::new("KEY0123").unwrap()).base_url(url).retries(once)
}

#[tokio::test]
async fn a_private_authority_can_be_trusted() {
    let (url, certificate, server) = server().await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = builder(url).tls(tls).build().unwrap();
    let application = client.get_application(&"7".into()).await.unwrap();
    assert_eq!(application.id, Some("7".into()));
    let request = server.await.unwrap().unwrap();
    assert!(request.starts_with("GET /v2/call_control_applications/7 HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let (url, _, server) = server().await;
    let error = builder(url).build().unwrap().get_application(&"7".into()).await.unwrap_err();
    assert_eq!(classify(&error, Endpoint::Applications), Class::NotSent, "{error:?}");
    assert_eq!(server.await.unwrap(), None);
}
