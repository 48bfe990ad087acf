//! The energy of the processors, by the counters that Linux's powercap has for packages of Intel and AMD.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pool_records::EnergyMissing;
use pool_spec::ComputeDevice;

/// Where Linux has the counters (Documentation/power/powercap/powercap.rst in its sources).
pub(crate) const POWERCAP: &str = "/sys/class/powercap";

/// A counter starts again at 0, the smallest after 65 kJ, which take a package of a kilowatt a minute. Read more often, none
/// does so twice unseen.
const READ_AGAIN: Duration = Duration::from_secs(20);

const UJ_PER_J: f64 = 1e6;

/// Follows the energy of all processor packages together from the moment it is started, whoever uses them: other programs
/// are in it, and what an idle machine takes. Knows nothing where there are no such counters, or where they are not open to
/// this user, and for a network on a CUDA device: they leave out what that takes.
pub(crate) struct EnergyMeter(Result<Counters, EnergyMissing>);

/// The counters of all packages.
struct Counters {
    packages: Vec<Package>,
    used_uj: u64,
    read_at: Instant,
}

/// The counter of a package, or of a die where each has one; what it counts in microjoules.
struct Package {
    counter: PathBuf,
    /// What it counts up to before it starts again at 0.
    range_uj: u64,
    /// What it said last.
    last_uj: u64,
}

impl EnergyMeter {
    /// `powercap` is [`POWERCAP`], except in tests.
    pub(crate) fn start(powercap: &Path, device: ComputeDevice) -> Self {
        Self(match device {
            ComputeDevice::Cpu => Counters::open(powercap),
            ComputeDevice::Cuda(_) => Err(EnergyMissing::OnDevice),
        })
    }

    /// To be called now and then during work that takes long.
    pub(crate) fn keep_up(&mut self) {
        if let Ok(counters) = &mut self.0
            && counters.read_at.elapsed() >= READ_AGAIN
            && let Err(missing) = counters.read()
        {
            self.0 = Err(missing);
        }
    }

    /// Joules since the start.
    ///
    /// # Errors
    /// Why they are not known. Counters that stand still, as those of some virtual machines do, report nothing.
    pub(crate) fn read_j(self) -> Result<f64, EnergyMissing> {
        let mut counters = self.0?;
        counters.read()?;
        match counters.used_uj {
            0 => Err(EnergyMissing::NotReported),
            used_uj => Ok(used_uj as f64 / UJ_PER_J),
        }
    }
}

impl Counters {
    /// Finds the packages below this folder. Were one left out that cannot be read, the sum would be wrong.
    fn open(powercap: &Path) -> Result<Self, EnergyMissing> {
        let zones = fs::read_dir(powercap).map_err(|_| EnergyMissing::NotReported)?;
        let zones = zones.flatten().map(|zone| zone.path()).filter(|zone| is_package(zone));
        let packages: Vec<Package> = zones.map(|zone| Package::open(&zone)).collect::<Result<_, _>>()?;
        if packages.is_empty() {
            return Err(EnergyMissing::NotReported);
        }
        Ok(Self { packages, used_uj: 0, read_at: Instant::now() })
    }

    fn read(&mut self) -> Result<(), EnergyMissing> {
        for package in &mut self.packages {
            self.used_uj += package.since_last_uj()?;
        }
        self.read_at = Instant::now();
        Ok(())
    }
}

/// Whether a zone is that of a package. Its parts (cores, memory) are in it already; the whole of a laptop (`psys`) holds more
/// than the processor; `intel-rapl-mmio` counts the same packages once more.
fn is_package(zone: &Path) -> bool {
    let rapl = zone.file_name().is_some_and(|name| name.to_string_lossy().starts_with("intel-rapl:"));
    rapl && fs::read_to_string(zone.join("name")).is_ok_and(|name| name.starts_with("package-"))
}

impl Package {
    fn open(zone: &Path) -> Result<Self, EnergyMissing> {
        let counter = zone.join("energy_uj");
        let range_uj = microjoules(&zone.join("max_energy_range_uj"))?;
        let last_uj = microjoules(&counter)?;
        Ok(Self { counter, range_uj, last_uj })
    }

    /// What the package took since this was called last.
    fn since_last_uj(&mut self) -> Result<u64, EnergyMissing> {
        let now_uj = microjoules(&self.counter)?;
        let last_uj = std::mem::replace(&mut self.last_uj, now_uj);
        Ok(match now_uj.checked_sub(last_uj) {
            Some(used_uj) => used_uj,
            None => self.range_uj.saturating_sub(last_uj) + now_uj,
        })
    }
}

