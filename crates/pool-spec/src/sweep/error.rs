//! What is wrong with a sweep file, and where.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::reading::{TomlText, explain, one_line};

/// Something wrong with a sweep file: shown as `file:line: message`.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}", place = place(.file, *.line))]
pub struct SweepError {
    /// The sweep file.
    pub file: PathBuf,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, with the value, the rule and the cure.
    pub message: String,
    /// Whether the file is in order, and the images that it names are not there.
    pub is_missing_data: bool,
}

fn place(file: &Path, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{}:{line}", file.display()),
        None => file.display().to_string(),
    }
}

/// A sweep file's path and text, to say where in it something is wrong.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) file: PathBuf,
    pub(super) text: String,
}

impl Source {
    /// Reads the file; not being there and not being UTF-8 are errors of the file like any other.
    pub(super) fn read(file: &Path) -> Result<Self, SweepError> {
        let whole = |message: String| SweepError {
            file: file.to_owned(),
            line: None,
            message,
            is_missing_data: false,
        };
        let bytes = std::fs::read(file).map_err(|error| {
            whole(format!("cannot read the sweep file: {error}; see configs/sweep.toml for one that works"))
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&b| b == b'\n').count();
            SweepError {
                file: file.to_owned(),
                line: Some(line + 1),
                message: "not UTF-8 text; save the file with the encoding UTF-8".to_owned(),
                is_missing_data: false,
            }
        })?;
        Ok(Self { file: file.to_owned(), text })
    }

    /// What the TOML reader found, at its place.
    pub(super) fn toml_error(&self, error: &toml::de::Error) -> SweepError {
        let explained = explain(TomlText::File(&self.text), error.span(), error.message()).map(with_example);
        self.error_at(error.span(), explained.unwrap_or_else(|| in_plain_words(error.message())))
    }

    /// An error at a byte range of the text; `0..0` is the place of an arm that was drawn, which stands nowhere.
    pub(super) fn error_at(&self, span: Option<Range<usize>>, message: impl Into<String>) -> SweepError {
        let line = span.filter(|span| *span != (0..0)).map(|span| {
            let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
            before.iter().filter(|&&byte| byte == b'\n').count() + 1
        });
        SweepError { file: self.file.clone(), line, message: message.into(), is_missing_data: false }
    }

    /// An error of the value of a key, such as `train.batch_size`; without a line if the key was left out.
    pub(super) fn error_of(&self, key: &str, message: impl Into<String>) -> SweepError {
        self.error_at(self.span_of(key), message)
    }

    fn span_of(&self, key: &str) -> Option<Range<usize>> {
        let whole = DeTable::parse(&self.text).ok()?;
        let mut keys = key.split('.');
        let mut value = whole.get_ref().get(keys.next()?)?;
        for key in keys {
            let DeValue::Table(table) = value.get_ref() else { return None };
            value = table.get(key)?;
        }
        Some(value.span())
    }
}

/// The reader's message, with a cure where it has none.
fn in_plain_words(message: &str) -> String {
    let words = one_line(message);
    match words.as_str() {
        "duplicate key" => "duplicate key; each setting may stand once, so remove one".to_owned(),
        missing if missing.starts_with("missing field") => {
            let of_searches = ["`strategy`", "`space`", "`from`", "`to`"];
            let example =
                if of_searches.iter().any(|key| missing.contains(key)) { "search" } else { "sweep" };
            format!("{missing}; add it, as in configs/{example}.toml")
        }
        _ => words,
    }
}

/// Where a table that is asked for can be looked at.
fn with_example(explained: String) -> String {
    let is_vague =
        ["a table of settings", "a table with one key", "a table of a word and its value", "... }"]
            .iter()
            .any(|end| explained.ends_with(end));
    if is_vague { format!("{explained}, as in configs/sweep.toml") } else { explained }
}
