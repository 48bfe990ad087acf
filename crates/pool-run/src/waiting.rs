//! How the threads of a trial wait for each other: awake, or asleep where others need the processors.
//!
//! libtorch's threads (GNU OpenMP's) wait awake for some milliseconds, which is fastest on a quiet machine. Where another
//! process runs on the same processors, a thread that waits awake keeps the one it waits for from running: an epoch of the
//! study's network took 5.5 s next to one busy process on two processors, and 3.6 s with threads that sleep. On a quiet
//! machine sleeping costs 5 to 12 %. OpenMP reads the choice once, as the process starts.

use std::time::Duration;

/// OpenMP's variables that decide how threads wait. Whoever sets one has chosen.
const CHOSEN_BY: [&str; 2] = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"];
const ASLEEP: (&str, &str) = ("OMP_WAIT_POLICY", "passive");
/// A process that is busy is found running nearly every time, a shell command that comes and goes is not.
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(4);

/// The variable of the processes with this many threads each, `jobs` of them at once: set where more would run than this
/// process may use processors, or where others run on the machine. To be asked before the first of them starts.
pub(crate) fn waiting(threads: u32, jobs: u32) -> Option<(&'static str, &'static str)> {
    if threads < 2 || CHOSEN_BY.iter().any(|name| std::env::var_os(name).is_some()) {
        return None;
    }
    let usable = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
    let own = threads.saturating_mul(jobs);
    let crowded = own > usable || running_beside()?.saturating_add(own) > machines_processors()?;
    crowded.then_some(ASLEEP)
}

/// Processors of the whole machine, as the running threads of [`running_beside`] are those of all of it.
fn machines_processors() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let is_processor = |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| !rest.starts_with(' '));
    u32::try_from(text.lines().filter(is_processor).count()).ok().filter(|&count| count > 0)
}

/// Threads of the machine that run or could, without this one: the median of a few looks.
fn running_beside() -> Option<u32> {
    let mut seen = [0; LOOKS];
    for running in &mut seen {
        std::thread::sleep(BETWEEN_LOOKS);
        *running = running_threads(&std::fs::read_to_string("/proc/loadavg").ok()?)?.saturating_sub(1);
    }
    seen.sort_unstable();
    Some(seen[LOOKS / 2])
}

/// The first number of the fourth field of `/proc/loadavg` (proc(5)).
fn running_threads(loadavg: &str) -> Option<u32> {
    loadavg.split(' ').nth(3)?.split_once('/')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_threads_are_read_as_the_kernel_writes_them() {
        assert_eq!(running_threads("7.17 6.37 4.57 8/132 18126\n"), Some(8));
        assert_eq!(running_threads("7.17 6.37"), None);
        assert_eq!(running_threads(""), None);
    }

    #[test]
    fn one_thread_waits_for_nobody_and_a_crowd_sleeps() {
        assert_eq!(waiting(1, 64), None, "one thread");
        if let Some(processors) = machines_processors()
            && CHOSEN_BY.iter().all(|name| std::env::var_os(name).is_none())
        {
            assert_eq!(waiting(processors.max(2), 2), Some(ASLEEP), "twice as many threads as processors");
        }
    }
}
