//! Who, or what, answered: machine detection and deepfake detection.
//!
//! With `premium`, a beep before the verdict sends the greeting event alone: no verdict follows, and the beep says machine
//! (Telnyx: answering machine detection guide).

use super::{Payload, PayloadFields, leg_payload};
use crate::macros::open_enum;
use crate::private::Party;

open_enum! {
    /// The verdict of the standard detection.
    pub enum DetectionResult { Human = "human", Machine = "machine", NotSure = "not_sure" }
}

open_enum! {
    /// The verdict of the premium detection. Telnyx advises to treat `not_sure` as a human.
    pub enum PremiumDetectionResult {
        HumanResidence = "human_residence",
        HumanBusiness = "human_business",
        Machine = "machine",
        Silence = "silence",
        FaxDetected = "fax_detected",
        NotSure = "not_sure",
    }
}

open_enum! {
    /// How the greeting of a machine ended, standard detection.
    pub enum GreetingResult { BeepDetected = "beep_detected", Ended = "ended", NotSure = "not_sure" }
}

open_enum! {
    /// How the greeting of a machine ended, premium detection.
    pub enum PremiumGreetingResult {
        BeepDetected = "beep_detected",
        NoBeepDetected = "no_beep_detected",
        PromptEnded = "prompt_ended",
    }
}

open_enum! {
    /// What screens the call.
    pub enum CallScreeningResult { Screening = "screening" }
}

open_enum! {
    /// The verdict on a voice.
    pub enum DeepfakeResult { Real = "real", Fake = "fake", SilenceTimeout = "silence_timeout" }
}

open_enum! {
    /// Why there is no verdict on a voice.
    pub enum DeepfakeError {
        DetectionTimeout = "detection_timeout",
        RtpTimeout = "rtp_timeout",
        Connection = "dfd_connection_error",
        Stream = "dfd_stream_error",
    }
}

leg_payload! {
    /// The verdict of the standard detection.
    pub struct CallMachineDetectionEnded {
        from: Party,
        result: DetectionResult,
        to: Party,
    }
}

leg_payload! {
    /// The machine's greeting is over, standard detection.
    pub struct CallMachineGreetingEnded {
        from: Party,
        result: GreetingResult,
        to: Party,
    }
}

leg_payload! {
    /// Premium detection began.
    pub struct CallMachinePremiumDetectionStarted {
        from: Party,
        to: Party,
    }
}

leg_payload! {
    /// The verdict of the premium detection.
    pub struct CallMachinePremiumDetectionEnded {
        from: Party,
        result: PremiumDetectionResult,
        to: Party,
    }
}

leg_payload! {
    /// The machine's greeting is over, premium detection. May come without a verdict before it.
    pub struct CallMachinePremiumGreetingEnded {
        from: Party,
        result: PremiumGreetingResult,
        to: Party,
    }
}

leg_payload! {
    /// The phone asks who is calling before it rings through.
    pub struct CallMachinePremiumCallScreeningDetected {
        from: Party,
        result: CallScreeningResult,
        to: Party,
    }
}

leg_payload! {
    /// The verdict on the voice.
    pub struct CallDeepfakeDetectionResult {
        /// 0 to 1.
        consistency: f64,
        result: DeepfakeResult,
        /// 0 to 1.
        score: f64,
    }
}

leg_payload! {
    /// There is no verdict on the voice.
    pub struct CallDeepfakeDetectionError {
        error_message: DeepfakeError,
    }
}
