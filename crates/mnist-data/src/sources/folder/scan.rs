//! Which files a folder of pictures holds, by class, before any of them is opened.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use pool_files::PICTURE_EXTENSIONS;

use super::super::{MOST_CLASSES, wrong};
use crate::decoded::Stamp;
use crate::error::DataError;

/// Formats that are pictures to people, and that nothing here reads: such a file is not passed over in silence.
const OTHER_PICTURES: [&str; 8] = ["tif", "tiff", "heic", "heif", "avif", "jxl", "svg", "raw"];

/// What people call the folder of validation images, next to `train`.
const VALIDATION: [&str; 3] = ["val", "valid", "validation"];

const CLASSES_CURE: &str =
    "arrange the pictures as CLASS/picture.png, or as train/CLASS/picture.png and test/CLASS/picture.png";

/// The files of a folder, in the order in which they become images: by their own names, whatever class they are of. A set
/// whose pictures were numbered keeps its order, and the last of them are of every class.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) folder: PathBuf,
    /// By label: the names of the folders, sorted.
    pub(super) classes: Vec<String>,
    pub(super) train: Vec<Found>,
    /// `None` if there is no folder of [`VALIDATION`].
    pub(super) validation: Option<Vec<Found>>,
    /// `None` if there is no folder `test`.
    pub(super) test: Option<Vec<Found>>,
}

/// A picture that is yet to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Within the folder.
    pub(super) file: String,
    pub(super) label: u16,
    /// `None` if it cannot be looked at.
    pub(super) stamp: Option<Stamp>,
}

impl Scan {
    /// # Errors
    /// [`DataError::Source`] or [`DataError::Io`].
    pub(super) fn of(folder: &Path) -> Result<Self, DataError> {
        if !folder.is_dir() {
            return Err(match folder.exists() {
                true => wrong(folder, "source", "a folder", "a file", "name the folder around it"),
                false => DataError::Missing {
                    set: super::super::name_of(folder),
                    folder: folder.parent().unwrap_or(Path::new("")).to_path_buf(),
                    files: vec![super::super::name_of(folder)],
                    cure: "put the folder of pictures there, or correct its name".to_owned(),
                },
            });
        }
        let parted = folder.join("train").is_dir();
        let train = Part::of(folder, if parted { "train" } else { "" })?;
        let classes: Vec<String> = train.0.keys().cloned().collect();
        if classes.is_empty() || classes.len() > MOST_CLASSES {
            let expected = format!("a folder for each class, 1 to {MOST_CLASSES}");
            return Err(wrong(folder, "classes", expected, classes.len(), CLASSES_CURE));
        }
        let part = |name: &str| match parted && folder.join(name).is_dir() {
            true => Part::of(folder, name)?.labelled(folder, name, &classes).map(Some),
            false => Ok(None),
        };
        let test = part("test")?;
        let mut named = VALIDATION.into_iter().filter(|name| folder.join(name).is_dir());
        let validation = named.next().map(part).transpose()?.flatten();
        if let (Some(_), Some(another)) = (&validation, named.next()) {
            let expected = "one folder of validation images";
            return Err(wrong(
                folder,
                another,
                expected,
                "another beside it",
                "put their pictures into one of them",
            ));
        }
        let train = train.labelled(folder, "train", &classes)?;
        Ok(Self { folder: folder.to_path_buf(), train, validation, test, classes })
    }

    /// The files of every part, by its name.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &Vec<Found>)> {
        let others = [("validation", self.validation.as_ref()), ("test", self.test.as_ref())];
        let others = others.into_iter().filter_map(|(name, found)| found.map(|found| (name, found)));
        std::iter::once(("train", &self.train)).chain(others)
    }

    /// All files, training first.
    pub(super) fn files(&self) -> impl Iterator<Item = &Found> {
        self.parts().flat_map(|(_, found)| found)
    }

    pub(super) fn path_of(&self, found: &Found) -> PathBuf {
        self.folder.join(&found.file)
    }
}

/// The files of every class, by its name.
struct Part(BTreeMap<String, Vec<Found>>);

