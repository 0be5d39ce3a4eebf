//! How a type of the API is written down once: open enums, records and ids.
//!
//! Everything here keeps what it does not know: an enum value of next month, a field of next year.

/// An enum over strings that the API may extend: a value that is not listed is kept in `Unknown` and written back unchanged.
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $wire:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $wire, "`")] $(#[$vmeta])* $variant,)+
            /// A value that this version does not list, as received.
            Unknown(String),
        }

        impl $name {
            /// Every listed value, in the order of the documentation.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),+];

            /// The value as the API spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)+
                    Self::Unknown(text) => text,
                }
            }

            fn listed(text: &str) -> Option<Self> {
                match text {
                    $($wire => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::listed(text).unwrap_or_else(|| Self::Unknown(text.to_owned()))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::listed(&text).unwrap_or(Self::Unknown(text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::macros::text(deserializer)
            }
        }

        $crate::bounds::unmeasured!($name);

        $crate::macros::schema_as!($name => schemars::json_schema!({ "type": "string", "enum": [$($wire),+] }));
    };
}

/// A JSON object of the API in which every field may be missing. Field names are the API's own; missing and `null` read as
/// `None`, `None` is not written.
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $(
                #[doc = concat!("The API's `", stringify!($field), "`.\n\n")]
                $(#[$fmeta])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$ty>,
            )*
        }
    };
}

/// A [`record!`] that is sent: it also has one setter per field, named like the field, and its bounds, as in
/// `timeout_secs: i64 => [Rule::Range(5, 600)]`.
macro_rules! request {
    ($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$fmeta:meta])* $field:ident: $ty:ty $(=> [$($rule:expr),+ $(,)?])?),* $(,)?
    }) => {
        $crate::macros::record! {
            $(#[$meta])*
            #[cfg_attr(
                feature = "schema",
                derive(schemars::JsonSchema),
                schemars(transform = Self::write_bounds)
            )]
            pub struct $name { $($(#[$fmeta])* $field: $ty),* }
        }

        impl $name {
            /// What each field may hold.
            pub const BOUNDS: $crate::bounds::Bounds =
                &[$(($crate::bounds::wire_name(stringify!($field)), &[$($($rule),+)?])),*];

            #[cfg(feature = "schema")]
            fn write_bounds(schema: &mut schemars::Schema) {
                $crate::schema::write(schema, Self::BOUNDS);
            }

            /// Whether every field, within its parts too, holds what the API's documents allow. The client asks before it sends.
            pub fn check(&self) -> Result<(), $crate::bounds::OutOfBounds> {
                $(
                    $crate::bounds::field(
                        $crate::bounds::wire_name(stringify!($field)), self.$field.as_ref(), &[$($($rule),+)?],
                    )?;
                )*
                $crate::bounds::related(Self::BOUNDS, &[$($crate::bounds::Seen {
                    name: $crate::bounds::wire_name(stringify!($field)),
                    set: self.$field.is_some(),
                    number: self.$field.as_ref().and_then($crate::bounds::Measure::number),
                }),*])
            }

            $(
                #[doc = concat!("Sets `", stringify!($field), "`.")]
                #[must_use]
                pub fn $field(mut self, value: impl Into<$ty>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*
        }

        impl $crate::bounds::Measure for $name {
            fn inner(&self) -> Result<(), $crate::bounds::OutOfBounds> {
                self.check()
            }
        }
    };
}

/// An identifier that the API made and that we only carry: any text, compared byte for byte.
macro_rules! id {
    ($($(#[$meta:meta])* pub struct $name:ident;)+) => { $(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as the API spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), &self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::macros::text(deserializer)
            }
        }

        $crate::bounds::measured_text!($name);

        $crate::macros::schema_as!($name => $crate::schema::text());
    )+ };
}

/// Gives types the schema of a function, inlined.
macro_rules! schema_as {
    ($($ty:ty => $schema:expr),+ $(,)?) => { $(
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $ty {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($ty).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    )+ };
}

/// Reads a string without allocating before its new owner does.
pub(crate) fn text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: for<'a> From<&'a str> + From<String>,
    D: serde::Deserializer<'de>,
{
    struct Text<T>(std::marker::PhantomData<T>);

    impl<T: for<'a> From<&'a str> + From<String>> serde::de::Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E>(self, text: &str) -> Result<T, E> {
            Ok(T::from(text))
        }

        fn visit_string<E>(self, text: String) -> Result<T, E> {
            Ok(T::from(text))
        }
    }

    deserializer.deserialize_str(Text(std::marker::PhantomData))
}

pub(crate) use {id, open_enum, record, request, schema_as};
