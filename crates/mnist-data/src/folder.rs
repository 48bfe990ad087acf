//! The files of a data set's folder: which are there, and which of several folders holds the set.

use std::path::{Path, PathBuf};

use crate::catalogue::{FILE_NAMES, PublicSet};
use crate::data_dir::DataDir;

/// The file of this name, raw or (second) with `.gz`.
pub(crate) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(name), folder.join(format!("{name}.gz"))].into_iter().find(|path| path.is_file())
}

/// Those of the four files that are not in the folder.
pub(crate) fn missing(folder: &Path) -> Vec<&'static str> {
    FILE_NAMES.into_iter().filter(|name| find(folder, name).is_none()).collect()
}

/// The folder from which a public set is loaded: the user's, unless only the system's has all files.
pub(crate) fn of_set(set: PublicSet, dir: &DataDir) -> PathBuf {
    choose(dir.set_folder(set), set.system_folder())
}

fn choose(own: PathBuf, system: Option<&Path>) -> PathBuf {
    let complete = |folder: &Path| missing(folder).is_empty();
    match system {
        Some(system) if !complete(&own) && complete(system) => system.to_path_buf(),
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

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
    fn the_raw_file_is_preferred_to_the_compressed_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.gz"), "").unwrap();
        assert_eq!(find(folder.path(), "a"), Some(folder.path().join("a.gz")));
        fs::write(folder.path().join("a"), "").unwrap();
        assert_eq!(find(folder.path(), "a"), Some(folder.path().join("a")));
    }
}
