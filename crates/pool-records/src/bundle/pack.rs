//! From a run directory to a bundle.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use pool_files::atomic_write_with;
use pool_spec::PlanFile;
use pool_spec::reading::one_line;
use serde::{Deserialize, Serialize};

use super::contents::{
    ENVIRONMENT, LOCK_FILE, MOST_BYTES, MOST_FILE_BYTES, READ_ME, name_of_plan, names_after_plan, stem_of,
    usual_name,
};
use crate::{BundleError, Provenance, RunError, RunLayout, check_outputs};

/// The program that packs a run.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PackedBy<'a> {
    /// Its name and version.
    pub program: &'a str,
    /// Git revision that it was built from; `None` when built outside a repository.
    pub git_revision: Option<&'a str>,
    /// The text of its `Cargo.lock`.
    #[serde(skip)]
    pub lock_file: &'a str,
}

/// A bundle that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedRun {
    /// The file.
    pub path: PathBuf,
    /// Files in it.
    pub files: usize,
    /// Its length.
    pub bytes: u64,
}

/// Packs everything that a report of the run is made of into `file`; without one, into the current folder under the
/// study's name. A run that goes on meanwhile is packed as a report would find it.
///
/// # Errors
/// A folder that is no run directory, a name that is no bundle's, a place among the files of a run, files that cannot be
/// read or written, and a run that is larger than a bundle may be.
pub fn pack_run(root: &Path, file: Option<&Path>, by: &PackedBy<'_>) -> Result<PackedRun, BundleError> {
    let layout = RunLayout::new(root);
    let plan_text = text_of_plan(&layout)?;
    let plan =
        PlanFile::from_json(&plan_text).map_err(|cause| RunError::Json { path: layout.plan(), cause })?;
    let file = file.map_or_else(|| usual_name(&plan.study), Path::to_owned);
    stem_of(&file)?;
    check_outputs(&[], &[&file])?;
    let mut files = 0;
    let written = atomic_write_with(&file, |partial| {
        let packed =
            Packing::create(partial, &file).and_then(|packing| packing.pack(&layout, &plan_text, &plan, by));
        files = packed.map_err(io::Error::other)?;
        Ok(())
    });
    written.map_err(|error| match error.downcast::<BundleError>() {
        Ok(error) => error,
        Err(error) => RunError::io("write", &file)(error).into(),
    })?;
    let bytes = fs::metadata(&file).map_err(RunError::io("read", &file))?.len();
    Ok(PackedRun { path: file, files, bytes })
}

fn text_of_plan(layout: &RunLayout) -> Result<String, BundleError> {
    let path = layout.plan();
    fs::read_to_string(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            BundleError::NoRun { path: layout.root().to_owned() }
        }
        _ => RunError::io("read", &path)(error).into(),
    })
}

/// An archive that is being written.
struct Packing<'a> {
    archive: tar::Builder<GzEncoder<BufWriter<File>>>,
    /// What it will be called.
    file: &'a Path,
    files: usize,
    bytes: u64,
    environments: Vec<Environment>,
}

/// What some of the records were computed with.
#[derive(Debug, Serialize)]
struct Environment {
    /// How many.
    tasks: usize,
    /// The start is that of the first of them, the end that of the last.
    provenance: Provenance,
}

impl<'a> Packing<'a> {
    fn create(partial: &Path, file: &'a Path) -> Result<Self, BundleError> {
        let created = File::create(partial).map_err(RunError::io("write", file))?;
        // The default header of gzip has neither a time nor a system.
        let packed = GzEncoder::new(BufWriter::new(created), Compression::best());
        let archive = tar::Builder::new(packed);
        Ok(Self { archive, file, files: 0, bytes: 0, environments: Vec::new() })
    }

    /// Writes all of it; the number of files.
    fn pack(
        mut self,
        layout: &RunLayout,
        plan_text: &str,
        plan: &PlanFile,
        by: &PackedBy<'_>,
    ) -> Result<usize, BundleError> {
        self.add(&name_of_plan(), plan_text.as_bytes())?;
        for name in names_after_plan(plan) {
            self.add_file(&name, &layout.root().join(&name))?;
        }
        self.add(LOCK_FILE, by.lock_file.as_bytes())?;
        self.add(READ_ME, read_me(&plan.study).as_bytes())?;
        let environment = environment_text(by, &self.environments);
        self.add(ENVIRONMENT, environment.as_bytes())?;
        let Self { archive, file, files, .. } = self;
        let finished = archive.into_inner().and_then(GzEncoder::finish).and_then(|mut file| file.flush());
        finished.map_err(RunError::io("write", file))?;
        Ok(files)
    }

    /// Adds a file of the run, if it is there.
    fn add_file(&mut self, name: &str, path: &Path) -> Result<(), BundleError> {
        let length = match fs::metadata(path) {
            Ok(found) => found.len(),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => return Err(RunError::io("read", path)(error).into()),
        };
        self.check_size(name, length)?;
        let content = fs::read(path).map_err(RunError::io("read", path))?;
        self.note_environment(&content);
        self.add(name, &content)
    }

