//! Folders that are there whole or not at all.

use std::fs;
use std::io;
use std::path::Path;

use tempfile::TempDir;

use crate::atomic_write::{PARTIAL_PREFIX, flush, folder_of, without_temporary_name};

/// A folder under a temporary name, for files that are to appear together. It is removed with this value, unless
/// [`PartialFolder::rename`] has given it its own name.
#[derive(Debug)]
pub struct PartialFolder(TempDir);

impl PartialFolder {
    /// Makes it, empty, in the folder that `target` is to lie in.
    ///
    /// # Errors
    /// The system's, in words where its own would say little.
    pub fn beside(target: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        // Others may enter it once it has its name, as any folder of a run.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o755));
        }
        let made = builder.prefix(PARTIAL_PREFIX).tempdir_in(folder_of(target));
        made.map(Self).map_err(without_temporary_name)
    }

    /// Where it lies until then.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Gives it its name, which nothing but an empty folder may have.
    ///
    /// # Errors
    /// The system's; the folder is then removed.
    pub fn rename(self, target: &Path) -> io::Result<()> {
        fs::rename(self.path(), target)?;
        // Nothing is left under the temporary name.
        let _ = self.0.keep();
        flush(folder_of(target));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_with_all_of_its_files() {
        let around = tempfile::tempdir().unwrap();
        let target = around.path().join("run");
        let partial = PartialFolder::beside(&target).unwrap();
        fs::write(partial.path().join("plan.json"), "{}").unwrap();
        assert!(!target.exists());
        partial.rename(&target).unwrap();
        assert_eq!(fs::read_to_string(target.join("plan.json")).unwrap(), "{}");
        assert_eq!(fs::read_dir(around.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_gets_no_name_leaves_nothing() {
        let around = tempfile::tempdir().unwrap();
        let target = around.path().join("run");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("mine"), "").unwrap();
        let partial = PartialFolder::beside(&target).unwrap();
        fs::write(partial.path().join("plan.json"), "{}").unwrap();
        partial.rename(&target).unwrap_err();
        drop(PartialFolder::beside(&target).unwrap());
        assert_eq!(fs::read_dir(around.path()).unwrap().count(), 1);
        assert!(target.join("mine").exists() && !target.join("plan.json").exists());
    }

    #[cfg(unix)]
    #[test]
    fn others_may_enter_it() {
        use std::os::unix::fs::PermissionsExt;
        let around = tempfile::tempdir().unwrap();
        let [probe, target] = ["probe", "run"].map(|name| around.path().join(name));
        fs::create_dir(&probe).unwrap();
        PartialFolder::beside(&target).unwrap().rename(&target).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o055;
        assert_eq!(mode(&target), mode(&probe), "as a folder that was made in the usual way");
    }

    #[test]
    fn a_place_that_is_not_there_is_named_without_the_temporary_name() {
        let error = PartialFolder::beside(Path::new("/nonexistent/run")).unwrap_err();
        assert_eq!(error.to_string(), "its folder does not exist");
    }
}
