//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes under a temporary name, flushes to the disk, and renames: a reader, and a machine that loses power, sees the
/// old file or the new one and nothing between.
///
/// A link is followed, and what is no file (a folder, a device, a pipe) is refused: renaming would replace it.
///
/// # Errors
/// The system's, of any of the three steps, in words where its own would say little.
pub fn atomic_write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = target_of(path)?;
    write_and_rename(&target, bytes).map_err(without_temporary_name)
}

/// As [`atomic_write`], for writers that want a path and not bytes: `write` makes a file of the same name in a temporary
/// folder beside it.
///
/// # Errors
/// As [`atomic_write`], and what `write` returns.
pub fn atomic_write_with(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let target = target_of(path)?;
    let name = target.file_name().ok_or(io::Error::other("it names no file"))?;
    let folder = folder_of(&target);
    let temporary =
        tempfile::Builder::new().prefix(PARTIAL_PREFIX).tempdir_in(folder).map_err(without_temporary_name)?;
    let partial = temporary.path().join(name);
    write(&partial)?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, &target)?;
    flush(folder);
    Ok(())
}

/// How the names of what is not finished begin.
pub const PARTIAL_PREFIX: &str = ".partial-";

/// Where a path leads.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    // A path that leads nowhere yet is written where it says.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if target.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is no regular file, and would be replaced by one"));
    }
    Ok(target)
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_and_rename(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let mut file = new_temporary_file(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    flush(folder);
    Ok(())
}

/// A rename lives in the folder. Not every file system can flush one, and the file is whole either way.
pub(crate) fn flush(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// A temporary file that others may read once it has its final name, as any file of a run directory.
fn new_temporary_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o644));
    }
    builder.prefix(PARTIAL_PREFIX).tempfile_in(folder)
}

/// tempfile adds the temporary name to an error, which says nothing to a user.
pub(crate) fn without_temporary_name(error: io::Error) -> io::Error {
    match error.kind() {
        _ if error.raw_os_error().is_some() => error,
        io::ErrorKind::NotFound => io::Error::new(io::ErrorKind::NotFound, "its folder does not exist"),
        kind => kind.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        atomic_write(&path, b"a long first version").unwrap();
        atomic_write(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_writer_gets_a_path_of_the_same_name_and_its_failure_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.pt");
        atomic_write_with(&path, |partial| {
            assert_eq!(partial.file_name(), path.file_name());
            fs::write(partial, b"first")
        })
        .unwrap();
        let failed = atomic_write_with(&path, |partial| {
            fs::write(partial, b"half")?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        for path in ["", ".."] {
            assert!(atomic_write_with(Path::new(path), |_| Ok(())).is_err(), "{path:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_nothing_but_files_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        atomic_write(&file, b"first").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        atomic_write(&link, b"second").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"second");
        assert!(link.is_symlink());
        for path in [folder.path(), Path::new("/dev/null")] {
            let error = atomic_write(path, b"").unwrap_err().to_string();
            assert_eq!(error, "it is no regular file, and would be replaced by one", "{}", path.display());
        }
        assert!(!Path::new("/dev/null").is_file());
    }

    #[test]
    fn an_error_does_not_speak_of_temporary_names() {
        let error = atomic_write(Path::new("/nonexistent/record.json"), b"").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!error.to_string().contains("partial"), "{error}");
    }
}
