//! Who picks up the phone and what they do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ConfigError, Keypad, Spread, share};

/// Who picks up the phone and what they do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Callees {
    /// How often each outcome is drawn.
    pub shares: Shares,
    /// From the accepted dial to `call.initiated`.
    pub initiated_after_ms: Spread,
    /// From `call.initiated` to the answer or refusal.
    pub ring_ms: Spread,
    /// What people do.
    pub person: Person,
    /// What answering machines do.
    pub machine: Machine,
    /// What fax machines do.
    pub fax: Stay,
    /// What an open but silent line does.
    pub silence: Stay,
    /// SIP codes of carrier failures, drawn evenly.
    pub carrier_failure_codes: Vec<u16>,
    /// How much longer a call rings past `timeout_secs` while `retry_on_timeout` tries further routes.
    pub retry_ring_ms: Spread,
    /// How long texts and recordings take.
    pub audio: Audio,
    /// How answering machine detection judges.
    pub amd: Amd,
}

impl Default for Callees {
    fn default() -> Self {
        Self {
            shares: Shares::default(),
            initiated_after_ms: Spread::between(20, 80),
            ring_ms: Spread::between(2000, 12_000),
            person: Person::default(),
            machine: Machine::default(),
            fax: Stay { stays_ms: Spread::between(20_000, 35_000) },
            silence: Stay { stays_ms: Spread::between(8000, 20_000) },
            carrier_failure_codes: vec![503, 500, 502, 488],
            retry_ring_ms: Spread::between(1000, 6000),
            audio: Audio::default(),
            amd: Amd::default(),
        }
    }
}

impl Callees {
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        self.shares.check(&format!("{at}.shares"))?;
        self.person.check(&format!("{at}.person"))?;
        self.machine.check(&format!("{at}.machine"))?;
        self.amd.check(&format!("{at}.amd"))?;
        if self.carrier_failure_codes.is_empty() {
            return Err(ConfigError::OutOfRange {
                field: format!("{at}.carrierFailureCodes"),
                want: "a list with at least one SIP code",
            });
        }
        Ok(())
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// A person answers.
    Person,
    /// An answering machine answers.
    Machine,
    /// A fax machine answers.
    Fax,
    /// The line opens, nobody speaks.
    Silence,
    /// It rings until the caller's timeout.
    NoAnswer,
    /// 486.
    Busy,
    /// 603.
    Rejected,
    /// 404: the number does not exist.
    NotFound,
    /// 5xx from the carrier.
    CarrierFailure,
}

impl Outcome {
    /// Every outcome, in the order of [`Shares`].
    pub const ALL: [Self; 9] = [
        Self::Person,
        Self::Machine,
        Self::Fax,
        Self::Silence,
        Self::NoAnswer,
        Self::Busy,
        Self::Rejected,
        Self::NotFound,
        Self::CarrierFailure,
    ];
}

/// Weights of the outcomes; only their proportions count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Shares {
    /// A person answers.
    pub person: u32,
    /// An answering machine answers.
    pub machine: u32,
    /// A fax machine answers.
    pub fax: u32,
    /// The line opens, nobody speaks.
    pub silence: u32,
    /// Nobody answers.
    pub no_answer: u32,
    /// The line is busy.
    pub busy: u32,
    /// The callee declines.
    pub rejected: u32,
    /// The number does not exist.
    pub not_found: u32,
    /// The carrier fails.
    pub carrier_failure: u32,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            person: 55,
            machine: 20,
            fax: 1,
            silence: 1,
            no_answer: 15,
            busy: 4,
            rejected: 2,
            not_found: 1,
            carrier_failure: 1,
        }
    }
}

impl Shares {
    /// Only this outcome.
    #[must_use]
    pub fn only(outcome: Outcome) -> Self {
        let weight = |one| u32::from(one == outcome);
        Self {
            person: weight(Outcome::Person),
            machine: weight(Outcome::Machine),
            fax: weight(Outcome::Fax),
            silence: weight(Outcome::Silence),
            no_answer: weight(Outcome::NoAnswer),
            busy: weight(Outcome::Busy),
            rejected: weight(Outcome::Rejected),
            not_found: weight(Outcome::NotFound),
            carrier_failure: weight(Outcome::CarrierFailure),
        }
    }

