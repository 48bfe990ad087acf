//! Tuning: settings that every arm is tried with before it is trained with the study's seeds.

use serde::{Deserialize, Serialize};

use crate::{ArmOverrides, Trial};

/// What the arms are tuned with: the same settings and the same seeds for each, so that none has the larger budget. The
/// validation images choose; the arms are then trained with the study's seeds, which tuning has not seen, once as the sweep
/// file has them and once with the setting that was chosen for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// What each setting changes in the sweep file's recipe and network.
    pub settings: Vec<ArmOverrides>,
    /// Every arm with every setting and every seed of tuning.
    pub trials: Vec<SettingTrial>,
    /// The arms with the study's seeds. A plan has them for every setting that differs from the sweep file's; a stored one
    /// for the settings that were chosen, and what else has run.
    pub tuned: Vec<SettingTrial>,
}

impl Tuning {
    /// The first seed of tuning. A study's own seeds are smaller, so that no network is chosen by how one of them turned
    /// out.
    pub const FIRST_SEED: u64 = 1_000_001;
}

/// A trial of an arm with one of the settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingTrial {
    /// Which setting, from 0.
    pub setting: usize,
    /// The trial.
    pub trial: Trial,
}

impl SettingTrial {
    /// The arm's name.
    pub fn arm(&self) -> &str {
        &self.trial.spec().arm
    }
}
