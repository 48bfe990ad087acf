//! Where the images of a trial come from, and how a file says so.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::PublicSet;

/// Where the images come from. A file has a word, `"mnist"`, or a word with a path, `{ folder = "flowers" }`: the word
/// `"cifar10"` is the public set, and `{ cifar10 = "cifar" }` is a folder of the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSource {
    /// A published set, from the folder for data sets.
    Public(PublicSet),
    /// Bars and crosses made on the spot, for tests and first tries.
    Generated,
    /// The four IDX files in a folder of the user's.
    Dir(PathBuf),
    /// A folder of pictures for each class, below `train` and `test` or not.
    Folder(PathBuf),
    /// Arrays of numpy, as Keras and MedMNIST pack them.
    Npz(PathBuf),
    /// The binary files of CIFAR-10 in a folder of the user's.
    Cifar10(PathBuf),
    /// The binary files of CIFAR-100 in a folder of the user's, by their fine labels.
    Cifar100(PathBuf),
    /// A table with a line for each picture, or a folder with two of them.
    Csv(PathBuf),
}

/// Every word that begins a source, for the message where another one stands.
const WORDS: [&str; 11] = [
    "mnist",
    "fashion_mnist",
    "kmnist",
    "emnist_letters",
    "cifar10",
    "cifar100",
    "generated",
    "dir",
    "folder",
    "npz",
    "csv",
];

impl DataSource {
    /// The user's file or folder; `None` for the sets that have none.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Public(_) | Self::Generated => None,
            Self::Dir(path)
            | Self::Folder(path)
            | Self::Npz(path)
            | Self::Cifar10(path)
            | Self::Cifar100(path)
            | Self::Csv(path) => Some(path),
        }
    }

    /// The same kind of source at another path; itself if it has none.
    pub fn at(self, path: PathBuf) -> Self {
        match self {
            Self::Public(_) | Self::Generated => self,
            Self::Dir(_) => Self::Dir(path),
            Self::Folder(_) => Self::Folder(path),
            Self::Npz(_) => Self::Npz(path),
            Self::Cifar10(_) => Self::Cifar10(path),
            Self::Cifar100(_) => Self::Cifar100(path),
            Self::Csv(_) => Self::Csv(path),
        }
    }

    /// Its word in a sweep file, and what the path behind it is.
    pub(crate) fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Public(set) => (set.word(), "a public set"),
            Self::Generated => ("generated", "made on the spot"),
            Self::Dir(_) => ("dir", "the folder that holds the four IDX files"),
            Self::Folder(_) => ("folder", "the folder that holds a folder of pictures for each class"),
            Self::Npz(_) => ("npz", "the file that holds the arrays"),
            Self::Cifar10(_) => ("cifar10", "the folder that holds data_batch_1.bin and the others"),
            Self::Cifar100(_) => ("cifar100", "the folder that holds train.bin and test.bin"),
            Self::Csv(_) => ("csv", "the table, or the folder that holds train.csv and test.csv"),
        }
    }

    /// The source that a word alone stands for.
    fn of_word(word: &str) -> Option<Self> {
        match word {
            "generated" => Some(Self::Generated),
            _ => word.parse().ok().map(Self::Public),
        }
    }

    /// The kind of source that a word with a path stands for.
    fn of_path(word: &str) -> Option<fn(PathBuf) -> Self> {
        match word {
            "dir" => Some(Self::Dir),
            "folder" => Some(Self::Folder),
            "npz" => Some(Self::Npz),
            "cifar10" => Some(Self::Cifar10),
            "cifar100" => Some(Self::Cifar100),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

impl fmt::Display for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(set) => f.write_str(set.title()),
            Self::Generated => f.write_str("bars and crosses (generated)"),
            Self::Dir(path)
            | Self::Folder(path)
            | Self::Npz(path)
            | Self::Cifar10(path)
            | Self::Cifar100(path)
            | Self::Csv(path) => path.display().fmt(f),
        }
    }
}

