//! Where a record came from, and what stands in its place when there is none.

use serde::{Deserialize, Serialize};

use crate::one_line;

/// Where and how a record came to be: what the process that ended the task says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of this program.
    pub program: String,
    /// Git revision that the program was built from; none when built outside a repository.
    pub git_revision: Option<String>,
    /// libtorch version.
    pub libtorch: String,
    /// `cpu` or `cuda:0`.
    pub device: String,
    /// The processor's name, where the system tells it.
    pub cpu: Option<String>,
    /// Operating system and architecture.
    pub os: String,
    /// Threads that libtorch used.
    pub threads: u32,
    /// Which implementation computed the layers, such as `fast (avx512)`; none in records from before there was a choice.
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
    /// Share of the machine's processor time that other processes took, in `[0, 1]`; none where the system does not
    /// tell.
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

/// What is left of a trial, or of a measurement of costs, that died: written by the process that started it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Its folder's name in the run directory.
    pub id: String,
    /// Its arm.
    pub arm: String,
    /// The trial's seed; none for a measurement of costs, which has no seed.
    pub seed: Option<u64>,
    /// What happened, in words.
    pub reason: String,
}
