//! The files of a data set's folder: which are there, and which of several folders holds the set.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use pool_spec::PublicSet;

use crate::catalogue::{FILE_NAMES, published};
use crate::data_dir::DataDir;
use crate::error::DataError;
use crate::file_names::SetFile;

/// The file of this name: raw, with `.gz`, or under another of its names.
pub(crate) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let usual = [folder.join(name), folder.join(format!("{name}.gz"))];
    usual.into_iter().find(|path| path.is_file()).or_else(|| {
        let role = FILE_NAMES.iter().position(|known| *known == name)?;
        SetsInFolder::of(folder).0.remove("")?.swap_remove(role).into_iter().next()
    })
}

/// Which of the four files are not in the folder.
pub(crate) fn missing(folder: &Path) -> Vec<&'static str> {
    FILE_NAMES.into_iter().filter(|name| find(folder, name).is_none()).collect()
}

/// The folder from which a public set is loaded: the user's, unless only the system's has all files.
///
/// # Errors
///
/// [`DataError::NoDataDir`] if no variable names the user's folder, and the system's lacks files.
pub(crate) fn of_set(set: PublicSet, dir: &DataDir) -> Result<PathBuf, DataError> {
    let system = published(set).system_folder.map(Path::new);
    match (dir.set_folder(set), system) {
        (Ok(own), _) => Ok(choose(own, system)),
        (Err(_), Some(system)) if missing(system).is_empty() => Ok(system.to_path_buf()),
        (Err(error), _) => Err(error),
    }
}

fn choose(own: PathBuf, system: Option<&Path>) -> PathBuf {
    let complete = |folder: &Path| missing(folder).is_empty();
    match system {
        Some(system) if !complete(&own) && complete(system) => system.to_path_buf(),
        _ => own,
    }
}

/// The four files of the one data set that a folder holds, in the order of [`FILE_NAMES`].
///
/// # Errors
///
/// [`DataError::Missing`] with `cure`, followed by files there with similar names, or [`DataError::SeveralFiles`] if
/// several sets are complete or two files could have the same role.
pub(crate) fn four_files(set: &str, folder: &Path, cure: &str) -> Result<[PathBuf; 4], DataError> {
    let SetsInFolder(sets) = SetsInFolder::of(folder);
    let complete: Vec<&Roles> = sets.values().filter(|files| is_complete(files)).collect();
    // A folder is for the set without a prefix, if there is one.
    let unnamed = sets.get("").filter(|files| is_complete(files));
    let Some(chosen) = unnamed.or_else(|| complete.first().copied()) else {
        // The set that lacks the fewest files; of equals the one without a prefix, which is last when reversed.
        let nearest =
            sets.values().rev().max_by_key(|files| files.iter().filter(|found| !found.is_empty()).count());
        let is_missing = |role: usize| nearest.is_none_or(|files| files[role].is_empty());
        let files = FILE_NAMES.into_iter().enumerate().filter(|(role, _)| is_missing(*role));
        return Err(DataError::Missing {
            set: set.to_owned(),
            folder: folder.to_path_buf(),
            files: files.map(|(_, name)| name.to_owned()).collect(),
            cure: format!("{cure}{}", strangers(folder)),
        });
    };
    if complete.len() > 1 && unnamed.is_none() {
        let first_files = complete.iter().filter_map(|files| files[0].first().cloned());
        return Err(several(folder, FILE_NAMES[0], first_files.collect()));
    }
    for (name, found) in FILE_NAMES.into_iter().zip(chosen) {
        if let [first, second, ..] = found.as_slice()
            && rank(first) == rank(second)
        {
            return Err(several(folder, name, vec![first.clone(), second.clone()]));
        }
    }
    Ok([0, 1, 2, 3].map(|role| chosen[role][0].clone()))
}

