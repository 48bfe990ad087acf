//! Where and how a record came to be, and what may make its durations or last digits differ from another's.

use pool_spec::reading::one_line;
use serde::{Deserialize, Serialize};

/// Where and how a record came to be: a description of the process that ended the task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of this program.
    pub program: String,
    /// Git revision that the program was built from; `None` when built outside a repository.
    pub git_revision: Option<String>,
    /// libtorch version.
    pub libtorch: String,
    /// `cpu` or `cuda:0`.
    pub device: String,
    /// The processor's name; `None` where the system does not report it.
    pub cpu: Option<String>,
    /// Operating system and architecture.
    pub os: String,
    /// Threads that libtorch used.
    pub threads: u32,
    /// Which implementation computed the layers, such as `fast (avx512)`; `None` in records from before there was a choice.
    #[serde(default)]
    pub kernels: Option<String>,
    /// Start, RFC 3339, UTC.
    pub started: String,
    /// End, RFC 3339, UTC.
    pub ended: String,
}

/// What a process computes with: what the last digits of a trial depend on besides its settings and the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputedWith {
    /// Threads that libtorch uses.
    pub threads: u32,
    /// Which implementation computes the layers, such as `fast (avx512)`.
    pub kernels: String,
    /// `cpu` or `cuda:0`.
    pub device: String,
}

impl ComputedWith {
    /// What is different from an earlier process, in words: `2 threads instead of 1`.
    pub fn changes_from(&self, earlier: &Self) -> Vec<String> {
        let Self { threads, kernels, device } = self;
        let plural = if *threads == 1 { "" } else { "s" };
        [
            (*threads != earlier.threads)
                .then(|| format!("{threads} thread{plural} instead of {}", earlier.threads)),
            (*kernels != earlier.kernels)
                .then(|| format!("kernels {kernels} instead of {}", one_line(&earlier.kernels))),
            (*device != earlier.device)
                .then(|| format!("device {device} instead of {}", one_line(&earlier.device))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Epochs of a trial that earlier processes trained, computing with something else than the processes after them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierEpochs {
    /// The last of them, from 1.
    pub until_epoch: u32,
    /// What they were computed with.
    pub with: ComputedWith,
}

/// Whether something else kept the machine busy while durations were taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contention {
    /// Trials that could run at once, this one included.
    pub jobs: u32,
    /// Share of the machine's processor time that other processes took, in `[0, 1]`; `None` where the system does
    /// not report it.
    pub others_share: Option<f64>,
}

impl Contention {
    /// More than this share taken by others spoils a duration.
    pub const TOLERATED_SHARE: f64 = 0.05;

    /// Whether durations taken meanwhile may not be compared.
    pub fn is_contended(&self) -> bool {
        self.jobs > 1 || self.others_share.is_some_and(|share| share > Self::TOLERATED_SHARE)
    }
}
