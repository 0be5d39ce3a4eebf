//! Calling rules of several jurisdictions, as data. Not legal advice: every figure names where it is written, and whoever
//! calls has to confirm it with counsel.
//!
//! Promises that [`strict`](Preset::Strict) is within every other preset. Does not know who lives where, who has agreed, which
//! days are holidays, or what is said on the phone.

use std::time::Duration;

use jiff::civil::{Time, Weekday};
use serde::{Deserialize, Serialize};

use crate::aftermath::Aftermath;
use crate::spec::{FrequencyCap, Rest, Window};

/// A rule that keeps a target from being called, or that was set aside for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Rule {
    /// The number is on a do-not-call list, or its owner asked not to be called any more.
    DoNotCall,
    /// Nobody knows what time it is there.
    UnknownTimeZone,
    /// Consent is asked for and not recorded.
    Consent,
    /// The number was called too often, is left alone after what a call came to, or is being called now.
    Frequency,
}

/// A set of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preset {
    /// United States, selling.
    UsTelemarketing,
    /// Florida and Oklahoma, selling.
    UsFloridaOklahoma,
    /// United States, collecting debts.
    UsDebtCollection,
    /// United States, recorded information to a landline without consent.
    UsExemptInformational,
    /// United States, recorded health care calls to a landline without consent.
    UsHealthcare,
    /// United Kingdom.
    UnitedKingdom,
    /// Australia, selling.
    Australia,
    /// Canada, selling.
    Canada,
    /// All of them at once.
    Strict,
}

/// What a preset asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// When callees may be called, on their own clock.
    pub windows: Vec<Window>,
    /// How often a number may be called.
    pub frequency: Vec<FrequencyCap>,
    /// How long a number is left alone after a call that came to something.
    pub rests: Vec<Rest>,
    /// The least time that a phone has to ring before we hang up; `ring_timeout` may not be shorter.
    pub least_ring: Duration,
    /// Whether nobody may be called who has not agreed to it.
    pub consent: bool,
    /// How old the last reading of a do-not-call list may be; `None`: any age.
    pub list_age: Option<Duration>,
    /// Where each of these is written.
    pub sources: &'static [&'static str],
}

const DAY: Duration = Duration::from_hours(24);
const ALL: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// Hours of a day in minutes since midnight: Monday to Friday, Saturday, Sunday. Equal bounds: never.
type Hours = [(u16, u16); 3];

const fn every_day(from: u16, to: u16) -> Hours {
    [(from * 60, to * 60); 3]
}

/// Nuisance calls ring shorter (47 CFR 64.1200(a)(6); Ofcom: persistent misuse, 2010).
const LEAST_RING: Duration = Duration::from_secs(15);

impl Preset {
    /// Every preset, `Strict` last.
    pub const ALL: [Self; 9] = [
        Self::UsTelemarketing,
        Self::UsFloridaOklahoma,
        Self::UsDebtCollection,
        Self::UsExemptInformational,
        Self::UsHealthcare,
        Self::UnitedKingdom,
        Self::Australia,
        Self::Canada,
        Self::Strict,
    ];

    /// What it asks for.
    #[must_use]
    pub fn rules(self) -> Rules {
        Rules {
            windows: windows(self.hours()),
            frequency: self.frequency(),
            rests: self.rests(),
            least_ring: LEAST_RING,
            consent: self.consent(),
            list_age: self.list_age(),
            sources: self.sources(),
        }
    }

    fn hours(self) -> Hours {
        match self {
            // The rules for exempt recorded calls name no hours; those for selling are kept.
            Self::UsTelemarketing | Self::UsDebtCollection | Self::UsExemptInformational | Self::UsHealthcare => {
                every_day(8, 21)
            }
            Self::UsFloridaOklahoma => every_day(8, 20),
            // No hours in the law: the industry's habit, which knows no Sundays.
            Self::UnitedKingdom => [(8 * 60, 21 * 60), (9 * 60, 21 * 60), (0, 0)],
            Self::Australia => [(9 * 60, 20 * 60), (9 * 60, 17 * 60), (0, 0)],
            Self::Canada => [(9 * 60, 21 * 60 + 30), (10 * 60, 18 * 60), (10 * 60, 18 * 60)],
            Self::Strict => Self::others().map(Self::hours).fold(every_day(0, 24), |all, one| {
                let narrower = |a: (u16, u16), b: (u16, u16)| (a.0.max(b.0), a.1.min(b.1).max(a.0.max(b.0)));
                let [week, saturday, sunday] = all;
                let [w, s, u] = one;
                [narrower(week, w), narrower(saturday, s), narrower(sunday, u)]
            }),
        }
    }

