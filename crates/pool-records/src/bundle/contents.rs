//! What a bundle may hold, and what it is called.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pool_spec::PlanFile;

use crate::task_state::files_that_decide;
use crate::{BundleError, RunLayout};

/// How the name of a bundle ends.
pub(super) const ENDING: &str = ".pool-run.tar.gz";
/// Bytes of one file. A trial of the study takes 1.5 kB of its plan, which may have 100,000 trials.
pub(super) const MOST_FILE_BYTES: u64 = 256 << 20;
/// Bytes of all files, unpacked. A record of the study, tested on 10,000 images, has 76 kB.
pub(super) const MOST_BYTES: u64 = 4 << 30;

/// The exact dependencies of the program that packed the run: a report is the same again with these.
pub(super) const LOCK_FILE: &str = "Cargo.lock";
/// What its records were computed with.
pub(super) const ENVIRONMENT: &str = "environment.json";
/// What the bundle is, for whoever unpacks it with another program.
pub(super) const READ_ME: &str = "README.txt";

/// The name of the plan, which is the first file of a bundle.
pub(super) fn name_of_plan() -> String {
    name_of(&RunLayout::new("").plan())
}

/// The names of the other files of a run that its report reads, in the order of a bundle. Not all of them are there.
pub(super) fn names_after_plan(plan: &PlanFile) -> BTreeSet<String> {
    let run = RunLayout::new("");
    let trials = plan.every_trial().map(|trial| run.trial(trial.id()));
    let costs = plan.costs.iter().map(|measurement| run.costs(measurement.id()));
    let of_tasks = trials.chain(costs).flat_map(|folder| files_that_decide(&folder));
    let of_run = [run.sweep_file(), run.seeds_of_reports()];
    of_tasks.chain(of_run).map(|path| name_of(&path)).collect()
}

/// A path in the run directory as it stands in a bundle.
pub(super) fn name_of(path: &Path) -> String {
    path.display().to_string()
}

/// The name of a bundle of this study, whatever its plan calls it.
pub(super) fn usual_name(study: &str) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = study.chars().map(plain).collect();
    let name = name.trim_start_matches(['.', '-']);
    PathBuf::from(format!("{}{ENDING}", if name.is_empty() { "study" } else { name }))
}

/// What the name of a bundle says before its ending.
///
/// # Errors
/// Another name.
pub(super) fn stem_of(bundle: &Path) -> Result<&str, BundleError> {
    let name = bundle.file_name().and_then(|name| name.to_str());
    let stem = name.and_then(|name| name.strip_suffix(ENDING));
    let stem = stem.filter(|stem| !stem.is_empty() && !stem.starts_with('.'));
    stem.ok_or_else(|| BundleError::Name { path: bundle.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_called_as_its_study_and_leads_to_no_other_folder() {
        for (study, expected) in [
            ("mnist-pooling", "mnist-pooling.pool-run.tar.gz"),
            ("Study_2.1", "Study_2.1.pool-run.tar.gz"),
            ("../../etc/passwd", "etc-passwd.pool-run.tar.gz"),
            ("池", "study.pool-run.tar.gz"),
        ] {
            let name = usual_name(study);
            assert_eq!(name, Path::new(expected));
            assert_eq!(stem_of(&name).unwrap(), expected.strip_suffix(ENDING).unwrap());
        }
    }

    #[test]
    fn another_name_is_answered_with_the_ending() {
        for name in ["results.csv", "runs", ".pool-run.tar.gz", "...pool-run.tar.gz", "a.tar.gz", "/"] {
            let error = stem_of(Path::new(name)).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "{name}: the name of a bundle ends in .pool-run.tar.gz, as in mnist-pooling.pool-run.tar.gz; give it such a name"
                )
            );
        }
    }
}
