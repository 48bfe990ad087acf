//! A table before it becomes terminal text, Markdown, LaTeX or HTML, and how much of a report is shown.

/// A table of text: one header, then rows of as many cells.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) title: String,
    pub(super) header: Vec<String>,
    /// The number of leading columns that hold words; the others hold figures.
    pub(super) word_columns: usize,
    pub(super) rows: Vec<Vec<String>>,
    /// What a reader must know to understand it, in full sentences.
    pub(super) notes: Vec<String>,
}

impl Table {
    /// One column of words, the others figures.
    pub(super) fn new(title: impl Into<String>, header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            title: title.into(),
            header: header.iter().map(|&cell| cell.to_owned()).collect(),
            word_columns: 1,
            rows,
            notes: Vec::new(),
        }
    }

    pub(super) fn with_notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    pub(super) fn with_word_columns(mut self, word_columns: usize) -> Self {
        self.word_columns = word_columns;
        self
    }
}

/// A row with this first cell.
pub(super) fn row(first: &str, rest: impl IntoIterator<Item = String>) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(rest).collect()
}

/// How much of a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// What a person reads after a sweep.
    Brief,
    /// Everything.
    Full,
}
