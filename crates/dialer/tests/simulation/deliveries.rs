//! Webhooks on their way: lost, late, doubled, refused, answered.

use std::time::Duration;

use dialer::call::{AudioEnd, What};
use dialer::effect::Verdict;
use dialer::{DeliveryToken, Event};
use rand::RngExt;

use crate::judge::Check;
use crate::voice::Step;
use crate::world::{Delivery, Happening, World};

impl World {
    pub fn on_call(&mut self, call: usize, step: Step) {
        let times = (self.clock, self.wall());
        if matches!(step, Step::Ring) {
            self.check_ring(call);
        }
        self.note(format_args!("= call {call} {step:?}"));
        let (event, steps) = self.voice.step(call, step, times, &self.faults, &mut self.rng);
        for (after, call, step) in steps {
            self.later(after, Happening::OnCall(call, step));
        }
        let Some(mut event) = event else { return };
        if self.judge.breaks(Check::SuccessWasDelivered) && matches!(event.what, What::AudioEnded(_)) {
            self.voice.calls[call].delivered = false;
            event.what = What::AudioEnded(AudioEnd::Completed);
        }
        if self.judge.breaks(Check::DeliveredIsSuccess) && matches!(event.what, What::AudioEnded(_)) {
            event.what = What::AudioEnded(AudioEnd::Failed);
        }
        if self.chance(self.faults.webhook_lost) {
            return;
        }
        let twice = self.chance(self.faults.webhook_twice);
        for _ in 0..=u32::from(twice) {
            let late = if self.chance(self.faults.webhook_late) { 90_000 } else { 300 };
            let after = self.delay(late);
            self.later(after, Happening::Deliver(Delivery { event: event.clone(), attempts: 0 }));
        }
    }

    pub fn deliver(&mut self, delivery: Delivery) {
        self.tokens += 1;
        let token = DeliveryToken(self.tokens);
        let clock = self.clock;
        if self.judge.breaks(Check::DurableBeforeAcknowledged) {
            self.check_ack(&delivery.event);
        }
        // Any life that is awake may be the one that is reached.
        let awake: Vec<u32> =
            self.lives.iter().filter(|(_, life)| life.missed.is_none()).map(|(life, _)| *life).collect();
        let reached = self.rng.random_range(0..awake.len().max(1));
        let Some(life) = awake.get(reached).copied().filter(|_| !self.chance(self.faults.delivery_fails)) else {
            self.deliver_again(delivery);
            return;
        };
        let call = delivery.event.clone();
        if let Some(living) = self.lives.get_mut(&life) {
            living.tokens.insert(token, (clock, delivery));
        }
        self.tell(life, Event::Webhook { token, call });
    }

    pub fn deliver_again(&mut self, mut delivery: Delivery) {
        delivery.attempts += 1;
        if delivery.attempts < 7 {
            let after = Duration::from_secs(1 << delivery.attempts);
            self.later(after, Happening::Deliver(delivery));
        }
    }

    pub fn acknowledged(&mut self, life: u32, token: DeliveryToken, verdict: Verdict) {
        let judge = self.judge;
        let living = self.lives.get_mut(&life).unwrap();
        let Some((_, delivery)) = living.tokens.remove(&token) else {
            // Who has slept answers what nobody waits for any more.
            judge.hold(Check::AnsweredOnce, living.has_slept, || format!("{token:?} was answered twice"));
            return;
        };
        match verdict {
            Verdict::Done => self.check_ack(&delivery.event),
            Verdict::Retry | Verdict::NotHere => self.deliver_again(delivery),
        }
    }
}
