//! Bounds of the kinds that mirror the account and its remote objects, by hand.

use crate::bounds::Bound::{Chars, Items, Like, Number, OneOf, Required, Unique};
use crate::bounds::Bounds;

const KEYS: [&[&str]; 2] = [&["apiKey", "tls.crt", "a_b-c"], &["a b", "a/b", "ä"]];
const URLS: [&[&str]; 2] = [
    &["https://a.example/v2", "http://127.0.0.1:8080", "http://[::1]:80/x", "https://a.example"],
    &["ftp://a.example", "a.example", "https://", "https://a b", "https://a.example/v2?x=1", "https:///v2"],
];
const WEBHOOK_URLS: [&[&str]; 2] = [
    &["https://a.example/hook?x=1", "http://127.0.0.1:8080/a/b"],
    &["ftp://a.example", "a.example/hook", "https://", "https://a.example/a b"],
];
const TIMES: [&[&str]; 2] = [&["00:00", "23:59"], &["24:00", "9:00", "12:60", "12.00"]];

/// What all remote objects have.
pub(crate) const EVERY_REMOTE: Bounds = &[
    ("accountRef", Required),
    ("accountRef.name", Required),
    ("accountRef.name", Chars(1, 253)),
    ("accountRef.namespace", Chars(1, 63)),
    ("import.id", Required),
    ("import.id", Chars(1, 255)),
    ("managementPolicy", OneOf(&["Full", "ObserveOnly"])),
    ("deletionPolicy", OneOf(&["Delete", "Retain"])),
    ("driftPolicy", OneOf(&["Correct", "Report"])),
    ("adoptionPolicy", OneOf(&["Never", "AdoptByName"])),
];

pub(crate) const ACCOUNT: Bounds = &[
    ("apiKeySecretRef", Required),
    ("apiKeySecretRef.name", Required),
    ("apiKeySecretRef.name", Chars(1, 253)),
    ("apiKeySecretRef.key", Required),
    ("apiKeySecretRef.key", Chars(1, 253)),
    ("apiKeySecretRef.key", Like(KEYS[0], KEYS[1])),
    ("webhookPublicKey", Chars(0, 44)),
    (
        "webhookPublicKey",
        Like(
            &["3ILFodLUgsE22tsj5OfqF9klPxqCCxpeWOK7u1lV2qo="],
            &[
                "",
                "3ILFodLUgsE22tsj5OfqF9klPxqCCxpeWOK7u1lV2qo",
                "3ILFodLUgsE22tsj5OfqF9klPxqCCxpeWOK7u1lV2q==",
                "3ILFodLUgsE22tsj5OfqF9klPxqCCxpeWOK7u1lV2qp=",
                "-ILFodLUgsE22tsj5OfqF9klPxqCCxpeWOK7u1lV2qo=",
            ],
        ),
    ),
    ("webhookPublicKeySecretRef.name", Required),
    ("webhookPublicKeySecretRef.name", Chars(1, 253)),
    ("webhookPublicKeySecretRef.key", Required),
    ("webhookPublicKeySecretRef.key", Chars(1, 253)),
    ("webhookPublicKeySecretRef.key", Like(KEYS[0], KEYS[1])),
    ("baseUrl", Chars(0, 2000)),
    ("baseUrl", Like(URLS[0], URLS[1])),
    ("webhookBaseUrl", Chars(0, 1000)),
    ("webhookBaseUrl", Like(URLS[0], URLS[1])),
    ("webhookFailoverBaseUrl", Chars(0, 1000)),
    ("webhookFailoverBaseUrl", Like(URLS[0], URLS[1])),
    ("limits.dialsPerSecond", Number(1.0, 1000.0)),
    ("limits.concurrentCalls", Number(1.0, 100_000.0)),
    ("limits.maxConcurrentRequests", Number(1.0, 512.0)),
    ("limits.requestsPerSecond", Number(1.0, 10_000.0)),
    ("resyncPeriodSecs", Number(1.0, 86_400.0)),
    ("allowedNamespaces", Items(0, 256)),
    ("allowedNamespaces", Unique),
    ("allowedNamespaces[0]", Chars(1, 63)),
    ("allowedNamespaces[0]", Like(&["*", "team-blue", "a"], &["Team", "-a", "a-", "a*", "a.b"])),
    ("defaults.managementPolicy", OneOf(&["Full", "ObserveOnly"])),
    ("defaults.deletionPolicy", OneOf(&["Delete", "Retain"])),
    ("defaults.driftPolicy", OneOf(&["Correct", "Report"])),
    ("defaults.adoptionPolicy", OneOf(&["Never", "AdoptByName"])),
];

