//! CSV: a line for each picture, with its label and its pixels row by row.
//!
//! The label is in the column that a first line calls `label`, `class`, `target` or `y`; without such a line, in the first
//! column, or in the last where the file has as many columns as scikit-learn's 8x8 digits, which go up to 16. Pictures are
//! square and grey.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use pool_files::{make_room, with_room};

use super::{Parts, assembled, excerpt, wrong};
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::images::{LabelledImages, PictureShape};
use crate::open::open;

const LABEL_NAMES: [&str; 4] = ["label", "class", "target", "y"];
/// A line of scikit-learn's digits: 64 pixels from 0 to 16, then the label.
const DIGITS_COLUMNS: usize = 65;
const DIGITS_WHITE: u16 = 16;
/// The longest line that is read, in columns: a picture of 1,024 pixels a side.
const MOST_COLUMNS: usize = 1024 * 1024 + 1;

/// Those of a folder, the second of which may be missing.
pub(super) const FILES: [&str; 2] = ["train.csv", "test.csv"];

const SQUARE_CURE: &str = "write one label and the pixels of a square picture in each line";

/// A file, or a folder with `train.csv` and perhaps `test.csv`.
///
/// # Errors
/// [`DataError::Source`] with the line, [`DataError::NoSuchFile`], [`DataError::Io`], or [`DataError::OutOfMemory`].
pub(super) fn load(path: &Path) -> Result<Dataset, DataError> {
    if !path.is_dir() {
        let train = Table::read(path)?.images()?;
        return assembled(path, Vec::new(), Parts { train, validation: None, test: None });
    }
    let [train_file, test_file] = FILES.map(|file| path.join(file));
    let train = Table::read(&train_file)?;
    let test = if has_labels(&test_file)? { Some(Table::read(&test_file)?) } else { None };
    let scale_of_both = |table: Table| Table { white: train.white, ..table };
    let test = test.map(scale_of_both);
    let train = train.images()?;
    let test = test.map(Table::images).transpose()?;
    assembled(path, Vec::new(), Parts { train, validation: None, test })
}

/// Whether a table is there and, by its first line, has labels. Kaggle's `test.csv` has none: its labels are the answer to
/// the competition.
fn has_labels(path: &Path) -> Result<bool, DataError> {
    if !path.is_file() {
        return Ok(false);
    }
    let file = open(path).map_err(DataError::opening(path))?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
    let mut first = StringRecord::new();
    reader.read_record(&mut first).map_err(|error| unreadable(path, error))?;
    let has = !is_header(&first) || first.iter().any(is_label_name);
    if !has {
        tracing::warn!(file = %path.display(), "no column of labels: its pictures are left out");
    }
    Ok(has)
}

/// Whether a line names its columns.
fn is_header(record: &StringRecord) -> bool {
    record.iter().any(|field| field.trim().parse::<f64>().is_err())
}

fn is_label_name(field: &str) -> bool {
    LABEL_NAMES.iter().any(|name| field.trim().eq_ignore_ascii_case(name))
}

/// The numbers of a file.
struct Table {
    side: usize,
    /// The value that is white.
    white: u16,
    pixels: Vec<u8>,
    labels: Vec<u16>,
}

/// A first line that names the columns.
#[derive(Debug, Clone, Copy)]
struct Header {
    columns: usize,
    /// The column of the labels.
    label: usize,
}

impl Table {
    fn read(path: &Path) -> Result<Self, DataError> {
        let file = open(path).map_err(DataError::opening(path))?;
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
        let mut table: Option<(Self, usize)> = None;
        let mut record = StringRecord::new();
        let mut header = None;
        let mut is_first = true;
        while reader.read_record(&mut record).map_err(|error| unreadable(path, error))? {
            let line = record.position().map_or(0, csv::Position::line);
            if std::mem::take(&mut is_first) && is_header(&record) {
                header = Some(Header { columns: record.len(), label: label_of_header(path, &record)? });
                continue;
            }
            let (table, label_column) = match &mut table {
                Some((table, column)) => (table, *column),
                None => {
                    let (new, column) = Self::beginning_with(path, line, &record, header)?;
                    let (table, column) = table.insert((new, column));
                    (table, *column)
                }
            };
            table.push(path, line, &record, label_column)?;
        }
        match table {
            Some((table, _)) => Ok(table),
            None => Err(wrong(path, "lines", "at least one with a label and pixels", "none", SQUARE_CURE)),
        }
    }

