//! Where results may be written: each to a file of its own, never over what is read, and never among the files of a run.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pool_spec::PlanFile;

use crate::disk::is_partial;
use crate::{RunError, RunLayout};

/// A result that would replace something. Each message holds the path as it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields; the later result's path comes first")]
pub enum OutputError {
    /// Two results for one file.
    #[error(
        "{path}: two results would be written to this file{same}; give each its own",
        path = .path.display(), same = another_name(.path, .other)
    )]
    WrittenTwice { path: PathBuf, other: PathBuf },
    /// A result in the place of what it is computed from.
    #[error(
        "{path}: the result would replace an input{same}; write it to a file of its own",
        path = .path.display(), same = another_name(.path, .input)
    )]
    ReplacesInput { path: PathBuf, input: PathBuf },
    /// A result among the files of a run.
    #[error(
        "{path}: lies in {run}, the folder of a run or of its trial, where only sweep and report write; choose a place \
         outside it",
        path = .path.display(), run = .run.display()
    )]
    InRun { path: PathBuf, run: PathBuf },
}

fn another_name(path: &Path, other: &Path) -> String {
    if path == other { String::new() } else { format!(" ({} is the same file)", other.display()) }
}

/// Checks the files that a command is about to write, before it computes anything. Two paths name one file if they lead
/// to one place, whatever links and `..` are on the way, or to names of one file on the disk (hard links).
///
/// Files that are there and are nothing of the command's may be replaced.
///
/// # Errors
/// The first output that is an input, another output, or a file in the folder of a run.
pub fn check_outputs(inputs: &[&Path], outputs: &[&Path]) -> Result<(), OutputError> {
    let read: Vec<Place> = inputs.iter().map(|path| Place::at(path)).collect();
    let mut written: Vec<Place> = Vec::new();
    for &path in outputs {
        let place = Place::at(path);
        check_outside_runs(path)?;
        let same = |others: &[Place]| others.iter().position(|other| other.is(&place));
        if let Some(index) = same(&read) {
            return Err(OutputError::ReplacesInput {
                path: path.to_owned(),
                input: inputs[index].to_owned(),
            });
        }
        if let Some(index) = same(&written) {
            return Err(OutputError::WrittenTwice {
                path: path.to_owned(),
                other: outputs[index].to_owned(),
            });
        }
        written.push(place);
    }
    Ok(())
}

/// Checks that a file or folder is not in a run's folder. A run directory itself is in none.
///
/// # Errors
/// The run.
pub fn check_outside_runs(path: &Path) -> Result<(), OutputError> {
    let place = Place::at(path);
    let around = place.path.ancestors().skip(1).filter(|folder| is_run(folder) || is_of_task(folder));
    match around.last() {
        Some(run) => Err(OutputError::InRun { path: path.to_owned(), run: run.to_owned() }),
        None => Ok(()),
    }
}

/// Whether a trial's folder of ours is in this folder's `trials`.
pub(crate) fn holds_trials(layout: &RunLayout) -> bool {
    let Ok(trials) = fs::read_dir(layout.trials()) else { return false };
    trials.flatten().any(|trial| RunLayout::spec_in(&trial.path()).is_file())
}

/// A folder with other things in it is somebody's: nothing is written there. No run is made inside another one.
pub(crate) fn refuse_foreign(layout: &RunLayout) -> Result<(), RunError> {
    check_outside_runs(layout.root())?;
    let foreign = || Err(RunError::ForeignFolder { path: layout.root().to_owned() });
    match fs::read_to_string(layout.plan()) {
        Ok(text) if PlanFile::from_json(&text).is_ok() => return Ok(()),
        // A plan that is torn, or of another version, next to trials that are ours.
        Ok(_) if holds_trials(layout) => return Ok(()),
        Ok(_) => return foreign(),
        Err(_) => {}
    }
    let mut entries = match fs::read_dir(layout.root()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(RunError::io("open", layout.root())(error)),
    };
    if entries.all(|entry| is_leftover(layout, entry.as_ref())) { Ok(()) } else { foreign() }
}

/// What a sweep leaves that was killed before its plan was stored.
fn is_leftover(layout: &RunLayout, entry: Result<&fs::DirEntry, &std::io::Error>) -> bool {
    entry.is_ok_and(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name == "trials" || name == "costs" || entry.path() == layout.sweep_lock() || is_partial(&name)
    })
}

fn is_run(folder: &Path) -> bool {
    let layout = RunLayout::new(folder);
    let plan = fs::read_to_string(layout.plan());
    plan.is_ok_and(|text| PlanFile::from_json(&text).is_ok()) || holds_trials(&layout)
}

/// Whether a folder is a trial's or a measurement's, which somebody may have copied out of its run.
fn is_of_task(folder: &Path) -> bool {
    let left = [RunLayout::record_in(folder), RunLayout::history_in(folder), RunLayout::lock_in(folder)];
    RunLayout::spec_in(folder).is_file() && left.iter().any(|path| path.is_file())
}

