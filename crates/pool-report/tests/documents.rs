//! The documents name files that exist.

use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Folders that are nobody's source: what is built, fetched or run.
const NOT_OURS: [&str; 5] = ["target", "runs", "data", "corpus", "artifacts"];

/// What users have, and what a run leaves, which documents name as well.
const OF_USERS: [&str; 5] = ["RUN", "runs", "trials", "costs", "/"];

/// Ends of the names of source files; a word with one of these is a file's name, with or without a folder.
const SOURCES: [&str; 3] = [".rs", ".cpp", ".py"];

/// Ends of the names of other files that documents name.
const OTHERS: [&str; 5] = [".md", ".toml", ".svg", ".sh", ".json"];

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        found.push(path.strip_prefix(ROOT).unwrap().to_owned());
        if path.is_dir() && !path.is_symlink() {
            files_below(&path, found);
        }
    }
}

/// Every document under `docs/`, those of the crates, and those at the root but the change log, which tells of files that
/// are gone.
fn documents() -> Vec<PathBuf> {
    let of = |folder: &str| {
        let entries = std::fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path())
    };
    let of_crates = of("crates").map(|folder| folder.join("README.md")).filter(|path| path.is_file());
    let all = of("docs").chain(of("")).chain(of_crates);
    all.filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| !path.ends_with("CHANGELOG.md"))
        .collect()
}

/// What stands between backticks on a line, outside fenced blocks, with its line's number.
fn in_backticks(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2).map(|words| (index + 1, words.to_owned())));
        }
    }
    found
}

/// The path that a word names, if it names one of the project: `scripts/check`, `pool/shape.rs`, `shape.rs`.
fn path_in(words: &str) -> Option<&Path> {
    // The program of a command line, such as `scripts/fuzz --seconds 60 npy`.
    let word = words.split(' ').next()?.trim_start_matches("./").trim_end_matches('/');
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    let has_end = |ends: &[&str]| ends.iter().any(|end| word.len() > end.len() && word.ends_with(end));
    let is_path = has_end(&SOURCES) || (word.contains('/') && (has_end(&OTHERS) || !word.contains('.')));
    let is_users = OF_USERS.iter().any(|first| word.starts_with(first));
    (word.chars().all(plain) && is_path && !is_users && !word.starts_with('.')).then(|| Path::new(word))
}

#[test]
fn every_file_that_a_document_names_exists() {
    let mut files = Vec::new();
    files_below(Path::new(ROOT), &mut files);
    let (mut missing, mut named) = (Vec::new(), 0);
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        let document = document.strip_prefix(ROOT).unwrap();
        for (line, words) in in_backticks(&text) {
            let Some(path) = path_in(&words) else { continue };
            named += 1;
            // From the root, or from somewhere below it that the text has named.
            if !files.iter().any(|file| file.ends_with(path)) {
                missing.push(format!("{}:{line}: `{words}` does not exist", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(named > 50, "{named} paths found: documents name more");
}

#[test]
fn names_of_files_are_told_from_other_words() {
    for (words, path) in [
        ("pool/cost.rs", Some("pool/cost.rs")),
        ("spelling.rs", Some("spelling.rs")),
        ("scripts/fuzz --seconds 60 npy", Some("scripts/fuzz")),
        ("./scripts/check", Some("scripts/check")),
        ("crates/pool-models/src/pool/", Some("crates/pool-models/src/pool")),
        ("configs/sweep.toml", Some("configs/sweep.toml")),
        ("record.json", None),
        ("trials/*/record.json", None),
        ("runs/mnist-pooling/report.html", None),
        ("/proc/meminfo", None),
        ("(max x + min x) / 2", None),
        (".npy", None),
        ("Pool::avg(2).output_shape(&[32, 24, 24])?", None),
    ] {
        assert_eq!(path_in(words), path.map(Path::new), "{words}");
    }
}
