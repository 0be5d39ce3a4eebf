//! The voices that can speak to a caller.

use serde::{Deserialize, Serialize};

use crate::macros::{open_enum, schema_as};

open_enum! {
    /// The language of a spoken text.
    pub enum SpeakLanguage {
        Arb = "arb", CmnCn = "cmn-CN", CyGb = "cy-GB", DaDk = "da-DK", DeDe = "de-DE", EnAu = "en-AU", EnGb = "en-GB",
        EnGbWls = "en-GB-WLS", EnIn = "en-IN", EnUs = "en-US", EsEs = "es-ES", EsMx = "es-MX", EsUs = "es-US",
        FrCa = "fr-CA", FrFr = "fr-FR", HiIn = "hi-IN", IsIs = "is-IS", ItIt = "it-IT", JaJp = "ja-JP", KoKr = "ko-KR",
        NbNo = "nb-NO", NlNl = "nl-NL", PlPl = "pl-PL", PtBr = "pt-BR", PtPt = "pt-PT", RoRo = "ro-RO", RuRu = "ru-RU",
        SvSe = "sv-SE", TrTr = "tr-TR",
    }
}

open_enum! {
    /// The language that a `MiniMax` voice should favour.
    pub enum LanguageBoost {
        Auto = "auto", Chinese = "Chinese", ChineseYue = "Chinese,Yue", English = "English", Arabic = "Arabic",
        Russian = "Russian", Spanish = "Spanish", French = "French", Portuguese = "Portuguese", German = "German",
        Turkish = "Turkish", Dutch = "Dutch", Ukrainian = "Ukrainian", Vietnamese = "Vietnamese",
        Indonesian = "Indonesian", Japanese = "Japanese", Italian = "Italian", Korean = "Korean", Thai = "Thai",
        Polish = "Polish", Romanian = "Romanian", Greek = "Greek", Czech = "Czech", Finnish = "Finnish", Hindi = "Hindi",
        Bulgarian = "Bulgarian", Danish = "Danish", Hebrew = "Hebrew", Malay = "Malay", Persian = "Persian",
        Slovak = "Slovak", Swedish = "Swedish", Croatian = "Croatian", Filipino = "Filipino", Hungarian = "Hungarian",
        Norwegian = "Norwegian", Slovenian = "Slovenian", Catalan = "Catalan", Nynorsk = "Nynorsk", Tamil = "Tamil",
        Afrikaans = "Afrikaans",
    }
}

open_enum! {
    /// An audio effect of an Azure voice.
    pub enum AzureEffect { Car = "eq_car", Telephone = "eq_telecomhp8k" }
}

open_enum! {
    /// The gender of an Azure voice.
    pub enum AzureGender { Male = "Male", Female = "Female" }
}

open_enum! {
    /// The audio format of a Resemble voice.
    pub enum ResembleFormat { Wav = "wav", Mp3 = "mp3" }
}

open_enum! {
    /// The sample format of a Resemble voice.
    pub enum ResemblePrecision { Pcm16 = "PCM_16", Pcm24 = "PCM_24", Pcm32 = "PCM_32", Mulaw = "MULAW" }
}

open_enum! {
    /// The sample rate of a Resemble voice, in Hz.
    pub enum ResembleSampleRate {
        Hz8000 = "8000", Hz16000 = "16000", Hz22050 = "22050", Hz32000 = "32000", Hz44100 = "44100", Hz48000 = "48000",
    }
}

open_enum! {
    /// How freely an Inworld voice speaks.
    pub enum InworldDeliveryMode { Stable = "STABLE", Balanced = "BALANCED", Creative = "CREATIVE" }
}

/// Settings of the provider of a voice; the provider must be the one that the voice's name begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum VoiceSettings {
    /// `elevenlabs`
    ElevenLabs {
        /// The name of the stored secret that holds the provider's key.
        #[serde(skip_serializing_if = "Option::is_none")]
        api_key_ref: Option<String>,
    },
    /// `telnyx`
    Telnyx {
        /// 1.0 is normal speed.
        #[serde(skip_serializing_if = "Option::is_none")]
        voice_speed: Option<f64>,
    },
    /// `aws`
    Aws {},
    /// `minimax`
    MiniMax {
        /// The language to favour.
        #[serde(skip_serializing_if = "Option::is_none")]
        language_boost: Option<LanguageBoost>,
        /// Semitones.
        #[serde(skip_serializing_if = "Option::is_none")]
        pitch: Option<i64>,
        /// 1.0 is normal speed.
        #[serde(skip_serializing_if = "Option::is_none")]
        speed: Option<f64>,
        /// 1.0 is normal loudness.
        #[serde(skip_serializing_if = "Option::is_none")]
        vol: Option<f64>,
    },
    /// `azure`
    Azure {
        /// The name of the stored secret that holds the provider's key.
        #[serde(skip_serializing_if = "Option::is_none")]
        api_key_ref: Option<String>,
        /// The custom voice's deployment.
        #[serde(skip_serializing_if = "Option::is_none")]
        deployment_id: Option<String>,
        /// An audio effect.
        #[serde(skip_serializing_if = "Option::is_none")]
        effect: Option<AzureEffect>,
        /// The voice's gender.
        #[serde(skip_serializing_if = "Option::is_none")]
        gender: Option<AzureGender>,
        /// The Azure region.
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<String>,
    },
    /// `resemble`
    Resemble {
        /// The audio format.
        #[serde(skip_serializing_if = "Option::is_none")]
        format: Option<ResembleFormat>,
        /// The sample format.
        #[serde(skip_serializing_if = "Option::is_none")]
        precision: Option<ResemblePrecision>,
        /// The sample rate.
        #[serde(skip_serializing_if = "Option::is_none")]
        sample_rate: Option<ResembleSampleRate>,
    },
    /// `inworld`
    Inworld {
        /// How freely the voice speaks.
        #[serde(skip_serializing_if = "Option::is_none")]
        delivery_mode: Option<InworldDeliveryMode>,
    },
    /// `xai`
    Xai {
        /// The language to speak.
        #[serde(skip_serializing_if = "Option::is_none")]
        language: Option<String>,
    },
    /// `soniox`
    Soniox {
        /// Shorten pauses.
        #[serde(skip_serializing_if = "Option::is_none")]
        reduce_silence: Option<bool>,
        /// 1.0 is normal speed.
        #[serde(skip_serializing_if = "Option::is_none")]
        speed: Option<f64>,
    },
    /// A provider that this version does not list, as given.
    #[serde(untagged)]
    Unknown(serde_json::Value),
}

crate::bounds::unmeasured!(VoiceSettings);

// One object with the fields of all providers: structural schemas know no variants.
schema_as!(VoiceSettings => schemars::json_schema!({
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {
            "type": "string",
            "enum": ["elevenlabs", "telnyx", "aws", "minimax", "azure", "resemble", "inworld", "xai", "soniox"],
        },
    },
    "x-kubernetes-preserve-unknown-fields": true,
}));
