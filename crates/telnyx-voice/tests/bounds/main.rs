//! What each field may hold: the documents' numbers, written down a second time, against the check and against the JSON schema.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod requests;
#[cfg(feature = "schema")]
mod schema;

use std::collections::BTreeSet;

use requests::{Request, fill_required, filling, find, requests};
use serde_json::{Value, json};
use telnyx_voice::bounds::{OutOfBounds, Problem, Rule};

/// What the documents say of numbers. A row: type, field, lowest, highest; `-` where there is none.
const NUMBERS: &str = "
    AmdConfig                         beep_spectral_min_purity            0     1
    AnswerRequest                     record_max_length                   0     43200
    AnswerRequest                     record_timeout_secs                 0     -
    ApplicationRequest                webhook_timeout_secs                0     30
    BridgeRequest                     record_max_length                   0     43200
    BridgeRequest                     record_timeout_secs                 0     -
    ConferenceGatherUsingAudioRequest maximum_digits                      1     128
    ConferenceGatherUsingAudioRequest minimum_digits                      1     128
    ConferencePlayRequest             loop                                1     100
    ConferenceRequest                 duration_minutes                    1     240
    ConferenceRequest                 max_participants                    2     800
    ConferenceSendDtmfRequest         duration_millis                     100   500
    DialRequest                       record_max_length                   0     43200
    DialRequest                       record_timeout_secs                 0     -
    DialRequest                       time_limit_secs                     30    14400
    DialRequest                       timeout_secs                        5     600
    EnqueueRequest                    max_size                            1     -
    EnqueueRequest                    max_wait_time_secs                  1     -
    GatherRequest                     maximum_digits                      1     128
    GatherRequest                     minimum_digits                      1     128
    GatherUsingAudioRequest           maximum_digits                      1     128
    GatherUsingAudioRequest           minimum_digits                      1     128
    GatherUsingSpeakRequest           maximum_digits                      1     128
    GatherUsingSpeakRequest           minimum_digits                      1     128
    PayRequest                        amount                              0     -
    PlaybackStartRequest              loop                                1     100
    QueueRequest                      max_size                            1     -
    QueueUpdate                       max_size                            1     -
    RecordStartRequest                max_length                          0     14400
    RecordStartRequest                timeout_secs                        0     -
    SendDtmfRequest                   duration_millis                     100   500
    SpeakRequest                      loop                                1     100
    SuppressionEngineConfig           attenuation_limit                   0     100
    SuppressionEngineConfig           enhancement_level                   0     1
    SuppressionEngineConfig           suppression_level                   0     100
    SuppressionEngineConfig           voice_gain                          0.1   4
    TranscriptionEngineConfig         max_endpoint_delay_ms               500   3000
    TransferRequest                   record_max_length                   0     43200
    TransferRequest                   record_timeout_secs                 0     -
    TransferRequest                   time_limit_secs                     30    14400
    TransferRequest                   timeout_secs                        5     600
";

/// What the documents say of the length of texts. A row: type, field, shortest, longest, a character that is allowed.
const LENGTHS: &str = "
    AiAssistantStartRequest           greeting              1 3000 a
    Assistant                         greeting              1 3000 a
    ConferenceGatherUsingAudioRequest gather_id             0 100  a
    ConferenceGatherUsingAudioRequest terminating_digit     0 1    #
    ConferenceSpeakRequest            payload               1 3000 ü
    DialRequest                       from_display_name     0 128  a
    DialRequest                       send_digits_on_answer 0 64   w
    DialRequest                       stream_auth_token     0 4000 a
    EnqueueRequest                    queue_name            1 255  a
    GatherRequest                     terminating_digit     0 1    #
    GatherUsingAiRequest              gather_ended_speech   1 3000 a
    GatherUsingAiRequest              greeting              1 3000 a
    GatherUsingAudioRequest           terminating_digit     0 1    #
    GatherUsingSpeakRequest           invalid_payload       1 3000 a
    GatherUsingSpeakRequest           payload               1 3000 a
    GatherUsingSpeakRequest           terminating_digit     0 1    #
    ProfileRequest                    name                  3 -    a
    QueueRequest                      queue_name            1 255  a
    SendSipInfoRequest                body                  0 1400 a
    SpeakRequest                      payload               1 3000 ü
    StreamingStartRequest             stream_auth_token     0 4000 a
    TransferRequest                   from_display_name     0 128  a
    TransferRequest                   send_digits_on_answer 0 64   w