fn several(folder: &Path, name: &str, found: Vec<PathBuf>) -> DataError {
    let within = |path: PathBuf| path.strip_prefix(folder).map(Path::to_path_buf).unwrap_or(path);
    DataError::SeveralFiles {
        folder: folder.to_path_buf(),
        name: name.to_owned(),
        found: found.into_iter().map(within).collect(),
    }
}

/// For each role the files that could have it, the likeliest first.
type Roles = Vec<Vec<PathBuf>>;

fn is_complete(files: &Roles) -> bool {
    files.iter().all(|found| !found.is_empty())
}

/// The files of a folder that are named as a data set's are, by their prefix.
struct SetsInFolder(BTreeMap<String, Roles>);

impl SetsInFolder {
    fn of(folder: &Path) -> Self {
        let mut sets = BTreeMap::<String, Roles>::new();
        for (path, file) in entries(folder) {
            let found = if path.is_dir() {
                let inside = entries(&path).into_iter();
                inside
                    .filter(|(inner, parsed)| *parsed == file && inner.is_file())
                    .map(|(inner, _)| inner)
                    .collect()
            } else {
                vec![path]
            };
            sets.entry(file.prefix).or_insert_with(|| vec![Vec::new(); FILE_NAMES.len()])[file.role]
                .extend(found);
        }
        for found in sets.values_mut().flatten() {
            found.sort_by_key(|path| (rank(path), path.clone()));
        }
        Self(sets)
    }
}

/// The files and folders that are named as a data set's files are. A folder that cannot be read counts as empty.
fn entries(folder: &Path) -> Vec<(PathBuf, SetFile)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter_map(|path| SetFile::parse(name_of(&path)).map(|file| (path, file))).collect()
}

/// How far a file is from its usual name: 0 for the raw file, more for others. A file in a folder of its own name comes
/// last, because Kaggle offers the same file next to that folder.
fn rank(path: &Path) -> u8 {
    let name = name_of(path);
    let nested = path.parent().is_some_and(|folder| SetFile::parse(name_of(folder)).is_some());
    let unusual = !SetFile::parse(name).is_some_and(|file| file.is_usual(name));
    4 * u8::from(nested) + 2 * u8::from(unusual) + u8::from(name.ends_with(".gz"))
}