    /// The weight of one outcome.
    #[must_use]
    pub const fn weight(&self, outcome: Outcome) -> u32 {
        match outcome {
            Outcome::Person => self.person,
            Outcome::Machine => self.machine,
            Outcome::Fax => self.fax,
            Outcome::Silence => self.silence,
            Outcome::NoAnswer => self.no_answer,
            Outcome::Busy => self.busy,
            Outcome::Rejected => self.rejected,
            Outcome::NotFound => self.not_found,
            Outcome::CarrierFailure => self.carrier_failure,
        }
    }

    fn check(&self, at: &str) -> Result<(), ConfigError> {
        if Outcome::ALL.iter().any(|outcome| self.weight(*outcome) > 0) {
            return Ok(());
        }
        Err(ConfigError::OutOfRange { field: at.to_owned(), want: "weights of which at least one is above 0" })
    }
}

/// What people do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Person {
    /// Share of people who answer at a business.
    pub business_share: f64,
    /// Share of people who hang up before the message is over.
    pub early_share: f64,
    /// When those hang up, from the answer.
    pub early_ms: Spread,
    /// When the others hang up, from the end of the last message.
    pub after_message_ms: Spread,
    /// When anybody hangs up while nothing is said.
    pub patience_ms: Spread,
    /// How long anybody talks to another person or to a machine that listens, from the beginning of that conversation.
    pub talk_ms: Spread,
    /// How long anybody waits in a queue.
    pub hold_ms: Spread,
    /// Which keys are pressed.
    pub keys: Keypad,
    /// What is said, sentence by sentence, to whoever listens: a transcription, an AI assistant.
    pub says: Vec<String>,
    /// From sentence to sentence.
    pub says_every_ms: Spread,
    /// How long anybody speaks when a recording begins; then there is silence on the line.
    pub message_ms: Spread,
    /// What an AI assistant that gathers is told, by the name of its parameter.
    pub facts: BTreeMap<String, serde_json::Value>,
    /// When the call is put on hold and taken back, by a key of the other telephone.
    pub holds: Vec<OnHold>,
    /// Share of people whose telephone asks who is calling before they take the call (iOS call screening).
    pub screen_share: f64,
    /// How those telephones ask.
    pub screen: Screen,
}

/// A stretch of a call in which the other end has it on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OnHold {
    /// From the answer.
    pub after_ms: u64,
    /// How long. One that begins while the call is on hold already changes nothing, its end neither.
    pub for_ms: u64,
}

/// A telephone that asks who is calling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Screen {
    /// Length of what it says, from the answer.
    pub prompt_ms: Spread,
    /// Share of telephones that end it with the tone that detection knows them by.
    pub tone_share: f64,
    /// From the end of the prompt until the person takes the call.
    pub decides_ms: Spread,
}

impl Default for Screen {
    fn default() -> Self {
        Self { prompt_ms: Spread::between(5000, 8000), tone_share: 0.8, decides_ms: Spread::between(2000, 6000) }
    }
}

impl Default for Person {
    fn default() -> Self {
        Self {
            business_share: 0.2,
            early_share: 0.1,
            early_ms: Spread::between(500, 6000),
            after_message_ms: Spread::between(300, 2500),
            patience_ms: Spread::between(8000, 15_000),
            talk_ms: Spread::between(20_000, 90_000),
            hold_ms: Spread::between(60_000, 300_000),
            keys: Keypad::default(),
            says: Vec::new(),
            says_every_ms: Spread::between(2000, 4000),
            message_ms: Spread::between(3000, 8000),
            facts: BTreeMap::new(),
            holds: Vec::new(),
            screen_share: 0.0,
            screen: Screen::default(),
        }
    }
}

impl Person {
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        share(format!("{at}.businessShare"), self.business_share)?;
        share(format!("{at}.earlyShare"), self.early_share)?;
        share(format!("{at}.screenShare"), self.screen_share)?;
        share(format!("{at}.screen.toneShare"), self.screen.tone_share)?;
        self.keys.check(&format!("{at}.keys"))
    }
}

