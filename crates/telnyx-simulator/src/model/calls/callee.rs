//! The person or machine at the other end: drawn once, when the phone is dialled or rings.
//!
//! Promises that the same seed, number and count of earlier dials to that number always give the same callee, whatever
//! else is going on at the same time.

use std::sync::Arc;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::keypad::Keys;
use super::voice::Voice;
use crate::config::{Amd, Callees, NumberRule, OnHold, Outcome, Person, Shares, Spread};

/// Who is at the other end and what they will do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Callee {
    /// How long it rings before something happens; for a caller, how long they let it ring.
    pub(crate) ring: Duration,
    pub(crate) behaviour: Behaviour,
    pub(crate) ear: Ear,
    pub(crate) keys: Keys,
    pub(crate) voice: Voice,
    /// When a person has the call on hold.
    pub(super) holds: Arc<[OnHold]>,
    /// How a person's telephone asks who is calling.
    pub(crate) screening: Option<Screening>,
}

/// A telephone that asks who is calling before its owner takes the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Screening {
    pub(crate) prompt: Duration,
    pub(crate) tone: bool,
    pub(crate) decides: Duration,
    /// How detection hears the person, when it begins again after the tone.
    pub(crate) second: Judgement,
}

impl Screening {
    fn draw(person: &Person, amd: &Amd, rng: &mut ChaCha8Rng) -> Option<Self> {
        let screens = rng.random_bool(person.screen_share);
        let screen = &person.screen;
        let drawn = Self {
            prompt: screen.prompt_ms.draw(rng),
            tone: rng.random_bool(screen.tone_share),
            decides: screen.decides_ms.draw(rng),
            second: Judgement::draw(amd, rng),
        };
        screens.then_some(drawn)
    }
}

/// What the callee does once the phone rings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Behaviour {
    Person {
        business: bool,
        early: Option<Duration>,
        after_message: Duration,
        patience: Duration,
        talk: Duration,
        hold: Duration,
    },
    Machine {
        greeting: Duration,
        beep: bool,
        records: Duration,
    },
    Fax {
        stays: Duration,
    },
    Silence {
        stays: Duration,
    },
    NoAnswer {
        retry_ring: Duration,
    },
    Refusal {
        outcome: Outcome,
        sip: u16,
    },
}

/// How detection will judge this callee.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ear {
    pub(crate) verdict_after: Duration,
    pub(crate) judgement: Judgement,
    pub(crate) early_beep: bool,
}

/// How well detection hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    Right,
    Wrong,
    NotSure,
}

impl Judgement {
    fn draw(amd: &Amd, rng: &mut ChaCha8Rng) -> Self {
        let roll: f64 = rng.random();
        if roll < amd.not_sure_share {
            Self::NotSure
        } else if roll < amd.not_sure_share + amd.wrong_share {
            Self::Wrong
        } else {
            Self::Right
        }
    }
}

impl Callee {
    /// Draws the callee of the `earlier`-th further dial to `number`.
    pub(crate) fn draw(
        seed: u64,
        number: &str,
        earlier: u64,
        callees: &Callees,
        rule: Option<&NumberRule>,
        forced: Option<(Outcome, Option<u16>)>,
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ fingerprint(number));
        rng.set_stream(earlier);
        let drawn = draw_outcome(&callees.shares, &mut rng);
        let outcome = forced.map(|(outcome, _)| outcome).or(rule.and_then(|rule| rule.outcome)).unwrap_or(drawn);
        let sip = forced.and_then(|(_, sip)| sip).or(rule.and_then(|rule| rule.sip_code));
        let person = rule.and_then(|rule| rule.person.as_ref()).unwrap_or(&callees.person);
        let machine = rule.and_then(|rule| rule.machine.as_ref()).unwrap_or(&callees.machine);
        let amd = rule.and_then(|rule| rule.amd.as_ref()).unwrap_or(&callees.amd);
        let ring_time = rule.and_then(|rule| rule.ring_ms).unwrap_or(callees.ring_ms).draw(&mut rng);
        let ear = Ear::draw(amd, &mut rng);
        let behaviour = match outcome {
            Outcome::Person => draw_person(person, &mut rng),
            Outcome::Machine => Behaviour::Machine {
                greeting: machine.greeting_ms.draw(&mut rng),
                beep: rng.random_bool(machine.beep_share),
                records: machine.records_ms.draw(&mut rng),
            },
            Outcome::Fax => Behaviour::Fax { stays: callees.fax.stays_ms.draw(&mut rng) },
            Outcome::Silence => Behaviour::Silence { stays: callees.silence.stays_ms.draw(&mut rng) },
            Outcome::NoAnswer => Behaviour::NoAnswer { retry_ring: callees.retry_ring_ms.draw(&mut rng) },
            Outcome::Busy => Behaviour::Refusal { outcome, sip: sip.unwrap_or(486) },
            Outcome::Rejected => Behaviour::Refusal { outcome, sip: sip.unwrap_or(603) },
            Outcome::NotFound => Behaviour::Refusal { outcome, sip: sip.unwrap_or(404) },
            Outcome::CarrierFailure => {
                let drawn = rng.random_range(0..callees.carrier_failure_codes.len().max(1));
                let usual = callees.carrier_failure_codes.get(drawn).copied().unwrap_or(503);
                Behaviour::Refusal { outcome, sip: sip.unwrap_or(usual) }
            }
        };
        let keys = Keys::draw(&person.keys, &mut rng);
        let voice = if outcome == Outcome::Person { Voice::draw(person, &mut rng) } else { Voice::default() };
        let is_person = outcome == Outcome::Person;
        let holds = if is_person { person.holds.clone().into() } else { Arc::default() };
        // Drawn last, so that what was drawn before stays what it was.
        let screening = Screening::draw(person, amd, &mut rng).filter(|_| is_person);
        Self { ring: ring_time, behaviour, ear, keys, voice, holds, screening }
    }

    /// Draws the person who calls the account for the `earlier`-th further time.
    pub(crate) fn caller(seed: u64, number: &str, earlier: u64, person: &Person, lets_ring: Spread) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ fingerprint(number));
        // Apart from the draws of dials to the same number.
        rng.set_stream(earlier | 1 << 63);
        let ring = lets_ring.draw(&mut rng);
        let ear = Ear::draw(&Amd::default(), &mut rng);
        let behaviour = draw_person(person, &mut rng);
        let keys = Keys::draw(&person.keys, &mut rng);
        let voice = Voice::draw(person, &mut rng);
        // Who calls asks for nobody's name.
        Self { ring, behaviour, ear, keys, voice, holds: person.holds.clone().into(), screening: None }
    }
}

