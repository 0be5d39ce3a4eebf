//! A client of the Kubernetes API that writes nothing once a lease has run out.
//!
//! A process that stood still past the end of its lease goes on in the middle of whatever it did. Nothing that it writes then may
//! reach the API server: another process has written since. Reads pass, and so do leases, which have a version to be checked.

use http::{Method, Request};
use kube::Client;
use kube::client::Body;

use super::Ownership;

/// The lease ran out while a request was under way to be sent.
#[derive(Debug, thiserror::Error)]
#[error("nothing was written: a lease of this process has run out")]
struct RunOut;

impl Ownership {
    /// `client`, whose writes are held back from the moment that a lease has run out unrenewed.
    #[must_use]
    pub fn guard(&self, client: &Client) -> Client {
        let (inner, ownership) = (client.clone(), self.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (inner, ownership) = (inner.clone(), ownership.clone());
            async move {
                let reads = matches!(*request.method(), Method::GET | Method::HEAD);
                if !reads && ownership.has_run_out() {
                    return Err(kube::Error::Service(Box::new(RunOut)));
                }
                inner.send(request).await
            }
        });
        Client::new(service, client.default_namespace())
    }
}