pub(crate) const APPLICATION: Bounds = &[
    ("applicationName", Chars(1, 255)),
    ("webhookEventUrl", Chars(0, 2000)),
    ("webhookEventUrl", Like(WEBHOOK_URLS[0], WEBHOOK_URLS[1])),
    ("webhookEventUrl", Like(&[], &[""])),
    ("webhookEventFailoverUrl", Chars(0, 2000)),
    ("webhookEventFailoverUrl", Like(WEBHOOK_URLS[0], WEBHOOK_URLS[1])),
    ("webhookEventFailoverUrl", Like(&[""], &[])),
    ("webhookApiVersion", OneOf(&["1", "2"])),
    ("webhookTimeoutSecs", Number(0.0, 30.0)),
    (
        "anchorsiteOverride",
        OneOf(&[
            "Latency",
            "Chicago, IL",
            "Ashburn, VA",
            "San Jose, CA",
            "London, UK",
            "Chennai, IN",
            "Amsterdam, Netherlands",
            "Toronto, Canada",
            "Sydney, Australia",
        ]),
    ),
    ("dtmfType", OneOf(&["RFC 2833", "Inband", "SIP INFO"])),
    ("firstCommandTimeoutSecs", Number(1.0, 3600.0)),
    ("inbound.channelLimit", Number(1.0, 100_000.0)),
    ("inbound.sipSubdomain", Chars(1, 63)),
    ("inbound.sipSubdomain", Like(&["example", "a-1"], &["a.b", "-a", "a-", "a_b"])),
    ("inbound.sipSubdomainReceiveSettings", OneOf(&["only_my_connections", "from_anyone"])),
    ("outbound.channelLimit", Number(1.0, 100_000.0)),
    ("outbound.outboundVoiceProfileId", Chars(1, 64)),
    ("outbound.outboundVoiceProfileRef.name", Required),
    ("outbound.outboundVoiceProfileRef.name", Chars(1, 253)),
];

pub(crate) const PROFILE: Bounds = &[
    ("name", Chars(3, 255)),
    ("whitelistedDestinations", Items(1, 250)),
    ("whitelistedDestinations", Unique),
    ("whitelistedDestinations[0]", Chars(0, 2)),
    ("whitelistedDestinations[0]", Like(&["US", "DE"], &["us", "U", "U1"])),
    ("concurrentCallLimit", Number(1.0, 100_000.0)),
    ("dailySpendLimit", Chars(0, 20)),
    ("dailySpendLimit", Like(&["0", "100", "20.50"], &["-1", "1,5", ".5", "5.", "much"])),
    ("maxDestinationRate", Number(0.0, 1000.0)),
    ("callingWindow.startTime", Chars(0, 5)),
    ("callingWindow.startTime", Like(TIMES[0], TIMES[1])),
    ("callingWindow.endTime", Chars(0, 5)),
    ("callingWindow.endTime", Like(TIMES[0], TIMES[1])),
    ("callingWindow.callsPerCld", Number(1.0, 100_000.0)),
    ("callRecording.callRecordingType", OneOf(&["all", "none", "by_caller_phone_number"])),
    ("callRecording.callRecordingCallerPhoneNumbers", Items(0, 1000)),
    ("callRecording.callRecordingCallerPhoneNumbers", Unique),
    ("callRecording.callRecordingCallerPhoneNumbers[0]", Chars(0, 16)),
    ("callRecording.callRecordingCallerPhoneNumbers[0]", Like(&["+14155550100"], &["4155550100"])),
    ("callRecording.callRecordingChannels", OneOf(&["single", "dual"])),
    ("callRecording.callRecordingFormat", OneOf(&["wav", "mp3"])),
    ("billingGroupId", Chars(0, 36)),
    (
        "billingGroupId",
        Like(&["6a09cdc3-8948-47f0-aa62-74ac943d6c58"], &["6a09cdc3", "6a09cdc3894847f0aa6274ac943d6c58"]),
    ),
    ("trafficType", OneOf(&["conversational"])),
    ("servicePlan", OneOf(&["global"])),
    ("usagePaymentMethod", OneOf(&["rate-deck"])),
    ("tags", Items(0, 20)),
    ("tags", Unique),
    ("tags[0]", Chars(1, 100)),
];

pub(crate) const QUEUE: Bounds = &[("queueName", Chars(1, 255)), ("maxSize", Number(1.0, 100_000.0))];