impl Ear {
    fn draw(amd: &Amd, rng: &mut ChaCha8Rng) -> Self {
        let verdict_after = amd.verdict_ms.draw(rng);
        let judgement = Judgement::draw(amd, rng);
        Self { verdict_after, judgement, early_beep: rng.random_bool(amd.early_beep_share) }
    }
}

fn draw_person(person: &Person, rng: &mut ChaCha8Rng) -> Behaviour {
    let early = person.early_ms.draw(rng);
    Behaviour::Person {
        business: rng.random_bool(person.business_share),
        early: rng.random_bool(person.early_share).then_some(early),
        after_message: person.after_message_ms.draw(rng),
        patience: person.patience_ms.draw(rng),
        talk: person.talk_ms.draw(rng),
        hold: person.hold_ms.draw(rng),
    }
}

fn draw_outcome(shares: &Shares, rng: &mut ChaCha8Rng) -> Outcome {
    let total: u64 = Outcome::ALL.iter().map(|outcome| u64::from(shares.weight(*outcome))).sum();
    let mut ticket = rng.random_range(0..total.max(1));
    for outcome in Outcome::ALL {
        let weight = u64::from(shares.weight(outcome));
        if ticket < weight {
            return outcome;
        }
        ticket -= weight;
    }
    Outcome::Person
}

/// FNV-1a: stable over versions and platforms, unlike the standard library's hasher.
fn fingerprint(number: &str) -> u64 {
    number.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_in_the_shares_asked_for() {
        let callees =
            Callees { shares: Shares { person: 3, machine: 1, ..Shares::only(Outcome::Person) }, ..Callees::default() };
        let machines = (0..4000_u32)
            .filter(|n| {
                let callee = Callee::draw(1, &format!("+1202555{n:04}"), 0, &callees, None, None);
                matches!(callee.behaviour, Behaviour::Machine { .. })
            })
            .count();
        assert!((900..1100).contains(&machines), "{machines} of 4000");
    }

    #[test]
    fn the_same_dial_draws_the_same_callee_and_the_next_one_may_differ() {
        let callees = Callees::default();
        let draw = |earlier| Callee::draw(7, "+12025550100", earlier, &callees, None, None);
        assert_eq!(draw(0), draw(0));
        assert_ne!(draw(0), draw(1));
    }

    #[test]
    fn a_fault_beats_a_rule_and_a_rule_beats_the_shares() {
        let callees = Callees::default();
        let rule = NumberRule { outcome: Some(Outcome::Busy), ..NumberRule::default() };
        let by_rule = Callee::draw(7, "+12025550100", 0, &callees, Some(&rule), None);
        assert_eq!(by_rule.behaviour, Behaviour::Refusal { outcome: Outcome::Busy, sip: 486 });
        let forced = Callee::draw(7, "+12025550100", 0, &callees, Some(&rule), Some((Outcome::NotFound, Some(604))));
        assert_eq!(forced.behaviour, Behaviour::Refusal { outcome: Outcome::NotFound, sip: 604 });
    }
}