    fn frequency(self) -> Vec<FrequencyCap> {
        let cap = |calls, within| vec![FrequencyCap { calls, within }];
        match self {
            Self::UsTelemarketing | Self::UnitedKingdom | Self::Australia | Self::Canada => Vec::new(),
            Self::UsFloridaOklahoma => cap(3, DAY),
            Self::UsDebtCollection => cap(7, 7 * DAY),
            Self::UsExemptInformational => cap(3, 30 * DAY),
            Self::UsHealthcare => {
                vec![FrequencyCap { calls: 1, within: DAY }, FrequencyCap { calls: 3, within: 7 * DAY }]
            }
            Self::Strict => Self::others().flat_map(Self::frequency).collect(),
        }
    }

    /// After a conversation about a debt the debtor is left alone (12 CFR 1006.14(b)(2)(i)(B)); after a machine or an abandoned call
    /// the number is called again only by somebody who is there to talk (Ofcom: persistent misuse, 2010), which is not known
    /// here.
    fn rests(self) -> Vec<Rest> {
        let rest = |after, lasts| Rest { after, lasts };
        match self {
            Self::UsDebtCollection => vec![rest(Aftermath::Conversation, 7 * DAY)],
            Self::UnitedKingdom => vec![rest(Aftermath::Machine, DAY), rest(Aftermath::Abandoned, 3 * DAY)],
            Self::UsTelemarketing
            | Self::UsFloridaOklahoma
            | Self::UsExemptInformational
            | Self::UsHealthcare
            | Self::Australia
            | Self::Canada => Vec::new(),
            Self::Strict => Self::others().flat_map(Self::rests).collect(),
        }
    }

    /// Whoever sells has to have read the national list within 31 days.
    fn list_age(self) -> Option<Duration> {
        match self {
            Self::UsTelemarketing | Self::UsFloridaOklahoma | Self::Canada | Self::Strict => Some(31 * DAY),
            Self::UsDebtCollection
            | Self::UsExemptInformational
            | Self::UsHealthcare
            | Self::UnitedKingdom
            | Self::Australia => None,
        }
    }

    /// Recorded and artificial voices that sell need consent in the United States (47 CFR 64.1200(a)(2)); whether a call has one
    /// is not known here, so that only the narrowest asks.
    fn consent(self) -> bool {
        match self {
            Self::Strict => true,
            Self::UsTelemarketing
            | Self::UsFloridaOklahoma
            | Self::UsDebtCollection
            | Self::UsExemptInformational
            | Self::UsHealthcare
            | Self::UnitedKingdom
            | Self::Australia
            | Self::Canada => false,
        }
    }

    fn others() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|preset| *preset != Self::Strict)
    }

    fn sources(self) -> &'static [&'static str] {
        match self {
            Self::UsTelemarketing => &[
                "47 CFR 64.1200(c)(1)",
                "47 CFR 64.1200(c)(2)(i)(D)",
                "47 CFR 64.1200(a)(6)",
                "16 CFR 310.4(b)(3)(iv)",
                "16 CFR 310.4(c)",
            ],
            Self::UsFloridaOklahoma => &["Fla. Stat. 501.616(6)", "Oklahoma Telephone Solicitation Act of 2022"],
            Self::UsDebtCollection => &["12 CFR 1006.6(b)(1)", "12 CFR 1006.14(b)(2)"],
            Self::UsExemptInformational => &["47 CFR 64.1200(a)(3)"],
            Self::UsHealthcare => &["47 CFR 64.1200(a)(3)(v)"],
            Self::UnitedKingdom => &[
                "Ofcom: persistent misuse policy statement (2016), which names no hours",
                "Ofcom: persistent misuse (2010), of which the rests after machines and abandoned calls are kept",
            ],
            Self::Australia => &["Telecommunications (Telemarketing and Research Calls) Industry Standard 2017"],
            Self::Canada => &["CRTC: Unsolicited Telecommunications Rules, part III; hours not confirmed here"],
            Self::Strict => &["the narrowest of all the others"],
        }
    }
}

fn windows(hours: Hours) -> Vec<Window> {
    let [week, saturday, sunday] = hours;
    let of_day = |day: Weekday| match day {
        Weekday::Saturday => saturday,
        Weekday::Sunday => sunday,
        Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday | Weekday::Friday => week,
    };
    let mut windows: Vec<Window> = Vec::new();
    for day in ALL {
        let (start, end) = of_day(day);
        if start >= end {
            continue;
        }
        let (start, end) = (clock(start), clock(end));
        match windows.iter_mut().find(|window| window.start == start && window.end == end) {
            Some(window) => window.days.push(day),
            None => windows.push(Window { days: vec![day], start, end }),
        }
    }
    windows
}

