//! Watching and disturbing a sweep of the study `killed` while it runs.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn signal(process: u32, name: &str) {
    let pid = process.to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

/// Every record, by its path, with the time at which it was written.
pub(crate) fn records(folder: &Path) -> HashMap<PathBuf, SystemTime> {
    let Ok(trials) = fs::read_dir(folder.join("runs/killed/trials")) else { return HashMap::new() };
    trials
        .map(|trial| trial.unwrap().path().join("record.json"))
        .filter_map(|path| fs::metadata(&path).ok().map(|facts| (path, facts.modified().unwrap())))
        .collect()
}

/// Processes of trials of this run.
pub(crate) fn trials_running(folder: &Path) -> usize {
    running(folder, "runs/killed/trials", "--stop-with-stdin").len()
}

/// Processes of this run whose command has this argument and names something below this folder.
pub(crate) fn running(folder: &Path, relative: &str, argument: &str) -> Vec<u32> {
    let folder = folder.join("runs").to_string_lossy().into_owned();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let process = entry.unwrap().path();
            let command = fs::read(process.join("cmdline")).ok()?;
            let command = String::from_utf8_lossy(&command).into_owned();
            let cwd = fs::read_link(process.join("cwd")).ok()?;
            let ours = command.contains(&folder)
                || (command.contains(relative) && Path::new(&folder).starts_with(cwd));
            let id = process.file_name()?.to_string_lossy().parse().ok()?;
            (ours && command.split('\0').any(|found| found == argument)).then_some(id)
        })
        .collect()
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}
