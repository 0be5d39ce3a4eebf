//! What the columns of CSV are called.

use crate::source::SourceError;

/// A field of a target that has a column of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    To,
    TimeZone,
    NotBefore,
    ExpiresAt,
    ConsentAt,
    Priority,
}

impl Field {
    const ALL: [Self; 7] =
        [Self::Id, Self::To, Self::TimeZone, Self::NotBefore, Self::ExpiresAt, Self::ConsentAt, Self::Priority];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::To => "to",
            Self::TimeZone => "timeZone",
            Self::NotBefore => "notBefore",
            Self::ExpiresAt => "expiresAt",
            Self::ConsentAt => "consentAt",
            Self::Priority => "priority",
        }
    }

    fn is_needed(self) -> bool {
        matches!(self, Self::Id | Self::To)
    }
}

/// Columns under other names than the fields' own. Unset: the field's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Column of `id`.
    pub id: Option<String>,
    /// Column of `to`.
    pub to: Option<String>,
    /// Column of `timeZone`.
    pub time_zone: Option<String>,
    /// Column of `notBefore`.
    pub not_before: Option<String>,
    /// Column of `expiresAt`.
    pub expires_at: Option<String>,
    /// Column of `consentAt`.
    pub consent_at: Option<String>,
    /// Column of `priority`.
    pub priority: Option<String>,
}

impl Columns {
    fn mapped(&self, field: Field) -> Option<&str> {
        match field {
            Field::Id => &self.id,
            Field::To => &self.to,
            Field::TimeZone => &self.time_zone,
            Field::NotBefore => &self.not_before,
            Field::ExpiresAt => &self.expires_at,
            Field::ConsentAt => &self.consent_at,
            Field::Priority => &self.priority,
        }
        .as_deref()
        .map(str::trim)
    }

    fn column_of(&self, field: Field) -> &str {
        self.mapped(field).unwrap_or(field.name())
    }
}

/// What one column of the document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Field(Field),
    Variable(String),
}

/// The columns of a header line: those that are needed or mapped are there, names are unique, and none is a misspelling of
/// a field.
pub(crate) fn columns(names: &[String], given: &Columns) -> Result<Vec<Column>, SourceError> {
    let mut seen: Vec<&str> = Vec::with_capacity(names.len());
    let mut columns = Vec::with_capacity(names.len());
    for (position, name) in (1..).zip(names) {
        let name = name.trim();
        let misspelt = |field: &Field| given.mapped(*field).is_none() && is_nearly(name, field.name());
        if let Some(field) = Field::ALL.iter().find(|field| misspelt(field)) {
            return Err(SourceError::ColumnCase { position, column: field.name() });
        }
        if name.is_empty() || seen.contains(&name) {
            return Err(SourceError::ColumnName { position });
        }
        seen.push(name);
        let mut fields = Field::ALL.into_iter().filter(|field| given.column_of(*field) == name);
        columns.push(fields.next().map_or_else(|| Column::Variable(name.to_owned()), Column::Field));
        if let Some(second) = fields.next() {
            return Err(SourceError::ColumnTwice { position, field: second.name() });
        }
    }
    let wanted = |field: &Field| field.is_needed() || given.mapped(*field).is_some();
    match Field::ALL.into_iter().filter(wanted).find(|field| !columns.contains(&Column::Field(*field))) {
        None => Ok(columns),
        Some(_) if is_otherwise_separated(names) => Err(SourceError::OtherSeparator),
        Some(field) => match given.mapped(field) {
            Some(column) => Err(SourceError::MappedColumnMissing { field: field.name(), column: column.into() }),
            None => Err(SourceError::ColumnMissing { column: field.name() }),
        },
    }
}

fn is_nearly(name: &str, known: &str) -> bool {
    known.eq_ignore_ascii_case(name) && known != name
}

/// What spreadsheets write where the comma is the decimal mark.
fn is_otherwise_separated(names: &[String]) -> bool {
    matches!(names, [only] if only.contains([';', '\t']))
}
