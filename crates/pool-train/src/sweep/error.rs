//! What is wrong with a sweep file, and where.

use std::ops::Range;
use std::path::{Path, PathBuf};

use pool_metrics::one_line;

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
        let whole = |message: String| SweepError { file: file.to_owned(), line: None, message };
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
            }
        })?;
        Ok(Self { file: file.to_owned(), text })
    }

    /// What the TOML reader found, at its place.
    pub(super) fn toml_error(&self, error: &toml::de::Error) -> SweepError {
        self.error_at(error.span(), in_plain_words(error.message()))
    }

    /// The line, from 1, where a byte range begins; none for a setting that was left to its default, which stands nowhere.
    pub(super) fn line_of(&self, span: &Range<usize>) -> Option<usize> {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        (*span != (0..0)).then(|| before.iter().filter(|&&byte| byte == b'\n').count() + 1)
    }

    /// An error at a byte range of the text.
    pub(super) fn error_at(&self, span: Option<Range<usize>>, message: impl Into<String>) -> SweepError {
        let line = span.and_then(|span| self.line_of(&span));
        SweepError { file: self.file.clone(), line, message: message.into() }
    }
}

/// The reader's message without Rust's names of types, and with a cure where it has none.
fn in_plain_words(message: &str) -> String {
    let words = one_line(message);
    if let Some((found, expected)) = words.rsplit_once("expected ")
        && let Some(plain) = plain_type(expected)
    {
        return format!("{found}expected {plain}");
    }
    match words.as_str() {
        "wanted string or table" => {
            "expected a word in quotes or a table such as { tail = 0.2 }, as in configs/sweep.toml".to_owned()
        }
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

/// What a user would call the thing that Rust's reader expects.
fn plain_type(expected: &str) -> Option<&'static str> {
    Some(match expected {
        "i64" | "u64" | "usize" => "a whole number, 0 or greater",
        "u32" => "a whole number from 0 to 4294967295",
        "f64" => "a number",
        "a string" | "string" | "path string" => "text in quotes",
        "a sequence" => "a list in brackets",
        "a boolean" => "true or false",
        "unit" => "no value: write the word alone, in quotes",
        "newtype variant" => "a value: write a table such as { dropout = 0.2 }, as in configs/sweep.toml",
        "enum" => "a table with one key, as in configs/sweep.toml",
        name if name.starts_with("struct ") => "a table of settings, as in configs/sweep.toml",
        _ => return None,
    })
}
