//! Answering machine detection: which events a callee causes in which mode, and when.
//!
//! Promises the sequences of Telnyx's guide "Answering machine detection", the premium trap included: when the beep comes
//! before the premium verdict, only the greeting event is sent. Does not know how an event is sent.

use std::time::Duration;

use super::callee::{Behaviour, Callee, Judgement, Screening};

/// `answering_machine_detection` of a dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AmdMode {
    Disabled,
    Detect,
    DetectBeep,
    DetectWords,
    GreetingEnd,
    Premium,
    /// Premium, and it knows telephones that ask who is calling.
    PremiumScreening,
}

impl AmdMode {
    pub(crate) const NAMES: &'static [&'static str] = &[
        "premium",
        "premium_ios_call_screening_detection",
        "detect",
        "detect_beep",
        "detect_words",
        "greeting_end",
        "disabled",
    ];

    pub(crate) fn named(name: &str) -> Self {
        match name {
            "detect" => Self::Detect,
            "detect_beep" => Self::DetectBeep,
            "detect_words" => Self::DetectWords,
            "greeting_end" => Self::GreetingEnd,
            "premium" => Self::Premium,
            "premium_ios_call_screening_detection" => Self::PremiumScreening,
            _ => Self::Disabled,
        }
    }

    pub(crate) const fn is_premium(self) -> bool {
        matches!(self, Self::Premium | Self::PremiumScreening)
    }
}

/// The parts of `answering_machine_detection_config` that the model listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AmdSettings {
    pub(crate) total_analysis: Duration,
    pub(crate) greeting_duration: Duration,
    pub(crate) greeting_total_analysis: Duration,
    pub(crate) greeting_silence: Duration,
    /// How long premium detection waits for the end of a prompt that asks who is calling.
    pub(crate) prompt_end: Duration,
}

impl Default for AmdSettings {
    /// The defaults of the API reference, "Dial".
    fn default() -> Self {
        Self {
            total_analysis: Duration::from_millis(3500),
            greeting_duration: Duration::from_millis(3500),
            greeting_total_analysis: Duration::from_secs(5),
            greeting_silence: Duration::from_millis(1500),
            prompt_end: Duration::from_secs(30),
        }
    }
}

/// Something that detection says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AmdEvent {
    Started,
    Verdict(&'static str),
    Greeting(&'static str),
    /// The tone of a telephone that asks who is calling.
    Screening,
}

impl AmdEvent {
    pub(crate) const fn event_type(self, mode: AmdMode) -> &'static str {
        let premium = mode.is_premium();
        match self {
            Self::Screening => "call.machine.premium.call_screening.detected",
            Self::Started => "call.machine.premium.detection.started",
            Self::Verdict(_) if premium => "call.machine.premium.detection.ended",
            Self::Verdict(_) => "call.machine.detection.ended",
            Self::Greeting(_) if premium => "call.machine.premium.greeting.ended",
            Self::Greeting(_) => "call.machine.greeting.ended",
        }
    }
}

/// Telnyx, "Answering machine detection": `detect_words` waits this long for the beep.
const WORDS_PATIENCE: Duration = Duration::from_secs(30);

/// What detection will say about this callee, each with its time after the answer, in order.
pub(crate) fn plan(
    mode: AmdMode,
    settings: &AmdSettings,
    callee: &Callee,
    announce: bool,
) -> Vec<(Duration, AmdEvent)> {
    let mut events = match mode {
        AmdMode::Disabled => return Vec::new(),
        AmdMode::Premium | AmdMode::PremiumScreening => premium(mode, settings, callee),
        AmdMode::Detect | AmdMode::DetectBeep | AmdMode::DetectWords | AmdMode::GreetingEnd => {
            standard(mode, settings, callee)
        }
    };
    if announce && mode.is_premium() {
        events.insert(0, (Duration::ZERO, AmdEvent::Started));
    }
    events
}

fn premium(mode: AmdMode, settings: &AmdSettings, callee: &Callee) -> Vec<(Duration, AmdEvent)> {
    if let Some(screening) = &callee.screening {
        return screened(mode, settings, callee, screening);
    }
    let (at, in_time) = verdict_time(settings, callee);
    let right = match &callee.behaviour {
        Behaviour::Person { business: true, .. } => "human_business",
        Behaviour::Person { business: false, .. } => "human_residence",
        Behaviour::Machine { .. } => "machine",
        Behaviour::Fax { .. } => "fax_detected",
        Behaviour::Silence { .. } => "silence",
        Behaviour::NoAnswer { .. } | Behaviour::Refusal { .. } => return Vec::new(),
    };
    let wrong = if right == "machine" { "human_residence" } else { "machine" };
    let result = judged(callee.ear.judgement, in_time, right, wrong);
    let Behaviour::Machine { greeting, beep, .. } = callee.behaviour else {
        return vec![(at, AmdEvent::Verdict(result))];
    };
    let greeting = if callee.ear.early_beep && beep { greeting.min(at / 2) } else { greeting };
    if beep && greeting < at {
        return vec![(greeting, AmdEvent::Greeting("beep_detected"))];
    }
    let mut events = vec![(at, AmdEvent::Verdict(result))];
    if result == "machine" {
        let screens = mode == AmdMode::PremiumScreening;
        let limit = at + if screens { settings.prompt_end } else { settings.greeting_duration };
        events.push(if greeting > limit || !(beep || screens) {
            (limit, AmdEvent::Greeting("no_beep_detected"))
        } else {
            // A greeting that ends without a beep is a prompt to this mode, whoever speaks it.
            (greeting.max(at), AmdEvent::Greeting(if beep { "beep_detected" } else { "prompt_ended" }))
        });
    }
    events
}