impl Serialize for DataSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (word, _) = self.words();
        match self.path() {
            None => serializer.serialize_str(word),
            Some(path) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(word, path)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for DataSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SourceVisitor;

        impl<'de> Visitor<'de> for SourceVisitor {
            type Value = DataSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word in quotes, or a table of a word and its value")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<DataSource, E> {
                match (DataSource::of_word(word), DataSource::of_path(word)) {
                    (Some(source), _) => Ok(source),
                    (None, Some(_)) => Err(E::invalid_type(Unexpected::UnitVariant, &"newtype variant")),
                    (None, None) => Err(E::unknown_variant(word, &WORDS)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DataSource, A::Error> {
                let Some(word) = map.next_key::<String>()? else {
                    return Err(A::Error::custom("wanted exactly 1 element, found 0 elements"));
                };
                let source = match (DataSource::of_path(&word), DataSource::of_word(&word)) {
                    (Some(at), _) => at(map.next_value()?),
                    (None, Some(_)) => return Err(A::Error::invalid_type(Unexpected::Map, &"unit")),
                    (None, None) => return Err(A::Error::unknown_variant(&word, &WORDS)),
                };
                match map.next_key::<String>()? {
                    None => Ok(source),
                    Some(_) => Err(A::Error::custom("wanted exactly 1 element, more than 1 element")),
                }
            }
        }

        deserializer.deserialize_any(SourceVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{TomlText, explain};

    #[derive(Debug, Serialize, Deserialize)]
    struct File {
        dataset: DataSource,
    }

    /// Every source, with its JSON. Ids of trials are hashes of it.
    fn every_source() -> Vec<(DataSource, String)> {
        let public = PublicSet::ALL.map(|set| (DataSource::Public(set), format!("\"{}\"", set.word())));
        let kinds = WORDS.into_iter().filter_map(|word| Some((word, DataSource::of_path(word)?)));
        let paths = kinds.map(|(word, at)| (at("a/b".into()), format!(r#"{{"{word}":"a/b"}}"#)));
        let generated = (DataSource::Generated, "\"generated\"".to_owned());
        public.into_iter().chain([generated]).chain(paths).collect()
    }

    #[test]
    fn every_source_is_written_as_it_is_read() {
        let sources = every_source();
        assert_eq!(sources.len(), 6 + 1 + 6);
        for (source, json) in sources {
            assert_eq!(serde_json::to_string(&source).unwrap(), json);
            assert_eq!(serde_json::from_str::<DataSource>(&json).unwrap(), source);
            assert!(WORDS.contains(&source.words().0), "{source:?}");
            let file = toml::to_string(&File { dataset: source.clone() }).unwrap();
            assert_eq!(toml::from_str::<File>(&file).unwrap().dataset, source, "{file}");
        }
        assert_eq!(serde_json::to_string(&DataSource::Public(PublicSet::Mnist)).unwrap(), "\"mnist\"");
        let fashion = DataSource::Public(PublicSet::FashionMnist);
        assert_eq!(serde_json::to_string(&fashion).unwrap(), "\"fashion_mnist\"");
    }

    #[test]
    fn a_word_is_the_public_set_and_a_table_the_users_folder() {
        for (text, expected) in [
            ("\"cifar10\"", DataSource::Public(PublicSet::Cifar10)),
            ("{ cifar10 = \"x\" }", DataSource::Cifar10("x".into())),
            ("\"cifar100\"", DataSource::Public(PublicSet::Cifar100)),
            ("{ cifar100 = \"x\" }", DataSource::Cifar100("x".into())),
            ("\"emnist-letters\"", DataSource::Public(PublicSet::EmnistLetters)),
            ("\"emnist_letters\"", DataSource::Public(PublicSet::EmnistLetters)),
            ("\"fashion-mnist\"", DataSource::Public(PublicSet::FashionMnist)),
        ] {
            let file: File = toml::from_str(&format!("dataset = {text}")).unwrap();
            assert_eq!(file.dataset, expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_source_is_answered_with_what_to_write() {
        let known = "give one of `mnist`, `fashion_mnist`, `kmnist`, `emnist_letters`, `cifar10`, `cifar100`, \
                     `generated`, `dir`, `folder`, `npz`, `csv`";
        let kind = "give a word in quotes, or a table of a word and its value";
        for (text, expected) in [
            ("\"imagenet\"", format!("dataset = \"imagenet\": {known}")),
            ("\"\"", format!("dataset = \"\": {known}")),
            ("{ folders = \"x\" }", format!("dataset = {{ folders = \"x\" }}: {known}")),
            ("\"dir\"", "dataset = \"dir\": give its value, too: { dir = ... }".to_owned()),
            ("{ mnist = \"x\" }", "dataset = { mnist = \"x\" }: give the word alone, in quotes".to_owned()),
            ("{}", "dataset = {}: give a table with one key".to_owned()),
            (
                "{ dir = \"a\", npz = \"b\" }",
                "dataset = { dir = \"a\", npz = \"b\" }: give a table with one key".to_owned(),
            ),
            ("{ dir = 3 }", "dir = 3: give text in quotes".to_owned()),
            ("{ cifar10 = {} }", "cifar10 = {}: give text in quotes".to_owned()),
            ("3", format!("dataset = 3: {kind}")),
            ("[\"mnist\"]", format!("dataset = [\"mnist\"]: {kind}")),
            ("2024-01-01", format!("dataset = 2024-01-01: a date or a time; {known}")),
        ] {
            let file = format!("dataset = {text}\n");
            let error = toml::from_str::<File>(&file).unwrap_err();
            let found = explain(TomlText::File(&file), error.span(), error.message());
            assert_eq!(found.as_deref(), Some(expected.as_str()), "{text}: {}", error.message());
        }
    }
}
