//! Where the files of a run lie, for those who write it and those who read it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The paths inside one run directory. Makes and reads nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLayout {
    root: PathBuf,
}

impl RunLayout {
    /// The run directory at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The run directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The sweep file, as given.
    pub fn sweep_file(&self) -> PathBuf {
        self.root.join("sweep.toml")
    }

    /// The [`PlanFile`].
    pub fn plan(&self) -> PathBuf {
        self.root.join("plan.json")
    }

    /// The folder that holds one folder per trial.
    pub fn trials(&self) -> PathBuf {
        self.root.join("trials")
    }

    /// The folder of the trial `id`.
    pub fn trial(&self, id: &str) -> PathBuf {
        self.trials().join(id)
    }

    /// The folder that holds one folder per measurement of an arm's costs.
    pub fn all_costs(&self) -> PathBuf {
        self.root.join("costs")
    }

    /// The folder of the measurement `id`.
    pub fn costs(&self, id: &str) -> PathBuf {
        self.all_costs().join(id)
    }

    /// Every setting of the task, in a trial's or a measurement's folder.
    pub fn spec_in(folder: &Path) -> PathBuf {
        folder.join("spec.json")
    }

    /// The record in a trial's or a measurement's folder: there whole, or not at all.
    pub fn record_in(folder: &Path) -> PathBuf {
        folder.join("record.json")
    }

    /// The [`PausedTrial`](crate::PausedTrial) in a trial's folder, when a search has stopped it after some epochs.
    pub fn paused_in(trial: &Path) -> PathBuf {
        trial.join("paused.json")
    }

    /// The epochs of a running trial, one [`EpochRecord`](crate::EpochRecord) per line.
    pub fn history_in(trial: &Path) -> PathBuf {
        trial.join("history.jsonl")
    }

    /// The lock that a task's process holds on its folder while it runs.
    pub fn lock_in(folder: &Path) -> PathBuf {
        folder.join(".lock")
    }

    /// The lock that a sweep holds on its run directory.
    pub fn sweep_lock(&self) -> PathBuf {
        self.root.join(".sweep.lock")
    }

    /// The folder in a trial's folder that an interrupted trial goes on from.
    pub fn checkpoint_in(folder: &Path) -> PathBuf {
        folder.join("checkpoint")
    }

    /// The [`Failure`](crate::Failure) in such a folder, when its process died.
    pub fn failure_in(folder: &Path) -> PathBuf {
        folder.join("failure.json")
    }

    /// The weights that were evaluated, in a trial's folder.
    pub fn weights_in(trial: &Path) -> PathBuf {
        trial.join("model.safetensors")
    }
}

/// `plan.json`: the trials and measurements of a run, in the order in which they are started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// The study's name.
    pub study: String,
    /// Every trial of the sweep file.
    pub trials: Vec<PlannedTrial>,
    /// The measurement of each arm's costs; empty when the sweep file asks for none.
    pub costs: Vec<PlannedCosts>,
    /// The rungs of successive halving; empty where every trial is trained to its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<PlannedRung>,
}

impl PlanFile {
    /// Reads a plan from its JSON text.
    ///
    /// # Errors
    /// Text that is no plan, or one whose ids lead out of the run directory.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        let plan: Self = serde_json::from_str(text)?;
        let ids = plan.trials.iter().map(|trial| &trial.id).chain(plan.costs.iter().map(|costs| &costs.id));
        for id in ids {
            if !is_folder_name(id) {
                return Err(serde::de::Error::custom(format!("the id {id:?} is no folder's name")));
            }
        }
        Ok(plan)
    }
}

/// Letters, digits, `-`, `_` and `.`, not the first of them: a name that leads nowhere else.
fn is_folder_name(id: &str) -> bool {
    !id.is_empty()
        && !id.starts_with('.')
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// One rung of successive halving: so many arms are trained until so many epochs, and the best go on to the next rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRung {
    /// Arms that enter it.
    pub arms: usize,
    /// Seeds that each is trained with.
    pub seeds: usize,
    /// Epochs, those of earlier rungs included, that a trial has behind it at the end.
    pub epochs: u32,
}

/// One trial of a [`PlanFile`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedTrial {
    /// The trial's folder: arm, seed and a hash of every setting.
    pub id: String,
    /// The arm.
    pub arm: String,
    /// The seed.
    pub seed: u64,
    /// Every setting, for whoever trains.
    pub spec: serde_json::Value,
}

impl PlannedTrial {
    /// Epochs at most, as its settings have them.
    pub fn epochs(&self) -> Option<u32> {
        self.spec.pointer("/train/epochs")?.as_u64()?.try_into().ok()
    }
}

/// One measurement of a [`PlanFile`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedCosts {
    /// The measurement's folder: arm and a hash of every setting.
    pub id: String,
    /// The arm.
    pub arm: String,
    /// Every setting, for whoever measures.
    pub spec: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_leads_nowhere_but_into_its_own_folders() {
        for (id, allowed) in [
            ("max-s1-0de0d558", true),
            ("..", false),
            ("../../etc", false),
            ("/etc", false),
            ("a/b", false),
            ("", false),
            (".ssh", false),
            ("a\\b", false),
        ] {
            let id_text = serde_json::to_string(id).unwrap();
            let text = format!(
                r#"{{"study":"s","trials":[{{"id":{id_text},"arm":"a","seed":1,"spec":{{}}}}],"costs":[]}}"#
            );
            let read = PlanFile::from_json(&text);
            assert_eq!(read.is_ok(), allowed, "{id}");
            if let Err(error) = read {
                assert!(error.to_string().contains("is no folder's name"), "{error}");
            }
        }
    }
}