";

/// What the documents say of the form of texts. A row: type, field, `yes` or `no`, a text.
const FORMS: &str = "
    AnswerRequest                     stream_url             yes wss://example.com
    AnswerRequest                     stream_url             no  https://example.com
    ConferenceGatherUsingAudioRequest terminating_digit      yes *
    ConferenceGatherUsingAudioRequest terminating_digit      no  x
    ConferenceGatherUsingAudioRequest valid_digits           yes 0189ABCD#*
    ConferenceGatherUsingAudioRequest valid_digits           no  12E
    ConferenceSendDtmfRequest         digits                 yes 1www2WABCDw9#*
    ConferenceSendDtmfRequest         digits                 no  1-2
    ConversationRelayConfig           url                    yes ws://example.com
    ConversationRelayConfig           url                    no  example.com
    ConversationRelayStartRequest     conversation_relay_url yes wss://example.com
    ConversationRelayStartRequest     conversation_relay_url no  http://example.com
    ConversationRelayStartRequest     url                    yes wss://example.com
    ConversationRelayStartRequest     url                    no  wss:/example.com
    DialRequest                       from                   yes +12025550100
    DialRequest                       from                   no  hello
    DialRequest                       from_display_name      yes A_b~9!.+-
    DialRequest                       from_display_name      no  Ada&Co
    DialRequest                       from_display_name      no  a,b
    DialRequest                       send_digits_on_answer  yes ww200#
    DialRequest                       send_digits_on_answer  no  200,1
    DialRequest                       stream_url             yes wss://example.com
    DialRequest                       stream_url             no  ftp://example.com
    ForkStartRequest                  rx                     yes udp:192.0.2.1:5004
    ForkStartRequest                  rx                     no  192.0.2.1:5004
    ForkStartRequest                  target                 yes udp:192.0.2.1:5004
    ForkStartRequest                  target                 no  tcp:192.0.2.1:5004
    ForkStartRequest                  tx                     yes udp:192.0.2.1:5004
    ForkStartRequest                  tx                     no  5004
    GatherRequest                     terminating_digit      no  a
    GatherRequest                     valid_digits           no  0-9
    GatherUsingAudioRequest           terminating_digit      no  a
    GatherUsingAudioRequest           valid_digits           no  w
    GatherUsingSpeakRequest           terminating_digit      no  a
    GatherUsingSpeakRequest           valid_digits           no  12,
    RelaySettings                     url                    yes wss://example.com
    RelaySettings                     url                    no  file:///tmp
    SendDtmfRequest                   digits                 yes 1www2WABCDw9#*
    SendDtmfRequest                   digits                 no  12E
    StreamingStartRequest             stream_url             yes wss://example.com
    StreamingStartRequest             stream_url             no  http://example.com
    TransferRequest                   from_display_name      yes A_b~9!.+-
    TransferRequest                   from_display_name      no  Ada(2)
    TransferRequest                   send_digits_on_answer  yes ww200#
    TransferRequest                   send_digits_on_answer  no  (200)
";

