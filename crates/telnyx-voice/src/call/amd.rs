//! Answering machine detection: how it is asked for.

use crate::bounds::Rule;
use crate::macros::{open_enum, request};

open_enum! {
    /// How a dialled call is checked for an answering machine (Telnyx: answering machine detection guide).
    pub enum AnsweringMachineDetection {
        Premium = "premium",
        PremiumIosCallScreeningDetection = "premium_ios_call_screening_detection",
        Detect = "detect",
        DetectBeep = "detect_beep",
        DetectWords = "detect_words",
        GreetingEnd = "greeting_end",
        Disabled = "disabled",
    }
}

open_enum! {
    /// What counts as the beep of an answering machine.
    pub enum BeepDetectionProfile { Both = "both", FreqOnly = "freq_only" }
}

request! {
    /// Fine tuning of the detection. With `premium` only `total_analysis_time_millis` and `greeting_duration_millis` apply.
    pub struct AmdConfig {
        after_greeting_silence_millis: i64,
        beep_detection_profile: BeepDetectionProfile,
        beep_max_frequency_hz: i64,
        beep_min_frequency_hz: i64,
        beep_min_tone_duration_millis: i64,
        beep_spectral_confirmation: bool,
        beep_spectral_min_purity: f64 => [Rule::Decimal(0.0, 1.0)],
        beep_spectral_reject_fax_cng: bool,
        beep_spectral_window_millis: i64,
        between_words_silence_millis: i64,
        greeting_duration_millis: i64,
        greeting_silence_duration_millis: i64,
        greeting_total_analysis_time_millis: i64,
        initial_silence_millis: i64,
        maximum_number_of_words: i64,
        maximum_word_length_millis: i64,
        prompt_end_timeout_millis: i64,
        silence_threshold: i64,
        /// The guide says that premium analyses for 30 s by default, the specification says 3500: send it.
        total_analysis_time_millis: i64,
    }
}