/// Files whose names resemble those of a data set, for the end of a message.
fn strangers(folder: &Path) -> String {
    const MOST: usize = 4;
    const WORDS: [&str; 4] = ["ubyte", "idx", "images", "labels"];
    let Ok(entries) = fs::read_dir(folder) else { return String::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_near = |name: &String| {
        let lower = name.to_ascii_lowercase();
        SetFile::parse(name).is_none()
            && !name.contains(char::is_control)
            && WORDS.iter().any(|word| lower.contains(word))
    };
    let mut names: Vec<String> = names.filter(is_near).collect();
    names.sort();
    names.truncate(MOST);
    if names.is_empty() { String::new() } else { format!("; found there: {}", names.join(", ")) }
}

/// A file's name; empty if it is not valid Unicode, as every name of a data set's file is.
fn name_of(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, each holding its own name.
    fn folder_of(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        folder
    }

    /// The four files, within the folder.
    fn four(folder: &Path) -> Result<[String; 4], String> {
        let within = |path: PathBuf| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        match four_files("letters", folder, "put them there") {
            Ok(files) => Ok(files.map(within)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_set_is_taken_from_the_system_only_when_it_is_complete_there_and_not_in_the_users_folder() {
        let (full, part) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in FILE_NAMES {
            fs::write(full.path().join(format!("{name}.gz")), "").unwrap();
        }
        fs::write(part.path().join(FILE_NAMES[0]), "").unwrap();
        let (full, part) = (full.path(), part.path());
        let table = [
            (full, Some(full), full, "the user's folder has all files"),
            (full, None, full, "there is no other"),
            (part, Some(full), full, "the user's folder lacks files"),
            (part, Some(part), part, "neither is complete: the user's is the one to fill"),
            (part, None, part, "there is no other"),
        ];
        for (own, system, expected, why) in table {
            assert_eq!(choose(own.to_path_buf(), system), expected, "{why}");
        }
    }

    #[test]
    fn the_raw_file_is_preferred_to_the_compressed_one_and_the_usual_name_to_others() {
        let name = FILE_NAMES[0];
        let in_order = [
            "train-images-idx3-ubyte",
            "train-images-idx3-ubyte.gz",
            "train-images.idx3-ubyte",
            "train-images.idx3-ubyte.gz",
            "train-images-idx3-ubyte_/ignored",
        ];
        for preferred in 0..4 {
            let folder = folder_of(&in_order[preferred..]);
            assert_eq!(find(folder.path(), name), Some(folder.path().join(in_order[preferred])));
        }
        assert_eq!(find(folder_of(&in_order[4..]).path(), name), None);
        let kaggle = folder_of(&["train-images-idx3-ubyte/train-images-idx3-ubyte"]);
        assert_eq!(find(kaggle.path(), name), Some(kaggle.path().join(name).join(name)));
    }

    #[test]
    fn a_set_is_found_under_every_kind_of_name() {
        let dots = FILE_NAMES.map(|name| name.replace("-idx", ".idx"));
        let kaggle = FILE_NAMES.map(|name| format!("{name}/{name}"));
        let letters = FILE_NAMES.map(|name| format!("emnist-letters-{}.gz", name.replace("t10k", "test")));
        for names in [FILE_NAMES.map(str::to_owned), dots.clone(), kaggle.clone(), letters.clone()] {
            let folder = folder_of(&names.each_ref().map(String::as_str));
            assert_eq!(four(folder.path()), Ok(names));
        }
        // Kaggle's archive has both. A complete set with a prefix gives way to the one without.
        let all = [&dots[..], &kaggle, &letters].concat();
        let folder = folder_of(&all.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(four(folder.path()), Ok(dots));
    }

    #[test]
    fn two_complete_sets_or_two_files_for_one_role_are_refused_by_name() {
        let sets = ["digits", "letters"].map(|set| FILE_NAMES.map(|name| format!("{set}-{name}")));
        let folder = folder_of(&sets.as_flattened().iter().map(String::as_str).collect::<Vec<_>>());
        let expected = format!(
            "{}: several files could be train-images-idx3-ubyte: digits-train-images-idx3-ubyte, \
             letters-train-images-idx3-ubyte; leave one data set in the folder",
            folder.path().display()
        );
        assert_eq!(four(folder.path()), Err(expected));
        // An incomplete set does not count.
        fs::remove_file(folder.path().join("digits-t10k-images-idx3-ubyte")).unwrap();
        assert_eq!(four(folder.path()), Ok(sets[1].clone()));

        fs::write(folder.path().join("letters_t10k-images-idx3-ubyte"), "").unwrap();
        let message = four(folder.path()).unwrap_err();
        assert!(
            message.contains(
                "several files could be t10k-images-idx3-ubyte: letters-t10k-images-idx3-ubyte, \
                 letters_t10k-images-idx3-ubyte;"
            ),
            "{message}"
        );
    }

    #[test]
    fn missing_files_are_named_and_so_are_files_with_similar_names() {
        let files = ["letters-train-images-idx3-ubyte", "train_images.npy", "two\nlines.idx", "notes.txt"];
        let folder = folder_of(&files);
        let expected = format!(
            "data set letters is not in {}: missing train-labels-idx1-ubyte, t10k-images-idx3-ubyte, \
             t10k-labels-idx1-ubyte; put them there; found there: train_images.npy",
            folder.path().display()
        );
        assert_eq!(four(folder.path()), Err(expected));
        let nowhere = folder.path().join("nowhere");
        let message = four(&nowhere).unwrap_err();
        assert!(message.contains("missing train-images-idx3-ubyte, train-labels-idx1-ubyte,"), "{message}");
    }
}