    /// An empty table for lines like this one, and the column of its labels.
    fn beginning_with(
        path: &Path,
        line: u64,
        record: &StringRecord,
        header: Option<Header>,
    ) -> Result<(Self, usize), DataError> {
        if let Some(Header { columns, .. }) = header.filter(|header| header.columns != record.len()) {
            let expected = format!("{columns} columns, as line 1 names");
            return Err(wrong(path, format!("line {line}"), expected, record.len(), SQUARE_CURE));
        }
        let label_column = header.map(|header| header.label);
        let pixels = record.len().saturating_sub(1);
        let side = pixels.isqrt();
        if side == 0 || side * side != pixels || record.len() > MOST_COLUMNS {
            let expected = "a label and the pixels of a square picture, such as 785 columns for 28x28";
            return Err(wrong(path, format!("line {line}: columns"), expected, record.len(), SQUARE_CURE));
        }
        let is_digits =
            record.len() == DIGITS_COLUMNS && label_column.is_none_or(|column| column + 1 == DIGITS_COLUMNS);
        let white = if is_digits { DIGITS_WHITE } else { u16::from(u8::MAX) };
        let column = label_column.unwrap_or(if is_digits { DIGITS_COLUMNS - 1 } else { 0 });
        Ok((Self { side, white, pixels: Vec::new(), labels: Vec::new() }, column))
    }

    fn push(
        &mut self,
        path: &Path,
        line: u64,
        record: &StringRecord,
        label_column: usize,
    ) -> Result<(), DataError> {
        let columns = self.side * self.side + 1;
        if record.len() != columns {
            let expected = format!("{columns} columns as in the first line");
            return Err(wrong(path, format!("line {line}"), expected, record.len(), SQUARE_CURE));
        }
        make_room(&mut self.pixels, columns - 1).map_err(DataError::OutOfMemory)?;
        for (column, field) in record.iter().enumerate() {
            let greatest = if column == label_column { u16::MAX } else { u16::from(u8::MAX) };
            let value = number(field).filter(|value| *value <= greatest).ok_or_else(|| {
                let (what, cure) = match column == label_column {
                    true => ("label", "number the classes from 0"),
                    false => ("pixel", "scale the pixels from 0 to 255"),
                };
                let place = format!("line {line}, column {}: {what}", column + 1);
                let shown = excerpt(field, 20);
                wrong(
                    path,
                    place,
                    format!("a whole number from 0 to {greatest}"),
                    format!("\"{shown}\""),
                    cure,
                )
            })?;
            if column == label_column {
                self.labels.push(value);
            } else {
                self.pixels.push(value as u8);
            }
        }
        // Digits that go beyond their scale are on the usual one.
        let first = self.pixels.len() - (columns - 1);
        if self.pixels[first..].iter().any(|&pixel| u16::from(pixel) > self.white) {
            self.white = u16::from(u8::MAX);
        }
        Ok(())
    }

    fn images(self) -> Result<LabelledImages, DataError> {
        let white = u32::from(self.white);
        let mut pixels = with_room(self.pixels.len()).map_err(DataError::OutOfMemory)?;
        pixels.extend(self.pixels.iter().map(|&pixel| ((u32::from(pixel) * 255 + white / 2) / white) as u8));
        LabelledImages::new(PictureShape::grey(self.side, self.side), pixels, self.labels)
    }
}

/// A whole number, as programs write it: `7`, `7.0`, `7.000000e+00`.
fn number(field: &str) -> Option<u16> {
    let field = field.trim();
    field.parse().ok().or_else(|| {
        let value: f64 = field.parse().ok()?;
        (value.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&value)).then_some(value as u16)
    })
}

/// The column of the labels, by its name.
fn label_of_header(path: &Path, header: &StringRecord) -> Result<usize, DataError> {
    header.iter().position(is_label_name).ok_or_else(|| {
        let expected = format!("a column called {}", LABEL_NAMES.join(", "));
        let found = header.iter().take(3).map(|field| field.escape_debug().to_string()).collect::<Vec<_>>();
        wrong(path, "line 1", expected, format!("{}, ...", found.join(", ")), "name the column of the labels")
    })
}

fn unreadable(path: &Path, error: csv::Error) -> DataError {
    let words = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => DataError::io(path, "read")(cause),
        _ => {
            wrong(path, "text", "lines of numbers with commas between them", words, "save it as CSV in UTF-8")
        }
    }
}