/// A telephone asks who is calling: to detection a machine, until its owner takes the call (Telnyx, "Answering machine
/// detection": "iOS Call Screening Detection Order of Operations").
fn screened(
    mode: AmdMode,
    settings: &AmdSettings,
    callee: &Callee,
    screening: &Screening,
) -> Vec<(Duration, AmdEvent)> {
    let (at, in_time) = verdict_time(settings, callee);
    let result = judged(callee.ear.judgement, in_time, "machine", "human_residence");
    let mut events = vec![(at, AmdEvent::Verdict(result))];
    if result != "machine" {
        return events;
    }
    if mode != AmdMode::PremiumScreening {
        events.push((at + settings.greeting_duration, AmdEvent::Greeting("no_beep_detected")));
        return events;
    }
    let asked = screening.prompt.max(at);
    if asked > at + settings.prompt_end {
        events.push((at + settings.prompt_end, AmdEvent::Greeting("no_beep_detected")));
    } else if screening.tone {
        // Detection begins again, on a line where nobody speaks until the call is taken, and may be wrong again. The beep that
        // may follow a second `machine` is a voicemail's, and the person takes every call here: it never comes.
        let heard = screening.decides + callee.ear.verdict_after;
        let business = matches!(callee.behaviour, Behaviour::Person { business: true, .. });
        let right = if business { "human_business" } else { "human_residence" };
        let result = judged(screening.second, heard <= settings.total_analysis, right, "machine");
        events.push((asked, AmdEvent::Screening));
        events.push((asked + heard.min(settings.total_analysis), AmdEvent::Verdict(result)));
    } else {
        events.push((asked, AmdEvent::Greeting("prompt_ended")));
    }
    events
}

fn standard(mode: AmdMode, settings: &AmdSettings, callee: &Callee) -> Vec<(Duration, AmdEvent)> {
    let (at, in_time) = verdict_time(settings, callee);
    // A fax tone is one long word and silence a long pause; the standard modes take both for a machine (API reference:
    // `maximum_word_length_millis`, `initial_silence_millis`).
    let right = match &callee.behaviour {
        Behaviour::Person { .. } if callee.screening.is_some() => "machine",
        Behaviour::Person { .. } => "human",
        Behaviour::Machine { .. } | Behaviour::Fax { .. } | Behaviour::Silence { .. } => "machine",
        Behaviour::NoAnswer { .. } | Behaviour::Refusal { .. } => return Vec::new(),
    };
    let wrong = if right == "machine" { "human" } else { "machine" };
    let result = judged(callee.ear.judgement, in_time, right, wrong);
    let mut events = vec![(at, AmdEvent::Verdict(result))];
    if result == "machine"
        && let Some(event) = greeting_event(mode, settings, callee, at)
    {
        events.push(event);
    }
    events
}

/// What a standard mode says about the greeting after a machine verdict.
fn greeting_event(
    mode: AmdMode,
    settings: &AmdSettings,
    callee: &Callee,
    verdict: Duration,
) -> Option<(Duration, AmdEvent)> {
    let (greeting, beep) = match callee.behaviour {
        Behaviour::Machine { greeting, beep, .. } => (greeting.max(verdict), beep),
        Behaviour::Person { .. }
        | Behaviour::Fax { .. }
        | Behaviour::Silence { .. }
        | Behaviour::NoAnswer { .. }
        | Behaviour::Refusal { .. } => (verdict, false),
    };
    match mode {
        AmdMode::Disabled | AmdMode::Premium | AmdMode::PremiumScreening | AmdMode::Detect => None,
        AmdMode::DetectBeep => beep.then_some((greeting, AmdEvent::Greeting("beep_detected"))),
        AmdMode::DetectWords if beep && greeting <= verdict + WORDS_PATIENCE => {
            Some((greeting, AmdEvent::Greeting("beep_detected")))
        }
        AmdMode::DetectWords => Some((verdict + WORDS_PATIENCE, AmdEvent::Greeting("not_sure"))),
        AmdMode::GreetingEnd => {
            let heard = if beep { greeting } else { greeting + settings.greeting_silence };
            let limit = verdict + settings.greeting_total_analysis;
            Some(if heard <= limit {
                (heard, AmdEvent::Greeting("ended"))
            } else {
                (limit, AmdEvent::Greeting("not_sure"))
            })
        }
    }
}

/// When the verdict comes, and whether it comes before the analysis time is over.
fn verdict_time(settings: &AmdSettings, callee: &Callee) -> (Duration, bool) {
    let wanted = callee.ear.verdict_after;
    (wanted.min(settings.total_analysis), wanted <= settings.total_analysis)
}

fn judged(judgement: Judgement, in_time: bool, right: &'static str, wrong: &'static str) -> &'static str {
    if !in_time {
        return "not_sure";
    }
    match judgement {
        Judgement::Right => right,
        Judgement::Wrong => wrong,
        Judgement::NotSure => "not_sure",
    }
}
