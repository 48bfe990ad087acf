//! The sweep files that judge published comparisons again.

use std::fs;
use std::path::{Path, PathBuf};

use pool_spec::Sweep;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// With so many, a sign-flip test over the seeds can reach 2 / 2^8, 0.8 %.
const LEAST_SEEDS: usize = 8;

/// The files of `configs/published`, as paths from the root.
fn published() -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join("configs/published")).unwrap();
    let mut files: Vec<_> =
        entries.map(|entry| Path::new("configs/published").join(entry.unwrap().file_name())).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

#[test]
fn each_states_claims_and_trains_enough_seeds_to_judge_them() {
    for file in published() {
        let sweep = Sweep::read(&Path::new(ROOT).join(&file)).unwrap();
        assert!(!sweep.claims.is_empty(), "{} claims nothing", file.display());
        assert!(sweep.seeds.len() >= LEAST_SEEDS, "{} has {} seeds", file.display(), sweep.seeds.len());
    }
}

#[test]
fn every_arm_is_in_a_claim() {
    for file in published() {
        let sweep = Sweep::read(&Path::new(ROOT).join(&file)).unwrap();
        for arm in &sweep.arms {
            let is_named = |names: &[String]| names.contains(&arm.name);
            let is_claimed = sweep.claims.iter().any(|claim| is_named(&claim.arms) || is_named(&claim.than));
            assert!(is_claimed, "{}: no claim is about {}", file.display(), arm.name);
        }
    }
}

#[test]
fn each_has_a_run_directory_of_its_own_and_says_its_command_and_source() {
    let mut studies = Vec::new();
    for file in published() {
        let (words, path) = (text(&file), file.display());
        assert!(words.contains(&format!("pool-cli -- sweep {path}\n")), "{path}: its command");
        for part in ["# The paper: ", "# What is reported", "# What differs here: "] {
            assert!(words.contains(part), "{path}: {part:?} is missing");
        }
        studies.push(Sweep::read(&Path::new(ROOT).join(&file)).unwrap().study);
    }
    let all = studies.len();
    studies.sort();
    studies.dedup();
    assert_eq!(studies.len(), all, "{studies:?}");
}

#[test]
fn the_page_on_published_claims_names_each() {
    let page = text("docs/published-claims.md");
    for file in published() {
        assert!(page.contains(&format!("`{}`", file.display())), "{} is missing", file.display());
    }
}