fn microjoules(file: &Path) -> Result<u64, EnergyMissing> {
    let text = fs::read_to_string(file).map_err(|error| {
        tracing::debug!(%error, file = %file.display(), "the energy of the processors cannot be read");
        EnergyMissing::NotReadable
    })?;
    text.trim().parse().map_err(|_| EnergyMissing::NotReadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE_UJ: u64 = 262_143_328_850;

    /// A zone as Linux lays it out.
    fn zone(powercap: &Path, folder: &str, name: &str, energy_uj: u64) {
        let zone = powercap.join(folder);
        fs::create_dir_all(&zone).unwrap();
        fs::write(zone.join("name"), format!("{name}\n")).unwrap();
        fs::write(zone.join("max_energy_range_uj"), format!("{RANGE_UJ}\n")).unwrap();
        count(powercap, folder, energy_uj);
    }

    fn count(powercap: &Path, folder: &str, energy_uj: u64) {
        fs::write(powercap.join(folder).join("energy_uj"), format!("{energy_uj}\n")).unwrap();
    }

    fn start(powercap: &Path) -> EnergyMeter {
        EnergyMeter::start(powercap, ComputeDevice::Cpu)
    }

    #[test]
    fn packages_are_added_up_and_nothing_is_counted_twice() {
        let powercap = tempfile::tempdir().unwrap();
        let powercap = powercap.path();
        let zones = [
            ("intel-rapl:0", "package-0"),
            ("intel-rapl:1", "package-1"),
            ("intel-rapl:0:0", "core"),
            ("intel-rapl:0:1", "dram"),
            ("intel-rapl:2", "psys"),
            ("intel-rapl-mmio:0", "package-0"),
        ];
        for (folder, name) in zones {
            zone(powercap, folder, name, 1_000);
        }
        // A control type has no name.
        fs::create_dir(powercap.join("intel-rapl")).unwrap();
        let meter = start(powercap);
        for (folder, _) in zones {
            count(powercap, folder, 5_001_000);
        }
        assert_eq!(meter.read_j(), Ok(10.0));
    }

    #[test]
    fn each_die_of_a_package_counts() {
        let powercap = tempfile::tempdir().unwrap();
        let dies = [("intel-rapl:0", "package-0-die-0"), ("intel-rapl:1", "package-0-die-1")];
        for (folder, name) in dies {
            zone(powercap.path(), folder, name, 0);
        }
        let meter = start(powercap.path());
        for (folder, _) in dies {
            count(powercap.path(), folder, 1_500_000);
        }
        assert_eq!(meter.read_j(), Ok(3.0));
    }

    #[test]
    fn a_counter_that_starts_again_at_zero_goes_on() {
        let powercap = tempfile::tempdir().unwrap();
        zone(powercap.path(), "intel-rapl:0", "package-0", RANGE_UJ - 1_000_000);
        let meter = start(powercap.path());
        count(powercap.path(), "intel-rapl:0", 2_000_000);
        assert_eq!(meter.read_j(), Ok(3.0));
    }

    #[test]
    fn a_counter_that_is_read_in_time_may_start_again_more_than_once() {
        let powercap = tempfile::tempdir().unwrap();
        zone(powercap.path(), "intel-rapl:0", "package-0", RANGE_UJ - 1_000_000);
        let mut meter = start(powercap.path());
        for energy_uj in [2_000_000, RANGE_UJ, 1_000_000] {
            count(powercap.path(), "intel-rapl:0", energy_uj);
            let counters = meter.0.as_mut().unwrap();
            counters.read_at = counters.read_at.checked_sub(READ_AGAIN).unwrap();
            meter.keep_up();
        }
        // To the end, once around, and 1 J more.
        assert_eq!(meter.read_j(), Ok((RANGE_UJ + 2_000_000) as f64 / 1e6));
    }

    #[test]
    fn counters_are_not_read_more_often_than_they_must() {
        let powercap = tempfile::tempdir().unwrap();
        zone(powercap.path(), "intel-rapl:0", "package-0", 0);
        let mut meter = start(powercap.path());
        count(powercap.path(), "intel-rapl:0", 1_000_000);
        meter.keep_up();
        assert_eq!(meter.0.unwrap().used_uj, 0);
    }

    #[test]
    fn a_machine_without_counters_reports_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let reason = |powercap: &Path| start(powercap).read_j().unwrap_err();
        assert_eq!(reason(&folder.path().join("missing")), EnergyMissing::NotReported, "no powercap");
        assert_eq!(reason(folder.path()), EnergyMissing::NotReported, "no zones");
        zone(folder.path(), "intel-rapl:0", "psys", 5);
        assert_eq!(reason(folder.path()), EnergyMissing::NotReported, "no package");
        zone(folder.path(), "intel-rapl:1", "package-0", 5);
        assert_eq!(reason(folder.path()), EnergyMissing::NotReported, "a counter that stands still");
    }

    /// Root reads whatever the mode of a file is; a folder in its place nobody can read.
    #[test]
    fn a_counter_that_cannot_be_read_leaves_no_sum_of_the_others() {
        let powercap = tempfile::tempdir().unwrap();
        let powercap = powercap.path();
        for (folder, name) in [("intel-rapl:0", "package-0"), ("intel-rapl:1", "package-1")] {
            zone(powercap, folder, name, 0);
        }
        let meter = start(powercap);
        let second = powercap.join("intel-rapl:1/energy_uj");
        count(powercap, "intel-rapl:0", 1_000_000);
        fs::remove_file(&second).unwrap();
        fs::create_dir(&second).unwrap();
        assert_eq!(meter.read_j(), Err(EnergyMissing::NotReadable), "from now on");
        assert_eq!(start(powercap).read_j(), Err(EnergyMissing::NotReadable), "from the start");
        fs::remove_dir(&second).unwrap();
        fs::write(&second, "much\n").unwrap();
        assert_eq!(start(powercap).read_j(), Err(EnergyMissing::NotReadable), "no number");
    }

    #[test]
    fn the_processors_energy_is_not_reported_as_that_of_a_cuda_device() {
        let powercap = tempfile::tempdir().unwrap();
        zone(powercap.path(), "intel-rapl:0", "package-0", 0);
        let meter = EnergyMeter::start(powercap.path(), ComputeDevice::Cuda(0));
        count(powercap.path(), "intel-rapl:0", 1_000_000);
        assert_eq!(meter.read_j(), Err(EnergyMissing::OnDevice));
    }
}