/// Where a path leads, and which file is there.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Device and number of the file, where there is one and the system has such numbers.
    file: Option<(u64, u64)>,
}

impl Place {
    fn at(path: &Path) -> Self {
        Self { path: resolved(path), file: number_of(path) }
    }

    fn is(&self, other: &Self) -> bool {
        self.path == other.path || (self.file.is_some() && self.file == other.file)
    }
}

/// The path without links, `.` and `..`, as far as it exists; what does not exist yet stays as it is written.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = absolute.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let Some((part, there)) = there else { return absolute };
    match absolute.strip_prefix(part) {
        Ok(rest) if !rest.as_os_str().is_empty() => there.join(rest),
        _ => there,
    }
}

#[cfg(unix)]
fn number_of(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let found = path.metadata().ok()?;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn number_of(_: &Path) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{"study":"s","trials":[],"costs":[]}"#;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn files_of_their_own_are_allowed_even_where_something_else_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [input, old, new] = ["x.npy", "old.npy", "new.npy"].map(|name| folder.path().join(name));
        write(&input, "x");
        write(&old, "old");
        let nowhere = folder.path().join("nowhere/y.npy");
        assert_eq!(check_outputs(&[&input], &[&old, &new, &nowhere]), Ok(()));
    }

    #[cfg(unix)]
    #[test]
    fn one_file_under_two_names_is_one_file() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let at = |name: &str| root.join(name);
        write(&at("x.npy"), "x");
        fs::create_dir(at("sub")).unwrap();
        symlink(at("x.npy"), at("link.npy")).unwrap();
        symlink("sub", at("folder")).unwrap();
        symlink(at("missing.npy"), at("dangling.npy")).unwrap();
        fs::hard_link(at("x.npy"), at("hard.npy")).unwrap();
        for (first, second, same, why) in [
            ("x.npy", "x.npy", true, "the same words"),
            ("x.npy", "./x.npy", true, "a dot"),
            ("x.npy", "sub/../x.npy", true, "there and back"),
            ("x.npy", "link.npy", true, "a symbolic link"),
            ("x.npy", "hard.npy", true, "a hard link"),
            ("y.npy", "./y.npy", true, "a file that is not there yet"),
            ("sub/y.npy", "folder/y.npy", true, "a folder's link to a file that is not there yet"),
            ("y.npy", "sub/y.npy", false, "one name in two folders"),
            ("y.npy", "z.npy", false, "two names"),
            ("missing.npy", "dangling.npy", false, "writing replaces a link that leads nowhere"),
        ] {
            let (first, second) = (at(first), at(second));
            let twice = check_outputs(&[], &[&first, &second]);
            let replaced = check_outputs(&[&first], &[&second]);
            let [expected_twice, expected_replaced] = [
                OutputError::WrittenTwice { path: second.clone(), other: first.clone() },
                OutputError::ReplacesInput { path: second, input: first },
            ];
            assert_eq!(twice.err(), same.then_some(expected_twice), "{why}");
            assert_eq!(replaced.err(), same.then_some(expected_replaced), "{why}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_among_the_files_of_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        write(&at("run/plan.json"), PLAN);
        write(&at("torn/plan.json"), "{");
        write(&at("torn/trials/max-s1/spec.json"), "{}");
        write(&at("copied/spec.json"), "{}");
        write(&at("copied/record.json"), "{}");
        // Somebody's files that are called alike.
        write(&at("mine/plan.json"), r#"{"trials": "of patience"}"#);
        write(&at("mine/record.json"), "{}");
        std::os::unix::fs::symlink(at("run"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("copied/record.json"), at("elsewhere.json")).unwrap();
        for (output, run) in [
            ("run/plan.json", Some("run")),
            ("run/new.npy", Some("run")),
            ("run/new/y.npy", Some("run")),
            ("run/../y.npy", None),
            ("link/y.npy", Some("run")),
            ("torn/y.npy", Some("torn")),
            ("torn/trials/max-s1/model.safetensors", Some("torn")),
            ("copied/model.safetensors", Some("copied")),
            ("elsewhere.json", Some("copied")),
            ("mine/record.json", None),
            ("y.npy", None),
            // A run directory itself, for whoever writes a run.
            ("run", None),
        ] {
            let path = at(output);
            let refused = run.map(|run| OutputError::InRun { path: path.clone(), run: at(run) });
            assert_eq!(check_outputs(&[], &[&path]).err(), refused, "{output}");
        }
    }

    #[test]
    fn messages_name_the_file_by_both_of_its_names() {
        let error = OutputError::WrittenTwice { path: "./y.npy".into(), other: "y.npy".into() };
        assert_eq!(
            error.to_string(),
            "./y.npy: two results would be written to this file (y.npy is the same file); give each its own"
        );
        let error = OutputError::ReplacesInput { path: "x.npy".into(), input: "x.npy".into() };
        assert_eq!(
            error.to_string(),
            "x.npy: the result would replace an input; write it to a file of its own"
        );
    }
}