/// Minutes since midnight as a time of day; the end of the day is midnight, as in [`Window::end`].
fn clock(minutes: u16) -> Time {
    let part = |number: u16| i8::try_from(number).unwrap_or_default();
    Time::new(part(minutes / 60 % 24), part(minutes % 60), 0, 0).unwrap_or(Time::MIN)
}

impl Rules {
    /// Whether a window lies within these on every one of its days.
    #[must_use]
    pub fn allow(&self, window: &Window) -> bool {
        let ends = |end: Time| if end == Time::MIN { Time::MAX } else { end };
        window.days.iter().all(|day| {
            self.windows
                .iter()
                .any(|own| own.days.contains(day) && own.start <= window.start && ends(window.end) <= ends(own.end))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(preset: Preset) -> String {
        let rules = preset.rules();
        let days = |days: &[Weekday]| match days {
            [one] => format!("{one:?}"),
            [first, .., last] => format!("{first:?}-{last:?}"),
            [] => String::new(),
        };
        let hours = rules.windows.iter().map(|window| {
            let time = |time: Time| time.strftime("%H:%M").to_string();
            format!("{} {}-{}", days(&window.days), time(window.start), time(window.end))
        });
        let age = rules.list_age.map(|age| format!("list {} d", age.as_secs() / 86_400));
        let caps = rules.frequency.iter().map(|cap| format!("{} in {} d", cap.calls, cap.within.as_secs() / 86_400));
        let consent = rules.consent.then(|| "consent".to_owned());
        let rests =
            rules.rests.iter().map(|rest| format!("{} d after {:?}", rest.lasts.as_secs() / 86_400, rest.after));
        hours.chain(caps).chain(rests).chain(age).chain(consent).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_presets_are_these() {
        for (preset, expected) in [
            (Preset::UsTelemarketing, "Monday-Sunday 08:00-21:00, list 31 d"),
            (Preset::UsFloridaOklahoma, "Monday-Sunday 08:00-20:00, 3 in 1 d, list 31 d"),
            (Preset::UsDebtCollection, "Monday-Sunday 08:00-21:00, 7 in 7 d, 7 d after Conversation"),
            (Preset::UsExemptInformational, "Monday-Sunday 08:00-21:00, 3 in 30 d"),
            (Preset::UsHealthcare, "Monday-Sunday 08:00-21:00, 1 in 1 d, 3 in 7 d"),
            (
                Preset::UnitedKingdom,
                "Monday-Friday 08:00-21:00, Saturday 09:00-21:00, 1 d after Machine, 3 d after Abandoned",
            ),
            (Preset::Australia, "Monday-Friday 09:00-20:00, Saturday 09:00-17:00"),
            (Preset::Canada, "Monday-Friday 09:00-21:30, Saturday-Sunday 10:00-18:00, list 31 d"),
            (
                Preset::Strict,
                "Monday-Friday 09:00-20:00, Saturday 10:00-17:00, 3 in 1 d, 7 in 7 d, 3 in 30 d, 1 in 1 d, 3 in 7 d, \
                 7 d after Conversation, 1 d after Machine, 3 d after Abandoned, list 31 d, consent",
            ),
        ] {
            assert_eq!(text(preset), expected, "{preset:?}");
        }
    }

    #[test]
    fn strict_is_within_every_preset_and_every_preset_names_its_sources() {
        let strict = Preset::Strict.rules();
        for preset in Preset::ALL {
            let rules = preset.rules();
            assert!(strict.windows.iter().all(|window| rules.allow(window)), "{preset:?}");
            assert!(rules.frequency.iter().all(|cap| strict.frequency.contains(cap)), "{preset:?}");
            assert!(rules.rests.iter().all(|rest| strict.rests.contains(rest)), "{preset:?}");
            assert!(strict.least_ring >= rules.least_ring && !rules.sources.is_empty(), "{preset:?}");
            assert!(
                strict.consent >= rules.consent && strict.list_age.is_some() >= rules.list_age.is_some(),
                "{preset:?}"
            );
        }
    }

    #[test]
    fn a_window_must_lie_within_on_each_of_its_days() {
        let window = |days: &[Weekday], start, end| Window { days: days.to_vec(), start, end };
        let (nine, five) = (Time::constant(9, 0, 0, 0), Time::constant(17, 0, 0, 0));
        let australia = Preset::Australia.rules();
        assert!(australia.allow(&window(&ALL[..6], nine, five)));
        assert!(!australia.allow(&window(&ALL, nine, five)), "never on Sundays");
        assert!(!australia.allow(&window(&ALL[..5], nine, Time::MIN)), "midnight is the end of the day");
    }
}
