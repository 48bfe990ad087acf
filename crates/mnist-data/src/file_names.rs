//! The names of a data set's four files: as published, as unpacking programs write them, and as other sites offer them.
//!
//! | name | source |
//! |---|---|
//! | `train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte.gz` | the page of MNIST |
//! | `train-images.idx3-ubyte` | programs that take the name inside the gzip file |
//! | `train-images-idx3-ubyte/train-images-idx3-ubyte` | Kaggle, which puts each file into a folder of its name |
//! | `emnist-letters-test-images-idx3-ubyte.gz` | sets that share a folder: a prefix, and `test` for `t10k` |

use crate::catalogue::FILE_NAMES;

/// A file's role in a data set, read from its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetFile {
    /// The part before `train` or `t10k`, without the separator; empty for most sets.
    pub(crate) prefix: String,
    /// Which of [`FILE_NAMES`] it is.
    pub(crate) role: usize,
}

impl SetFile {
    /// `None` if no data set has a file of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        const SEPARATORS: [char; 3] = ['-', '_', '.'];
        // Archives from macOS have a file next to each that begins with a dot.
        if name.starts_with('.') || name.contains(char::is_control) {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let (rest, element) = name.strip_suffix(".gz").unwrap_or(&name).rsplit_once("idx")?;
        is_element(element).then_some(())?;
        let rest = rest.strip_suffix(SEPARATORS)?;
        let (rest, is_labels) = match rest.strip_suffix("images") {
            Some(rest) => (rest, 0),
            None => (rest.strip_suffix("labels")?, 1),
        };
        let rest = rest.strip_suffix(SEPARATORS)?;
        let (prefix, is_test) = match rest.strip_suffix("train") {
            Some(prefix) => (prefix, 0),
            None => (rest.strip_suffix("t10k").or_else(|| rest.strip_suffix("test"))?, 2),
        };
        let prefix = if prefix.is_empty() { prefix } else { prefix.strip_suffix(SEPARATORS)? };
        Some(Self { prefix: prefix.to_owned(), role: is_test + is_labels })
    }

    /// Whether this is the published name of the file, with `.gz` or not.
    pub(crate) fn is_usual(&self, name: &str) -> bool {
        name.strip_suffix(".gz").unwrap_or(name) == FILE_NAMES[self.role]
    }
}

/// `3-ubyte`: the number of dimensions and the type of the elements.
fn is_element(text: &str) -> bool {
    let mut characters = text.chars();
    let dimensions = characters.next().is_some_and(|first| first.is_ascii_digit());
    let separator = characters.next() == Some('-');
    let word = characters.as_str();
    dimensions && separator && !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_name_has_its_prefix_and_role() {
        let table = [
            ("train-images-idx3-ubyte", Some(("", 0))),
            ("train-labels-idx1-ubyte.gz", Some(("", 1))),
            ("t10k-images.idx3-ubyte", Some(("", 2))),
            ("t10k-labels.idx1-ubyte.gz", Some(("", 3))),
            ("test-labels-idx1-int", Some(("", 3))),
            ("Train_Images_idx4-ubyte", Some(("", 0))),
            ("emnist-letters-train-images-idx3-ubyte.gz", Some(("emnist-letters", 0))),
            ("emnist-letters-test-labels-idx1-ubyte", Some(("emnist-letters", 3))),
            ("._train-images-idx3-ubyte", None),
            ("a\nb-train-images-idx3-ubyte", None),
            ("trains-images-idx3-ubyte", None),
            ("restrain-images-idx3-ubyte", None),
            ("train-images-idx3-ubyte.bak", None),
            ("train-images-idx3", None),
            ("train-images", None),
            ("train-pictures-idx3-ubyte", None),
            ("images-idx3-ubyte", None),
            ("idx", None),
            ("", None),
        ];
        for (name, expected) in table {
            let expected = expected.map(|(prefix, role)| SetFile { prefix: prefix.to_owned(), role });
            assert_eq!(SetFile::parse(name), expected, "{name}");
        }
        for (role, name) in FILE_NAMES.into_iter().enumerate() {
            let parsed = SetFile::parse(name).unwrap();
            assert!(parsed.role == role && parsed.is_usual(name) && parsed.is_usual(&format!("{name}.gz")));
        }
    }
}
