//! From a bundle to a run directory.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use pool_files::PartialFolder;
use pool_spec::PlanFile;
use pool_spec::reading::one_line;
use tar::{Archive, Entry};

use super::contents::{
    ENVIRONMENT, LOCK_FILE, MOST_BYTES, MOST_FILE_BYTES, READ_ME, name_of, name_of_plan, names_after_plan,
    stem_of,
};
use crate::{BundleError, RunError, RunLayout, SeedsOfReport, check_outside_runs};

/// What may follow the last file of an archive: zeros up to a whole record of tar.
const MOST_END_BYTES: u64 = 20 * 512;
const PIECE_BYTES: usize = 64 * 1024;

/// Unpacks a bundle into `folder`; without one, into a folder next to it that is called as the bundle is before its
/// ending. Returns the folder, which is then a run directory.
///
/// A folder that holds this run already is left as it is. Nothing is left of a bundle that cannot be unpacked.
///
/// # Errors
/// A file that is no bundle, holds anything but the files of one run, or more than a bundle may; a folder with something
/// else in it, or another state of the run; a place within a run; files that cannot be read or written.
pub fn unpack_run(bundle: &Path, folder: Option<&Path>) -> Result<PathBuf, BundleError> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => bundle.with_file_name(stem_of(bundle)?),
    };
    check_outside_runs(&folder)?;
    let file = File::open(bundle).map_err(RunError::io("read", bundle))?;
    let partial = PartialFolder::beside(&folder).map_err(RunError::io("create", &folder))?;
    let plan = unpack_into(partial.path(), &folder, bundle, file)?;
    if is_free(&folder) {
        partial.rename(&folder).map_err(RunError::io("create", &folder))?;
    } else {
        check_same(bundle, &plan, partial.path(), &folder)?;
    }
    Ok(folder)
}

/// Whether nothing is there, or an empty folder.
fn is_free(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

fn unpack_into(partial: &Path, folder: &Path, bundle: &Path, file: File) -> Result<PlanFile, BundleError> {
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(file)));
    let expected = BTreeSet::from([name_of_plan()]);
    let mut unpacking = Unpacking { bundle, folder, partial, expected, plan: None, bytes: 0 };
    let broken = |error: io::Error| broken(bundle, &error);
    // Raw: as the headers have it, without long names of any length.
    for entry in archive.entries().map_err(broken)?.raw(true) {
        unpacking.take(&mut entry.map_err(broken)?)?;
    }
    // Reading on to the end compares the checksum of all of it.
    let mut end = archive.into_inner().take(MOST_END_BYTES + 1);
    if io::copy(&mut end, &mut io::sink()).map_err(broken)? > MOST_END_BYTES {
        return Err(unpacking.refused("something follows its last file"));
    }
    let plan = unpacking.plan.take();
    plan.ok_or_else(|| unpacking.refused("it is empty"))
}

fn broken(bundle: &Path, cause: &dyn std::fmt::Display) -> BundleError {
    BundleError::Broken { path: bundle.to_owned(), cause: one_line(&cause.to_string()) }
}

/// A bundle of which some files were written.
struct Unpacking<'a> {
    bundle: &'a Path,
    /// What the run directory will be called.
    folder: &'a Path,
    /// Where it lies until then.
    partial: &'a Path,
    /// Files that may come.
    expected: BTreeSet<String>,
    plan: Option<PlanFile>,
    bytes: u64,
}

