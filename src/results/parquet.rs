//! Rows as Apache Parquet: one flat, nullable column each, uncompressed, which is why the crate comes without features.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::file::FileError;
use super::row::{Cell, Column, Kind, Row, columns};

/// A Parquet file under way.
pub struct ParquetFile<W: Write + Send> {
    out: SerializedFileWriter<W>,
    with_numbers: bool,
}

impl<W: Write + Send> ParquetFile<W> {
    pub(super) fn new(out: W, with_numbers: bool) -> Result<Self, FileError> {
        let fields = columns(with_numbers).map(field).collect::<Result<_, _>>()?;
        let schema = Arc::new(Type::group_type_builder("target").with_fields(fields).build()?);
        let properties = Arc::new(WriterProperties::builder().build());
        Ok(Self { out: SerializedFileWriter::new(out, schema, properties)?, with_numbers })
    }

    pub(super) fn write(&mut self, rows: &[Row]) -> Result<(), FileError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.out.next_row_group()?;
        for column in columns(self.with_numbers) {
            let cells = rows.iter().map(|row| column.of(row));
            match column.kind() {
                Kind::Text => put::<ByteArrayType>(&mut group, cells.map(text))?,
                Kind::Number | Kind::Instant => put::<Int64Type>(&mut group, cells.map(|cell| number(&cell)))?,
            }
        }
        group.close()?;
        Ok(())
    }

    pub(super) fn end(self) -> Result<(), FileError> {
        self.out.close()?;
        Ok(())
    }
}

fn field(column: Column) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match column.kind() {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Number => (Physical::INT64, None),
        Kind::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
    };
    let field = Type::primitive_type_builder(column.name, physical);
    field.with_repetition(Repetition::OPTIONAL).with_logical_type(logical).build().map(Arc::new)
}

fn text(cell: Cell) -> Option<ByteArray> {
    match cell {
        Cell::Text(text) => text.map(|text| ByteArray::from(text.into_bytes())),
        Cell::Number(_) | Cell::Instant(_) => None,
    }
}

fn number(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Number(number) => *number,
        Cell::Instant(instant) => instant.map(jiff::Timestamp::as_millisecond),
        Cell::Text(_) => None,
    }
}

/// The next column of the group. What is `None` has definition level 0 and no value.
fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    // The schema was made of the same columns, so there is one more.
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    column.close()
}