impl Part {
    /// `within` is `train`, `test`, or nothing.
    fn of(folder: &Path, within: &str) -> Result<Self, DataError> {
        let mut classes = BTreeMap::new();
        for (name, path, metadata) in entries(folder, &folder.join(within))? {
            // A class that cannot be looked at, such as a link that leads in a circle, is not passed over.
            let metadata = metadata.map_err(DataError::io(&path, "open"))?;
            if metadata.is_dir() {
                let inside = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
                let pictures = pictures(folder, &path, &inside)?;
                classes.insert(name, pictures);
            } else if is_picture(&name) {
                let cure = CLASSES_CURE;
                return Err(wrong(
                    folder,
                    "pictures",
                    "every picture in the folder of its class",
                    path.display(),
                    cure,
                ));
            }
        }
        Ok(Self(classes))
    }

    /// Its files in order, with the labels that their classes have in `train`.
    fn labelled(self, folder: &Path, name: &str, classes: &[String]) -> Result<Vec<Found>, DataError> {
        let mut labelled = Vec::new();
        for (class, found) in self.0 {
            let label = classes.binary_search(&class).map_err(|_| {
                let found = format!("one that only {name} has");
                let cure = "add pictures of it to train";
                wrong(folder, format!("{name}/{class}"), "a class of train", found, cure)
            })?;
            labelled.extend(found.into_iter().map(|found| Found { label: label as u16, ..found }));
        }
        labelled.sort_by(|a, b| a.place().cmp(&b.place()));
        Ok(labelled)
    }
}

impl Found {
    /// Where it stands among the others: by its number, if its name is one, else by its name; then by its class.
    fn place(&self) -> (u64, &str, u16) {
        let name = self.file.rsplit_once('/').map_or(self.file.as_str(), |(_, name)| name);
        let number = name.split_once('.').and_then(|(stem, _)| stem.parse().ok());
        (number.unwrap_or(u64::MAX), name, self.label)
    }
}

/// The pictures of one class, in no order.
fn pictures(folder: &Path, class: &Path, inside: &str) -> Result<Vec<Found>, DataError> {
    let mut pictures = Vec::new();
    for (name, path, metadata) in entries(folder, class)? {
        let file = format!("{inside}/{name}");
        match metadata {
            Ok(metadata) if metadata.is_dir() => {
                let cure = "move its pictures up into the folder of the class, or remove it";
                return Err(wrong(folder, file, "a picture", "a folder within a class", cure));
            }
            // What cannot even be looked at is found out again when it is opened, and named there.
            metadata if is_picture(&name) => {
                pictures.push(Found { file, label: 0, stamp: metadata.as_ref().ok().map(Stamp::of) });
            }
            _ => tracing::debug!(file = %path.display(), "no picture by its name"),
        }
    }
    if pictures.is_empty() {
        let expected = "at least one picture (.png, .jpg, .jpeg, .webp, .bmp or .gif)";
        return Err(wrong(
            folder,
            inside,
            expected,
            "none",
            "add pictures of this class, or remove its folder",
        ));
    }
    Ok(pictures)
}

type Entry = (String, PathBuf, std::io::Result<Metadata>);

/// What a folder holds, links followed, without what begins with a dot or what archives of macOS add.
fn entries(folder: &Path, path: &Path) -> Result<Vec<Entry>, DataError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(DataError::io(path, "read"))? {
        let path = entry.map_err(DataError::io(path, "read"))?.path();
        let name = path.file_name().unwrap_or_default();
        let Some(name) = name.to_str() else {
            let found = path.display().to_string();
            return Err(wrong(folder, "file name", "UTF-8 text", found, "rename the file"));
        };
        if name.contains(char::is_control) {
            let found = name.escape_debug();
            return Err(wrong(
                folder,
                "file name",
                "a name without control characters",
                found,
                "rename the file",
            ));
        }
        if !name.starts_with('.') && name != "__MACOSX" {
            let metadata = fs::metadata(&path);
            entries.push((name.to_owned(), path, metadata));
        }
    }
    Ok(entries)
}

fn is_picture(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| {
        PICTURE_EXTENSIONS.iter().chain(&OTHER_PICTURES).any(|known| *known == extension)
    })
}