/// What the documents say of several fields. A row: type, the field that is complained of, `yes` or `no`, the fields that are set.
const FIELDS: &str = "
    BridgeRequest                     call_control_id   yes call_control_id
    BridgeRequest                     call_control_id   yes queue
    BridgeRequest                     call_control_id   yes video_room_id
    BridgeRequest                     call_control_id   no
    BridgeRequest                     call_control_id   no  call_control_id queue
    ConferenceConfig                  hold_audio_url    yes hold_audio_url
    ConferenceConfig                  hold_audio_url    no  hold_audio_url hold_media_name
    ConferenceGatherUsingAudioRequest audio_url         yes media_name invalid_audio_url
    ConferenceGatherUsingAudioRequest audio_url         no  audio_url media_name
    ConferenceGatherUsingAudioRequest invalid_audio_url no  invalid_audio_url invalid_media_name
    ConferenceHoldRequest             audio_url         yes
    ConferenceHoldRequest             audio_url         no  audio_url media_name
    ConferenceJoinRequest             hold_audio_url    yes hold_media_name
    ConferenceJoinRequest             hold_audio_url    no  hold_audio_url hold_media_name
    ConferencePlayRequest             audio_url         yes media_name
    ConferencePlayRequest             audio_url         no  audio_url media_name
    ConferenceRequest                 hold_audio_url    yes hold_audio_url
    ConferenceRequest                 hold_audio_url    no  hold_audio_url hold_media_name
    DialRequest                       audio_url         yes media_name
    DialRequest                       audio_url         no  audio_url media_name
    ForkStartRequest                  target            yes target
    ForkStartRequest                  target            yes rx tx
    ForkStartRequest                  target            no
    ForkStartRequest                  target            no  rx
    GatherUsingAudioRequest           audio_url         yes audio_url invalid_media_name
    GatherUsingAudioRequest           audio_url         no  audio_url media_name
    GatherUsingAudioRequest           invalid_audio_url no  invalid_audio_url invalid_media_name
    PlaybackStartRequest              audio_url         yes playback_content
    PlaybackStartRequest              audio_url         yes media_name
    PlaybackStartRequest              audio_url         no
    PlaybackStartRequest              audio_url         no  audio_url media_name
    TransferRequest                   audio_url         yes audio_url
    TransferRequest                   audio_url         no  audio_url media_name
";

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty())
}

