//! What the environment asks for, by the names that every OpenTelemetry SDK reads (OpenTelemetry specification:
//! environment variables, OTLP exporter configuration). Headers, time limits and resource attributes are read by the
//! exporter itself.

use opentelemetry::trace::TraceId;

/// Where spans go, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Takes `POST` of OTLP as protobuf: `http://collector:4318/v1/traces`.
    pub(super) endpoint: String,
    /// Of all traces.
    pub(super) share: Share,
    /// What the environment calls this service.
    pub(super) service: Option<String>,
}

/// The environment asks for what there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Another protocol.
    #[error(
        "{variable} is {value:?}: traces leave by http/protobuf; unset it, and name the collector's HTTP port (4318)"
    )]
    Protocol {
        /// Which variable.
        variable: &'static str,
        /// What it says.
        value: String,
    },
    /// Another exporter.
    #[error("OTEL_TRACES_EXPORTER is {0:?}: otlp and none are known")]
    Exporter(String),
    /// Another sampler.
    #[error(
        "OTEL_TRACES_SAMPLER is {0:?}: always_on, always_off and traceidratio are known, also with parentbased_ before"
    )]
    Sampler(String),
    /// Not a share.
    #[error("OTEL_TRACES_SAMPLER_ARG is {0:?}: a share from 0 to 1 is needed")]
    Share(String),
}

impl Settings {
    /// From `variable`, which knows the environment. `None`: no collector is named, or traces are switched off.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, SettingsError> {
        // The specification takes an empty value for none.
        let variable =
            |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let whole = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let base = variable("OTEL_EXPORTER_OTLP_ENDPOINT");
        let base = base.map(|base| format!("{}/v1/traces", base.trim_end_matches('/')));
        let Some(endpoint) = whole.or(base) else { return Ok(None) };
        if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        match variable("OTEL_TRACES_EXPORTER").as_deref() {
            None | Some("otlp") => {}
            Some("none") => return Ok(None),
            Some(other) => return Err(SettingsError::Exporter(other.to_owned())),
        }
        for name in ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] {
            if let Some(value) = variable(name).filter(|value| value != "http/protobuf") {
                return Err(SettingsError::Protocol { variable: name, value });
            }
        }
        let share = share(variable("OTEL_TRACES_SAMPLER"), variable("OTEL_TRACES_SAMPLER_ARG"))?;
        Ok(Some(Self { endpoint, share, service: variable("OTEL_SERVICE_NAME") }))
    }
}

/// Every trace begins here, so whether a parent is asked first makes no difference.
fn share(sampler: Option<String>, argument: Option<String>) -> Result<Share, SettingsError> {
    let Some(sampler) = sampler else { return Ok(Share::ALL) };
    match sampler.strip_prefix("parentbased_").unwrap_or(&sampler) {
        "always_on" => Ok(Share::ALL),
        "always_off" => Ok(Share::NONE),
        "traceidratio" => match argument {
            None => Ok(Share::ALL),
            Some(argument) => Share::parse(&argument).ok_or(SettingsError::Share(argument)),
        },
        _ => Err(SettingsError::Sampler(sampler)),
    }
}

/// Which traces are told, as the least id that is not: half of its last eight bytes' range, say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u64);

/// Ids are compared by 63 bits, as SDKs do, so that services agree on which traces to tell.
const RANGE: u64 = 1 << 63;

impl Share {
    const ALL: Self = Self(RANGE);
    const NONE: Self = Self(0);

    /// A number from 0 to 1.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let share: f64 = text.parse().ok()?;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share in 63 bits, from 0 to 1"
        )]
        (0.0..=1.0).contains(&share).then_some(Self((share * RANGE as f64) as u64))
    }

    pub(super) fn admits(self, trace: TraceId) -> bool {
        let bytes = trace.to_bytes();
        let low = bytes.last_chunk().map_or(0, |low| u64::from_be_bytes(*low));
        (low >> 1) < self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &[(&str, &str)]) -> Result<Option<Settings>, SettingsError> {
        Settings::read(|name| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");

    #[test]
    fn a_collector_has_to_be_named() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), Ok(None));
        let named = read(&[BASE]).unwrap().unwrap();
        assert_eq!((named.endpoint.as_str(), named.share), ("http://collector:4318/v1/traces", Share::ALL));
        let whole = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://other/in");
        assert_eq!(read(&[BASE, whole]).unwrap().unwrap().endpoint, "http://other/in");
    }

    #[test]
    fn traces_can_be_switched_off_though_a_collector_is_named() {
        assert_eq!(read(&[BASE, ("OTEL_SDK_DISABLED", "TRUE")]), Ok(None));
        assert_eq!(read(&[BASE, ("OTEL_TRACES_EXPORTER", "none")]), Ok(None));
    }

    #[test]
    fn what_there_is_not_is_refused_by_name() {
        for (variable, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ] {
            let error = read(&[BASE, (variable, value)]).unwrap_err().to_string();
            assert!(error.contains(variable) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn the_share_is_what_the_sampler_says() {
        let sampled = |sampler, argument| {
            let all = [BASE, ("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", argument)];
            read(&all).map(|settings| settings.unwrap().share)
        };
        assert_eq!(sampled("parentbased_always_on", "0"), Ok(Share::ALL));
        assert_eq!(sampled("always_off", ""), Ok(Share::NONE));
        assert_eq!(sampled("traceidratio", ""), Ok(Share::ALL));
        assert_eq!(sampled("parentbased_traceidratio", "0.25"), Ok(Share(RANGE / 4)));
        for wrong in ["-0.1", "1.1", "NaN", "some"] {
            assert_eq!(sampled("traceidratio", wrong), Err(SettingsError::Share(wrong.to_owned())));
        }
    }
}