impl Unpacking<'_> {
    fn refused(&self, cause: &str) -> BundleError {
        broken(self.bundle, &cause)
    }

    fn take(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<(), BundleError> {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if !kind.is_file() {
            let kind = format!("{kind:?}").to_lowercase();
            return Err(self.refused(&format!("{name} in it is no regular file ({kind})")));
        }
        if !self.expected.remove(&name) {
            let cause = match self.plan {
                Some(_) => format!("{name} in it is no file of this run, or is there twice"),
                None => format!("its first file is {name}, and that of a bundle is {}", name_of_plan()),
            };
            return Err(self.refused(&cause));
        }
        self.bytes = self.bytes.saturating_add(entry.size());
        if entry.size() > MOST_FILE_BYTES || self.bytes > MOST_BYTES {
            let [file, all] = [MOST_FILE_BYTES, MOST_BYTES].map(|bytes| bytes >> 20);
            return Err(self.refused(&format!(
                "with {name} it holds more than a bundle may, {file} MiB in a file and {all} MiB in all"
            )));
        }
        self.write(&name, entry)?;
        if self.plan.is_none() {
            self.plan = Some(self.read_plan(&name)?);
        }
        Ok(())
    }

    /// Writes an entry to the file of this name. No file is flushed to the disk: whether all of them are there is seen
    /// whenever the bundle is given again, and then it can be unpacked again, too.
    fn write(&self, name: &str, entry: &mut Entry<'_, impl Read>) -> Result<(), BundleError> {
        let shown = self.folder.join(name);
        let failed = |error: io::Error| BundleError::from(RunError::io("write", &shown)(error));
        let path = self.partial.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let mut file = File::create_new(&path).map_err(failed)?;
        let (mut written, mut piece) = (0, vec![0; PIECE_BYTES]);
        loop {
            match entry.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => {
                    written += read as u64;
                    file.write_all(&piece[..read]).map_err(failed)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(self.bundle, &error)),
            }
        }
        if written != entry.size() {
            return Err(self.refused(&format!("it ends within {name}")));
        }
        Ok(())
    }

    /// Reads the plan, and expects what a run with this plan may have.
    fn read_plan(&mut self, name: &str) -> Result<PlanFile, BundleError> {
        let text = fs::read_to_string(self.partial.join(name));
        let text = text.map_err(|error| self.refused(&format!("{name}: {error}")))?;
        let plan = PlanFile::from_json(&text).map_err(|error| self.refused(&format!("{name}: {error}")))?;
        self.expected = names_after_plan(&plan);
        self.expected.extend([LOCK_FILE, READ_ME, ENVIRONMENT].map(str::to_owned));
        Ok(plan)
    }
}

/// Checks that a report of the folder would be the bundle's: that every file that it reads is the same, or lacks in both.
fn check_same(bundle: &Path, plan: &PlanFile, unpacked: &Path, folder: &Path) -> Result<(), BundleError> {
    let layout = RunLayout::new("");
    let of_reports = name_of(&layout.seeds_of_reports());
    let differs = |name: &str| {
        if *name == of_reports {
            return !noted_the_same(plan, unpacked, folder);
        }
        let [bundled, found] = [unpacked, folder].map(|root| fs::read(root.join(name)).ok());
        bundled != found
    };
    let names = std::iter::once(name_of_plan()).chain(names_after_plan(plan));
    match names.into_iter().find(|name| differs(name)) {
        None => Ok(()),
        Some(name) => {
            Err(BundleError::AnotherRun { folder: folder.to_owned(), name, bundle: bundle.to_owned() })
        }
    }
}

/// Whether the same reports were written for both, except for one of this very plan.
fn noted_the_same(plan: &PlanFile, unpacked: &Path, folder: &Path) -> bool {
    let [mut bundled, found] = [unpacked, folder].map(|root| SeedsOfReport::read(&RunLayout::new(root)));
    if found == bundled {
        return true;
    }
    bundled.push(SeedsOfReport::planned(plan));
    found == bundled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_all_files_are_counted_before_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(9);
        builder.append_data(&mut header, "sweep.toml", &b"nine more"[..]).unwrap();
        let archive = builder.into_inner().unwrap();
        for (before, fits) in [(MOST_BYTES - 9, true), (MOST_BYTES - 8, false)] {
            let partial = folder.path().join(before.to_string());
            let mut unpacking = Unpacking {
                bundle: Path::new("b.pool-run.tar.gz"),
                folder: Path::new("b"),
                partial: &partial,
                expected: BTreeSet::from(["sweep.toml".to_owned()]),
                plan: Some(PlanFile::default()),
                bytes: before,
            };
            let mut archive = Archive::new(&archive[..]);
            let mut entry = archive.entries().unwrap().raw(true).next().unwrap().unwrap();
            let taken = unpacking.take(&mut entry);
            assert_eq!(taken.is_ok(), fits);
            assert_eq!(partial.join("sweep.toml").exists(), fits);
            if let Err(error) = taken {
                assert_eq!(
                    error.to_string(),
                    "b.pool-run.tar.gz cannot be unpacked: with sweep.toml it holds more than a bundle may, 256 MiB in a file \
                     and 4096 MiB in all; get the bundle again, or pack the run again with `pool-cli bundle`"
                );
            }
        }
    }
}