/// What the check says of one field; whatever else is missing does not matter.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes the value in place")]
fn verdict(request: &Request, field: &str, value: Value) -> Result<(), OutOfBounds> {
    (request.check)(json!({ field: value }), Some(field))
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes the value in place")]
fn refused(request: &Request, field: &str, value: Value) -> OutOfBounds {
    let error = verdict(request, field, value.clone()).expect_err(&format!("{}.{field} takes {value}", request.name));
    assert_eq!(error.field, field, "{}", request.name);
    error
}

fn allowed(request: &Request, field: &str, value: Value) {
    verdict(request, field, value).unwrap_or_else(|error| panic!("{}: {error}", request.name));
}

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The next number outside: one whole step away, or a small one where the bound is no whole number or the field takes shares.
fn beside(request: &Request, field: &str, bound: &str, direction: i64) -> Value {
    let decimal = request.rules(field).iter().any(|rule| matches!(rule, Rule::Decimal(..)));
    match bound.parse::<i64>() {
        Ok(whole) if !decimal => json!(whole + direction),
        _ => json!(bound.parse::<f64>().unwrap() + 0.001 * if direction > 0 { 1.0 } else { -1.0 }),
    }
}

#[test]
fn numbers_are_taken_up_to_their_bounds_and_no_further() {
    for row in rows(NUMBERS) {
        let [name, field, low, high] = row[..] else { panic!("{row:?}") };
        let request = find(name);
        allowed(&request, field, number(low));
        let error = refused(&request, field, beside(&request, field, low, -1));
        assert!(matches!(error.problem, Problem::Number(_)), "{error}");
        if high != "-" {
            allowed(&request, field, number(high));
            refused(&request, field, beside(&request, field, high, 1));
        }
    }
}

#[test]
fn texts_are_taken_up_to_their_length_in_characters_and_no_further() {
    for row in rows(LENGTHS) {
        let [name, field, low, high, character] = row[..] else { panic!("{row:?}") };
        let request = find(name);
        let text = |count: usize| json!(character.repeat(count));
        let low: usize = low.parse().unwrap();
        allowed(&request, field, text(low));
        if low > 0 {
            let error = refused(&request, field, text(low - 1));
            assert_eq!(error.problem, Problem::Characters(low - 1));
        }
        if let Ok(high) = high.parse::<usize>() {
            allowed(&request, field, text(high));
            assert_eq!(refused(&request, field, text(high + 1)).problem, Problem::Characters(high + 1));
        }
    }
}

#[test]
fn texts_have_the_form_that_the_documents_ask_for() {
    for row in rows(FORMS) {
        let [name, field, verdict, text] = row[..] else { panic!("{row:?}") };
        match verdict {
            "yes" => allowed(&find(name), field, json!(text)),
            "no" => drop(refused(&find(name), field, json!(text))),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn fields_are_set_together_as_the_documents_ask_for() {
    for row in rows(FIELDS) {
        let [name, field, verdict, set @ ..] = &row[..] else { panic!("{row:?}") };
        let request = find(name);
        let mut body = json!({});
        fill_required(&mut body, request.bounds);
        for field in set {
            body[*field] = filling(request.rules(field));
        }
        match ((request.check)(body, None), *verdict) {
            (Ok(()), "yes") => {}
            (Err(error), "no") => {
                assert_eq!(error.field, *field, "{row:?}");
                assert!(matches!(error.problem, Problem::Missing | Problem::Together), "{error}");
            }
            (said, _) => panic!("{row:?}: {said:?}"),
        }
    }
}

#[test]
fn no_more_keys_are_asked_for_than_are_taken() {
    for name in
        ["ConferenceGatherUsingAudioRequest", "GatherRequest", "GatherUsingAudioRequest", "GatherUsingSpeakRequest"]
    {
        let request = find(name);
        let check = |low: i64, high: i64| {
            let mut body = json!({ "minimum_digits": low, "maximum_digits": high });
            fill_required(&mut body, request.bounds);
            (request.check)(body, None)
        };
        check(2, 2).unwrap_or_else(|error| panic!("{name}: {error}"));
        let error = check(9, 2).unwrap_err();
        assert_eq!(error.to_string(), "minimum_digits is 9; allowed: not more than maximum_digits", "{name}");
        assert!(request.rules("minimum_digits").contains(&Rule::NotAbove("maximum_digits")));
    }
    let alone = requests()
        .into_iter()
        .filter(|one| one.bounds.iter().any(|(_, rules)| rules.iter().any(|rule| matches!(rule, Rule::NotAbove(_)))));
    assert_eq!(alone.count(), 4);
}

#[test]
fn what_has_a_bound_of_its_own_kind() {
    let siprec = find("SiprecStartRequest");
    for (seconds, takes) in [(-1, false), (0, true), (1, false), (89, false), (90, true), (7200, true)] {
        let verdict = verdict(&siprec, "session_timeout_secs", json!(seconds));
        assert_eq!(verdict.is_ok(), takes, "{seconds}");
    }
    for name in ["StreamingStartRequest", "DialRequest"] {
        let request = find(name);
        for rate in [8_000, 16_000, 22_050, 24_000, 48_000] {
            allowed(&request, "stream_bidirectional_sampling_rate", json!(rate));
        }
        refused(&request, "stream_bidirectional_sampling_rate", json!(44_100));
    }
    let policy = find("RetriesPolicy");
    allowed(&policy, "retries_ms", json!([20_000, 20_000, 20_000]));
    assert_eq!(refused(&policy, "retries_ms", json!([20_000, 20_000, 20_001])).problem, Problem::Sum(60_001));
    allowed(&policy, "retries_ms", json!([1, 1, 1, 1, 1]));
    assert_eq!(refused(&policy, "retries_ms", json!([1, 1, 1, 1, 1, 1])).problem, Problem::Entries(6));
    allowed(&find("SpeakRequest"), "loop", json!("infinity"));
    allowed(&find("HangupRequest"), "client_state", json!("YQ=="));
    assert_eq!(refused(&find("HangupRequest"), "client_state", json!("a b")).problem, Problem::NotBase64);
}

#[test]
fn every_bound_of_a_type_is_in_a_table_here() {
    let named = |table| rows(table).map(|row| (row[0], row[1])).collect::<BTreeSet<_>>();
    let (numbers, lengths, forms) = (named(NUMBERS), named(LENGTHS), named(FORMS));
    let mut found = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut of_several = BTreeSet::new();
    for request in requests() {
        for (field, rules) in request.bounds {
            let place = (request.name, *field);
            for rule in *rules {
                match rule {
                    Rule::Range(..) | Rule::Decimal(..) | Rule::AtLeast(_) => drop(found.0.insert(place)),
                    Rule::Length(..) => drop(found.1.insert(place)),
                    Rule::Characters(_) | Rule::BeginsWith(_) => drop(found.2.insert(place)),
                    Rule::OneOfFields(_) | Rule::AtMostOne(_) => drop(of_several.insert(place)),
                    // The tests above; the contract's test; and `Base64` is the client state's own.
                    Rule::OneOf(_)
                    | Rule::ZeroOrAtLeast(_)
                    | Rule::Items(..)
                    | Rule::SumAtMost(_)
                    | Rule::NotAbove(_)
                    | Rule::Required
                    | Rule::AtSend
                    | Rule::Base64 => {}
                }
            }
        }
    }
    assert_eq!((numbers, lengths, forms), found);
    assert_eq!(named(FIELDS), of_several);
}

#[test]
fn a_complaint_names_the_field_the_problem_and_what_is_allowed_but_no_text() {
    let table = [
        ("SendDtmfRequest", json!({}), "digits is not set; allowed: a value; the API requires one"),
        (
            "SendDtmfRequest",
            json!({ "digits": "555e" }),
            "digits has another character at place 4; allowed: the characters 0-9A-D*#wW",
        ),
        (
            "SendDtmfRequest",
            json!({ "digits": "1", "duration_millis": 501 }),
            "duration_millis is 501; allowed: 100 to 500",
        ),
        (
            "AnswerRequest",
            json!({ "custom_headers": [{ "name": "a", "value": "b" }, { "name": "Ada" }] }),
            "custom_headers[1].value is not set; allowed: a value; the API requires one",
        ),
        (
            "AnswerRequest",
            json!({ "webhook_retries_policies": { "call.hangup": { "retries_ms": [60_001] } } }),
            "webhook_retries_policies.call.hangup.retries_ms is 60001 together; allowed: at most 60000 together",
        ),
        (
            "AnswerRequest",
            json!({ "transcription_config": { "client_state": "?" } }),
            "transcription_config.client_state cannot be decoded; allowed: base64",
        ),
        (
            "ForkStartRequest",
            json!({ "rx": "5004" }),
            "rx begins with something else; allowed: text that begins with udp:",
        ),
        (
            "PlaybackStartRequest",
            json!({}),
            "audio_url is not set; allowed: audio_url, or media_name, or playback_content",
        ),
        (
            "ForkStartRequest",
            json!({ "tx": "udp:192.0.2.1:5004" }),
            "target is not set; allowed: target, or rx with tx",
        ),
        (
            "ConferenceRequest",
            json!({ "call_control_id": "v3:a", "name": "a", "hold_audio_url": "b", "hold_media_name": "c" }),
            "hold_audio_url is set beside another; allowed: one of hold_audio_url, hold_media_name alone",
        ),
        (
            "SpeakRequest",
            json!({ "payload": "", "voice": "male" }),
            "payload has 0 characters; allowed: 1 to 3000 characters",
        ),
    ];
    for (name, body, expected) in table {
        let error = (find(name).check)(body, None).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
