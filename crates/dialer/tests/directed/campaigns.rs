//! Campaigns beside each other, and what keeps one from dialing.

use std::sync::Arc;

use dialer::event::LoadedJob;
use dialer::spec::{Audience, CampaignSpec, DialRate, TargetSpec, Window, Zone};
use dialer::{Effect, Event, JobId, Outcome, OwnerId, TargetState, Version};

use jiff::civil::Time;
use jiff::tz::{TimeZone, offset};

use crate::desk::{Desk, owner};
use crate::fixture::{spec, target};

#[test]
fn a_callee_whose_zone_nobody_knows_is_not_called() {
    let mut desk = Desk::with(vec![TargetState::default()], CampaignSpec { default_zone: Zone::Unknown, ..spec(1) });
    desk.pass(60);
    assert!(matches!(desk.store()[..], [TargetState::Done { outcome: Outcome::ComplianceBlocked, .. }]));
    assert!(desk.next_dial().is_none());
    assert!(desk.dialer.progress(&owner()).unwrap().complete);
}

#[test]
fn a_number_tells_the_zone_unless_the_campaign_does() {
    let wait = |default_zone| {
        let zones = [TimeZone::fixed(offset(-5)), TimeZone::fixed(offset(9))];
        let targets = vec![TargetSpec { zone_of_number: Zone::OneOf(zones.into()), ..target(0, 0) }];
        let windows = vec![Window { end: Time::constant(3, 0, 0, 0), ..spec(1).windows[0].clone() }];
        let mut desk = Desk::of(targets, CampaignSpec { default_zone, windows, ..spec(1) });
        desk.pass(60);
        desk
    };
    // The small hours never come to both at once.
    let blocked = wait(Zone::Unknown).store();
    assert!(matches!(blocked[..], [TargetState::Done { outcome: Outcome::ComplianceBlocked, .. }]));
    let waiting = wait(Zone::Known(TimeZone::UTC));
    assert!(!waiting.wants_to_save() && !waiting.dialer.progress(&owner()).unwrap().complete);
}

#[test]
fn two_campaigns_share_the_accounts_channels() {
    let campaign = CampaignSpec {
        pacing: dialer::spec::Pacing {
            dials_per_second: DialRate::per_second(20),
            max_concurrent: 100,
            ..spec(20).pacing
        },
        ..spec(20)
    };
    let mut desk = Desk::with(vec![TargetState::default(); 50], campaign.clone());
    let second = OwnerId::parse("second").unwrap();
    let spec = Arc::new(campaign);
    desk.tell(Event::CampaignSet { owner: second.clone(), spec, audience: Audience::Complete });
    desk.tell(Event::JobLoaded(LoadedJob {
        job: JobId::parse("job-1").unwrap(),
        owner: second.clone(),
        version: Version::new("1"),
        targets: (0..50).map(|index| target(1, index)).collect(),
        states: Vec::new(),
    }));
    for _ in 0..20 {
        desk.pass(1);
        while let Some(save) = desk.take(|effect| if let Effect::Save(save) = effect { Ok(save) } else { Err(effect) })
        {
            desk.version += 1;
            let version = Version::new(&desk.version.to_string());
            desk.tell(save.stored(version));
        }
    }
    let in_flight = |id: &OwnerId| desk.dialer.progress(id).unwrap().tallied.counts.in_flight();
    assert_eq!((in_flight(&owner()), in_flight(&second)), (5, 5), "of 10 channels");
}
