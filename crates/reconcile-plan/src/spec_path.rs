//! From the API's spelling of a field to the one in the manifest.

/// `outbound.channel_limit` becomes `spec.outbound.channelLimit`: manifests keep the API's names in camelCase.
#[must_use]
pub fn spec_path(api_path: &str) -> String {
    let mut path = String::from("spec");
    for part in api_path.split('.').filter(|part| !part.is_empty()) {
        path.push('.');
        path.push_str(&camel_case(part));
    }
    path
}

/// The JSON pointer of an API error (`/outbound/channel_limit`) as the path of the field in the manifest. `None` when
/// the pointer names no field. Telnyx puts the pointer in `errors[].source.pointer`; some carry a leading `/data`.
#[must_use]
pub fn pointer_to_spec_path(pointer: &str) -> Option<String> {
    let parts: Vec<&str> = pointer.split(['/', '.']).filter(|part| !part.is_empty()).collect();
    let parts = match parts.as_slice() {
        ["data", rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    (!parts.is_empty()).then(|| spec_path(&parts.join(".")))
}

fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_').filter(|word| !word.is_empty());
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_names_the_field_in_the_manifest() {
        assert_eq!(pointer_to_spec_path("/webhook_event_url").as_deref(), Some("spec.webhookEventUrl"));
        assert_eq!(pointer_to_spec_path("/data/outbound/channel_limit").as_deref(), Some("spec.outbound.channelLimit"));
        assert_eq!(pointer_to_spec_path("to").as_deref(), Some("spec.to"));
        assert_eq!(pointer_to_spec_path("/"), None);
        assert_eq!(spec_path("whitelisted_destinations"), "spec.whitelistedDestinations");
    }
}
