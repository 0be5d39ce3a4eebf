//! Requests to the Kubernetes API as spans of the work that they are made for.

use std::time::SystemTime;

use http::Request;
use kube::Client;
use kube::client::Body;

use super::{Traces, here};

impl Traces {
    /// `client`, whose requests are told of where they belong to something that is traced.
    #[must_use]
    pub fn over(&self, client: Client) -> Client {
        if self.0.is_none() {
            return client;
        }
        let (inner, traces) = (client.clone(), self.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (inner, traces) = (inner.clone(), traces.clone());
            async move {
                let Some(parent) = here() else { return inner.send(request).await };
                let (method, route, from) = (request.method().clone(), route(request.uri().path()), SystemTime::now());
                let answer = inner.send(request).await;
                let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
                traces.requested(parent, (method.as_str(), &route), status, (from, SystemTime::now()));
                answer
            }
        });
        Client::new(service, client.default_namespace())
    }
}

/// The path without the names in it: `/apis/apps/v1/namespaces/{namespace}/deployments/{name}/status` (Kubernetes: API
/// concepts, resource URIs).
fn route(path: &str) -> String {
    let mut parts = path.trim_start_matches('/').split('/');
    let named = |part: Option<&str>| part.map(|part| format!("/{part}")).unwrap_or_default();
    let mut route = match parts.next() {
        // The group, where there is one, and the version.
        Some("apis") => format!("/apis{}{}", named(parts.next()), named(parts.next())),
        Some("api") => format!("/api{}", named(parts.next())),
        first => return named(first),
    };
    let mut plural = parts.next();
    if plural == Some("namespaces") && parts.clone().count() > 1 {
        parts.next();
        route.push_str("/namespaces/{namespace}");
        plural = parts.next();
    }
    route.push_str(&named(plural));
    if parts.next().is_some() {
        route.push_str("/{name}");
    }
    route.push_str(&named(parts.next()));
    route
}

#[cfg(test)]
mod tests {
    use super::route;

    #[test]
    fn a_route_names_no_object() {
        let group = "/apis/telnyx-operator.io/v1alpha1";
        for (path, expected) in [
            ("/version", "/version"),
            ("/api/v1/namespaces/voice", "/api/v1/namespaces/{name}"),
            ("/api/v1/namespaces/voice/secrets/telnyx", "/api/v1/namespaces/{namespace}/secrets/{name}"),
            ("/api/v1/secrets", "/api/v1/secrets"),
            (&format!("{group}/queues"), &format!("{group}/queues")),
            (
                &format!("{group}/namespaces/voice/queues/support/status"),
                &format!("{group}/namespaces/{{namespace}}/queues/{{name}}/status"),
            ),
            (&format!("{group}/namespaces/voice/queues"), &format!("{group}/namespaces/{{namespace}}/queues")),
        ] {
            assert_eq!(route(path), *expected, "{path}");
        }
    }
}
