//! Sound that goes on while the flow does.
//!
//! Promises that its end is not taken for the end of what sounds after it, whichever webhook of the two comes first. Does not know
//! that an end was lost: the next sound's own end is then taken for it, and that step waits for its timer.

use telnyx_voice::webhook::Event;

use super::run::Run;
use crate::completion;
use crate::position::MAX_BACKGROUND;

impl Run<'_> {
    /// The present step begins; if it sounds in the background, its end is awaited from now on. Before the command leaves: the end
    /// of a short sound may be heard before the command's answer, and the call carries what it is owed.
    pub(super) fn begin_sound(&mut self) {
        if self.step().is_some_and(crate::spec::Step::sounds_in_background) {
            let background = &mut self.state.position.background;
            background.push(self.state.position.step);
            let surplus = background.len().saturating_sub(MAX_BACKGROUND);
            background.drain(..surplus);
        }
    }

    /// The present step's command was refused: nothing sounds.
    pub(super) fn unbegin_sound(&mut self) {
        let position = &mut self.state.position;
        if self.flow.spec.steps.get(usize::from(position.step)).is_some_and(crate::spec::Step::sounds_in_background)
            && let Some(last) = position.background.iter().rposition(|step| *step == position.step)
        {
            position.background.remove(last);
        }
    }

    /// Whether an event is the end of a sound in the background: of the earliest that it can be, for sounds queue up.
    pub(super) fn ends_in_background(&mut self, event: &Event) -> bool {
        let steps = &self.flow.spec.steps;
        let ended = self.state.position.background.iter().position(|index| {
            steps
                .get(usize::from(*index))
                .is_some_and(|step| completion::own_leg(&step.action, &event.payload).is_some())
        });
        if let Some(ended) = ended {
            self.state.position.background.remove(ended);
            self.state.last_event = Some(event.id.clone());
        }
        ended.is_some()
    }
}