/// What answering machines do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Machine {
    /// Length of the greeting, from the answer.
    pub greeting_ms: Spread,
    /// Share of machines that beep after the greeting.
    pub beep_share: f64,
    /// How long it records after the greeting before it hangs up.
    pub records_ms: Spread,
}

impl Default for Machine {
    fn default() -> Self {
        Self { greeting_ms: Spread::between(4000, 9000), beep_share: 0.85, records_ms: Spread::between(20_000, 60_000) }
    }
}

impl Machine {
    fn check(&self, at: &str) -> Result<(), ConfigError> {
        share(format!("{at}.beepShare"), self.beep_share)
    }
}

/// A callee who only stays on the line for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stay {
    /// From the answer to the hangup.
    pub stays_ms: Spread,
}

/// How long texts and recordings take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Audio {
    /// Milliseconds of speech per character of text.
    pub speak_ms_per_character: u64,
    /// Length of a played file.
    pub playback_ms: Spread,
    /// Files whose URL or media name ends so do not exist: `call.playback.ended` says `file_not_found`.
    pub missing_suffix: String,
    /// Files whose URL or media name ends so cannot be decoded: `call.playback.ended` says `failed`.
    pub broken_suffix: String,
}

impl Default for Audio {
    fn default() -> Self {
        Self {
            speak_ms_per_character: 60,
            playback_ms: Spread::Fixed(5000),
            missing_suffix: "missing.mp3".to_owned(),
            broken_suffix: "broken.mp3".to_owned(),
        }
    }
}

/// How answering machine detection judges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Amd {
    /// From the answer to the verdict. A verdict past `total_analysis_time_millis` becomes `not_sure` at that time.
    pub verdict_ms: Spread,
    /// Share of verdicts that are `not_sure`. Detection that begins again after a screening is drawn again.
    pub not_sure_share: f64,
    /// Share of verdicts that take a person for a machine or the other way round.
    pub wrong_share: f64,
    /// Share of beeping machines whose beep comes before the premium verdict, so that no verdict is ever sent.
    pub early_beep_share: f64,
}

impl Default for Amd {
    fn default() -> Self {
        Self {
            verdict_ms: Spread::between(1200, 3200),
            not_sure_share: 0.03,
            wrong_share: 0.02,
            early_beep_share: 0.05,
        }
    }
}

impl Amd {
    fn check(&self, at: &str) -> Result<(), ConfigError> {
        share(format!("{at}.notSureShare"), self.not_sure_share)?;
        share(format!("{at}.wrongShare"), self.wrong_share)?;
        share(format!("{at}.earlyBeepShare"), self.early_beep_share)
    }
}

/// An exception for one number or for all numbers with one ending.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NumberRule {
    /// This very number; exclusive with `suffix`.
    pub number: Option<String>,
    /// Every number that ends so; exclusive with `number`.
    pub suffix: Option<String>,
    /// What becomes of the call; unset draws it from `callees.shares`.
    pub outcome: Option<Outcome>,
    /// The SIP code of a call that is not answered; unset takes the outcome's usual one.
    pub sip_code: Option<u16>,
    /// Replaces `callees.ringMs`.
    pub ring_ms: Option<Spread>,
    /// Replaces `callees.person` whole; its unset fields take the built-in defaults.
    pub person: Option<Person>,
    /// Replaces `callees.machine` whole; its unset fields take the built-in defaults.
    pub machine: Option<Machine>,
    /// Replaces `callees.amd` whole; its unset fields take the built-in defaults.
    pub amd: Option<Amd>,
}

impl NumberRule {
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        if self.number.is_some() == self.suffix.is_some() {
            return Err(ConfigError::OutOfRange { field: at.to_owned(), want: "a rule with either number or suffix" });
        }
        if let Some(person) = &self.person {
            person.check(&format!("{at}.person"))?;
        }
        if let Some(machine) = &self.machine {
            machine.check(&format!("{at}.machine"))?;
        }
        self.amd.as_ref().map_or(Ok(()), |amd| amd.check(&format!("{at}.amd")))
    }
}