    /// Checks that a file of this many bytes fits in, before it is read into memory.
    fn check_size(&self, name: &str, bytes: u64) -> Result<(), BundleError> {
        if bytes > MOST_FILE_BYTES || self.bytes.saturating_add(bytes) > MOST_BYTES {
            return Err(BundleError::TooLarge { path: self.file.to_owned(), name: name.to_owned() });
        }
        Ok(())
    }

    fn add(&mut self, name: &str, content: &[u8]) -> Result<(), BundleError> {
        let bytes = content.len() as u64;
        self.check_size(name, bytes)?;
        self.files += 1;
        self.bytes += bytes;
        let appended = header(name, bytes).and_then(|header| self.archive.append(&header, content));
        Ok(appended.map_err(RunError::io("write", self.file))?)
    }

    /// Counts the record among those that were computed in the same way; other files name no way.
    fn note_environment(&mut self, text: &[u8]) {
        #[derive(Deserialize)]
        struct Computed {
            provenance: Provenance,
        }
        let Ok(Computed { provenance }) = serde_json::from_slice(text) else { return };
        match self.environments.iter_mut().find(|known| is_same(&known.provenance, &provenance)) {
            Some(Environment { tasks, provenance: known }) => {
                *tasks += 1;
                known.started = provenance.started.min(std::mem::take(&mut known.started));
                known.ended = provenance.ended.max(std::mem::take(&mut known.ended));
            }
            None => self.environments.push(Environment { tasks: 1, provenance }),
        }
    }
}

/// Whether two records name the same program on the same machine, whenever it ran.
fn is_same(known: &Provenance, other: &Provenance) -> bool {
    let (started, ended) = (known.started.clone(), known.ended.clone());
    *known == Provenance { started, ended, ..other.clone() }
}

/// A header that says nothing of whoever packs, and when.
fn header(name: &str, bytes: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_path(name)?;
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    Ok(header)
}

fn environment_text(by: &PackedBy<'_>, computed: &[Environment]) -> String {
    #[derive(Serialize)]
    struct Environments<'a> {
        packed_by: &'a PackedBy<'a>,
        computed: &'a [Environment],
    }
    let text = serde_json::to_string_pretty(&Environments { packed_by: by, computed });
    format!("{}\n", text.expect("words and numbers are JSON"))
}

fn read_me(study: &str) -> String {
    format!(
        "A run of the study {study}, packed by pool-cli.\n\
         \n\
         pool-cli report FILE\n\
         \n\
         unpacks the bundle into a folder next to it and writes the run's report there. The report is that of the run \
         directory, byte by byte. Without pool-cli, the files unpack with\n\
         \n\
         mkdir FOLDER && tar -xzf FILE -C FOLDER\n\
         \n\
         plan.json, sweep.toml      what was asked for\n\
         trials, costs              a record for each trial and each measurement: its settings and what it found,\n\
         \x20                          with the class predicted for each test image; or why there is none\n\
         seeds-of-reports.json      how many seeds were planned when reports were written\n\
         environment.json           the programs and machines that the records name, and the program that packed\n\
         Cargo.lock                 the exact dependencies of the program that packed\n",
        study = one_line(study)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(files: &[Provenance]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b");
        let mut packing = Packing::create(&path, &path).unwrap();
        for provenance in files {
            let record = serde_json::json!({ "id": "max-s1", "provenance": provenance });
            packing.note_environment(record.to_string().as_bytes());
        }
        packing.note_environment(b"study = \"s\"");
        let by = PackedBy { program: "pool-cli 1", git_revision: None, lock_file: "" };
        environment_text(&by, &packing.environments)
    }

    fn on(cpu: &str, day: u8) -> Provenance {
        Provenance {
            program: "pool-cli 1".to_owned(),
            git_revision: Some("0de0d5581234".to_owned()),
            libtorch: "2.11.0".to_owned(),
            device: "cpu".to_owned(),
            cpu: Some(cpu.to_owned()),
            os: "linux x86_64".to_owned(),
            threads: 1,
            kernels: None,
            started: format!("2026-01-0{day}T10:00:00Z"),
            ended: format!("2026-01-0{day}T11:00:00Z"),
        }
    }

    #[test]
    fn records_of_one_machine_are_counted_together_from_the_first_start_to_the_last_end() {
        let text = text_of(&[on("a", 2), on("b", 4), on("a", 1), on("a", 3)]);
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        let told = |index: usize| {
            let of = &found["computed"][index];
            let provenance = &of["provenance"];
            let words = ["cpu", "started", "ended"].map(|key| provenance[key].as_str().unwrap().to_owned());
            (of["tasks"].as_u64().unwrap(), words)
        };
        let words = |words: [&str; 3]| words.map(str::to_owned);
        assert_eq!(told(0), (3, words(["a", "2026-01-01T10:00:00Z", "2026-01-03T11:00:00Z"])));
        assert_eq!(told(1), (1, words(["b", "2026-01-04T10:00:00Z", "2026-01-04T11:00:00Z"])));
        assert_eq!(found["computed"].as_array().unwrap().len(), 2);
        assert_eq!(found["packed_by"]["program"], "pool-cli 1");
    }
}
