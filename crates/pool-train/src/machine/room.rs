//! What this machine has left: memory, disk, and who was killed for want of it.

use std::path::Path;

/// Memory that processes can be given without anything being swapped out or killed, in bytes: the machine's, or that of
/// the control group this process is in. None where the system does not tell.
pub(crate) fn free_memory_bytes() -> Option<u64> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    let machine = Some(system.available_memory()).filter(|&bytes| bytes > 0)?;
    let group = system.cgroup_limits().map(|limits| limits.free_memory);
    Some(group.map_or(machine, |group| machine.min(group)))
}

/// Bytes that an unprivileged process can still write where this path is, or will be. None where the system does not
/// tell.
pub(crate) fn free_disk_bytes(path: &Path) -> Option<u64> {
    let absolute = std::path::absolute(path).ok()?;
    let facts = absolute.ancestors().find_map(|existing| rustix::fs::statvfs(existing).ok())?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}

/// How many processes the kernel has killed for lack of memory, as far as it tells: on the whole machine, and in this
/// process's control group.
pub(crate) fn out_of_memory_kills() -> u64 {
    let in_file = |path: &str| std::fs::read_to_string(path).map_or(0, |text| counted(&text));
    let machine = in_file("/proc/vmstat");
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    machine + group_files(&groups).map(|path| in_file(&path)).sum::<u64>()
}

/// The value of the line `oom_kill N`.
fn counted(text: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

/// Where the control groups of `/proc/self/cgroup` count (cgroups(7)): of version 2, or of version 1 for memory.
fn group_files(groups: &str) -> impl Iterator<Item = String> {
    groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_end_matches('/'));
        match controllers {
            "" => Some(format!("/sys/fs/cgroup{path}/memory.events")),
            "memory" => Some(format!("/sys/fs/cgroup/memory{path}/memory.oom_control")),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_space_of_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let free = |path: &Path| free_disk_bytes(path).unwrap().checked_ilog2();
        assert_eq!(free(&folder.path().join("to/be/made")), free(folder.path()));
    }

    #[test]
    fn kills_are_counted_wherever_the_kernel_counts_them() {
        for (text, expected, why) in [
            ("low 0\noom 3\noom_kill 2\noom_group_kill 0\n", 2, "control groups of version 2"),
            ("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n", 4, "of version 1"),
            ("pgfault 1\noom_kill 7\n", 7, "/proc/vmstat"),
            ("", 0, "a file without the line"),
        ] {
            assert_eq!(counted(text), expected, "{why}");
        }
        let groups = "5:devices:/x\n4:memory:/a/b\n0::/\n";
        assert_eq!(
            group_files(groups).collect::<Vec<_>>(),
            ["/sys/fs/cgroup/memory/a/b/memory.oom_control", "/sys/fs/cgroup/memory.events"]
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_of_a_machine_is_between_nothing_and_a_petabyte() {
        assert!((1 << 20..1 << 50).contains(&free_memory_bytes().unwrap()));
    }
}
