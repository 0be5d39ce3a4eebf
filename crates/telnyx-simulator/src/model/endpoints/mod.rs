//! Every endpoint of the simulated API: one table, from which requests are routed and counters are named.
//!
//! A new endpoint is one file with an `ENDPOINTS` list, a new call command one file under [`actions`].

pub(crate) mod actions;
pub(crate) mod applications;
mod call_events;
mod calls;
mod conferences;
mod dial;
mod on_answer;
mod origination;
pub(crate) mod profiles;
pub(crate) mod queues;
mod webhook_deliveries;

use std::collections::HashMap;

use super::World;
use super::exchange::{Exchange, Method, Reply};

/// One method on one path.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    /// The path after `/v2` as the API documents it; a segment in braces is a parameter.
    pub(crate) path: &'static str,
    pub(crate) run: fn(&mut World, &Exchange<'_>) -> Reply,
}

impl Endpoint {
    const fn new(method: Method, path: &'static str, run: fn(&mut World, &Exchange<'_>) -> Reply) -> Self {
        Self { method, path, run }
    }

    /// `POST /calls`, the name of the endpoint in counters and fault scopes.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method.name(), self.path)
    }
}

/// All endpoints, indexed by method and number of path segments.
pub(crate) struct Routes {
    all: Vec<Endpoint>,
    names: Vec<String>,
    by_shape: HashMap<(Method, usize), Vec<usize>>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        let conferences = conferences::endpoints();
        let all: Vec<Endpoint> = [
            applications::ENDPOINTS,
            profiles::ENDPOINTS,
            queues::ENDPOINTS,
            &conferences,
            dial::ENDPOINTS,
            calls::ENDPOINTS,
            call_events::ENDPOINTS,
            webhook_deliveries::ENDPOINTS,
            actions::ENDPOINTS,
        ]
        .concat();
        let mut by_shape: HashMap<(Method, usize), Vec<usize>> = HashMap::new();
        for (index, endpoint) in all.iter().enumerate() {
            by_shape.entry((endpoint.method, segments(endpoint.path).count())).or_default().push(index);
        }
        Self { names: all.iter().map(Endpoint::name).collect(), all, by_shape }
    }

    /// The endpoint's index and the path parameters in order.
    pub(crate) fn find<'a>(&self, method: Method, path: &'a [String]) -> Option<(usize, Vec<&'a str>)> {
        let candidates = self.by_shape.get(&(method, path.len()))?;
        candidates.iter().find_map(|index| Some((*index, matches(self.all.get(*index)?.path, path)?)))
    }

    pub(crate) fn get(&self, index: usize) -> Option<Endpoint> {
        self.all.get(index).copied()
    }

    pub(crate) fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("", String::as_str)
    }

    /// The names of all endpoints, as counters and fault scopes write them.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

fn matches<'a>(template: &str, path: &'a [String]) -> Option<Vec<&'a str>> {
    let mut params = Vec::new();
    for (part, given) in segments(template).zip(path) {
        if part.starts_with('{') {
            params.push(given.as_str());
        } else if part != given {
            return None;
        }
    }
    Some(params)
}
