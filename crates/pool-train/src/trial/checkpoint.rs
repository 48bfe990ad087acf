//! What an interrupted trial goes on from: everything that the epochs to come depend on, stored between two epochs.
//!
//! `checkpoint/state.json` names the file of tensors that belongs to it. It is replaced after that file is whole and
//! before the one of the last checkpoint is removed: whenever the process dies, the state that is there has its tensors.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pool_files::atomic_write;
use pool_models::{ModelError, Net, Optimizer, load_tensors, save_tensors};
use pool_records::{ComputedWith, EarlierEpochs, EpochRecord, RunLayout, empty_but_for};
use serde::{Deserialize, Serialize};
use tch::nn::VarStore;
use tch::{Device, Tensor};

use super::fit::{Weights, restore, snapshot};
use crate::TrainError;

/// Raised when a state or its tensors mean something else.
const VERSION: u32 = 2;

/// The checkpoints of one trial.
pub(super) struct Checkpoints {
    folder: PathBuf,
    trial: String,
    every: Duration,
    /// What this process computes with.
    with: ComputedWith,
}

/// How far training has come, besides what network and optimizer hold.
pub(super) struct Progress<'a> {
    pub(super) epochs: &'a [EpochRecord],
    /// Those of them that earlier processes trained otherwise.
    pub(super) earlier: &'a [EarlierEpochs],
    /// The best epoch and its weights, where they are kept.
    pub(super) best: Option<&'a (u32, Weights)>,
    pub(super) resident_peak_bytes: Option<u64>,
}

/// The same, as it was read; empty where the trial begins.
#[derive(Default)]
pub(super) struct Resumed {
    pub(super) epochs: Vec<EpochRecord>,
    /// Those of them that earlier processes trained with something else than this one has.
    pub(super) earlier: Vec<EarlierEpochs>,
    /// What this process computes with other than the last of them, in words.
    pub(super) changes: Vec<String>,
    pub(super) best: Option<(u32, Weights)>,
    pub(super) resident_peak_bytes: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    version: u32,
    /// The trial's id.
    trial: String,
    /// The file of tensors, in the same folder.
    tensors: String,
    epochs: Vec<EpochRecord>,
    /// What they were computed with, all of them; empty in a checkpoint from before this was noted.
    #[serde(default)]
    computed: Vec<EarlierEpochs>,
    best_epoch: Option<u32>,
    /// [`Net::passes`].
    passes: Vec<u64>,
    resident_peak_bytes: Option<u64>,
}

impl Checkpoints {
    /// Those of the trial of this id in this folder, with at least this much time between them, by a process that computes
    /// with this.
    pub(super) fn new(folder: &Path, trial: String, every: Duration, with: ComputedWith) -> Self {
        Self { folder: RunLayout::checkpoint_in(folder), trial, every, with }
    }

    /// Whether the next one is due, when the last was stored at this moment.
    pub(super) fn are_due(&self, last: Instant) -> bool {
        last.elapsed() >= self.every
    }

    /// Stores a checkpoint. Where that fails (a full disk, say) training goes on, and the last checkpoint is kept.
    pub(super) fn save(
        &self,
        progress: &Progress<'_>,
        net: &Net,
        variables: &VarStore,
        optimizer: &Optimizer,
    ) {
        match self.store(progress, net, variables, optimizer) {
            Ok(()) => tracing::debug!(epochs = progress.epochs.len(), "checkpoint stored"),
            Err(error) => tracing::warn!(%error, "no checkpoint could be stored"),
        }
    }

    /// Stores a checkpoint.
    ///
    /// # Errors
    /// A folder that cannot be written; the last checkpoint is kept.
    pub(super) fn store(
        &self,
        progress: &Progress<'_>,
        net: &Net,
        variables: &VarStore,
        optimizer: &Optimizer,
    ) -> Result<(), TrainError> {
        let last = progress.epochs.last().map_or(0, |last| last.epoch);
        let best_epoch = progress.best.map(|(epoch, _)| *epoch);
        let mut tensors = tensors_of(variables, optimizer)?;
        if let Some((epoch, weights)) = progress.best
            && *epoch != last
        {
            tensors.extend(named("best", weights)?);
        }
        let state = State {
            version: VERSION,
            trial: self.trial.clone(),
            tensors: format!("epoch-{last}.safetensors"),
            epochs: progress.epochs.to_vec(),
            computed: [progress.earlier, &[EarlierEpochs { until_epoch: last, with: self.with.clone() }]]
                .concat(),
            best_epoch,
            passes: net.passes(),
            resident_peak_bytes: progress.resident_peak_bytes,
        };
        // Its parent alone: a run directory that was removed is not made again.
        match fs::create_dir(&self.folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(TrainError::io("create", &self.folder)(error));
            }
            _ => {}
        }
        let file = self.folder.join(&state.tensors);
        save_tensors(&tensors.into_iter().collect::<Vec<_>>(), &file)?;
        let text = serde_json::to_string(&state).expect("a state holds only what JSON can express");
        let path = self.state_path();
        atomic_write(&path, text.as_bytes()).map_err(TrainError::io("write", &path))?;
        // What stays because it cannot be removed is written over or removed the next time.
        if let Err(error) = empty_but_for(&self.folder, &[&file, &path]) {
            tracing::debug!(%error, "the last checkpoint cannot be removed");
        }
        Ok(())
    }

    /// Brings network, variables and optimizer to where the last checkpoint was taken, if there is one. One that cannot
    /// be used leaves them as they are.
    pub(super) fn resume(&self, net: &Net, variables: &VarStore, optimizer: &mut Optimizer) -> Resumed {
        match self.try_resume(net, variables, optimizer) {
            Ok(resumed) => resumed.unwrap_or_default(),
            Err(reason) => {
                let folder = self.folder.display();
                tracing::warn!(%folder, reason, "the checkpoint cannot be used; the trial begins anew");
                Resumed::default()
            }
        }
    }

    fn try_resume(
        &self,
        net: &Net,
        variables: &VarStore,
        optimizer: &mut Optimizer,
    ) -> Result<Option<Resumed>, String> {
        let Some(state) = self.read_state()? else { return Ok(None) };
        let last = state.epochs.last().map_or(0, |last| last.epoch);
        let best_apart = state.best_epoch.filter(|&best| best != last);
        let words = |error: ModelError| error.to_string();

        let mut like = tensors_of(variables, optimizer).map_err(words)?;
        if best_apart.is_some() {
            like.extend(named("best", &variables.variables()).map_err(words)?);
        }
        let mut tensors = load_tensors(&like, &self.folder.join(&state.tensors)).map_err(words)?;
        let optimizers: Vec<(String, Tensor)> = take(&mut tensors, "optimizer").into_iter().collect();
        net.set_passes(&state.passes).map_err(words)?;
        optimizer.set_state(&optimizers).map_err(words)?;
        restore(variables, &take(&mut tensors, "variable")).map_err(|error| error.to_string())?;
        let best = match (state.best_epoch, best_apart) {
            (None, _) => None,
            (Some(best), None) => Some((best, snapshot(variables).map_err(|error| error.to_string())?)),
            (Some(best), Some(_)) => Some((best, take(&mut tensors, "best"))),
        };
        let State { epochs, computed: mut earlier, resident_peak_bytes, .. } = state;
        let changes = earlier.last().map(|last| self.with.changes_from(&last.with)).unwrap_or_default();
        if changes.is_empty() {
            // The last of them and those to come are computed alike.
            earlier.pop();
        }
        Ok(Some(Resumed { epochs, earlier, changes, best, resident_peak_bytes }))
    }

    /// The state that is there, held against what one can be.
    fn read_state(&self) -> Result<Option<State>, String> {
        let text = match fs::read_to_string(self.state_path()) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let state: State = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let State { version, trial, tensors, epochs, best_epoch, .. } = &state;
        if *version != VERSION {
            return Err(format!("it has version {version}, and this program knows version {VERSION}"));
        }
        if *trial != self.trial {
            return Err(format!("it is of the trial {trial}"));
        }
        if epochs.is_empty() || !epochs.iter().map(|epoch| epoch.epoch).eq(1..=epochs.len() as u32) {
            return Err("its epochs are not the first ones".to_owned());
        }
        if best_epoch.is_some_and(|best| best == 0 || best as usize > epochs.len()) {
            return Err("its best epoch is none of its epochs".to_owned());
        }
        // A name alone: nothing in a run directory leads out of it.
        if Path::new(tensors).file_name() != Some(tensors.as_ref()) {
            return Err(format!("{tensors:?} names no file of it"));
        }
        Ok(Some(state))
    }

    fn state_path(&self) -> PathBuf {
        self.folder.join("state.json")
    }
}

/// All variables and the optimizer's state, by name.
fn tensors_of(variables: &VarStore, optimizer: &Optimizer) -> Result<HashMap<String, Tensor>, ModelError> {
    let mut tensors = named("variable", &variables.variables())?;
    tensors.extend(named("optimizer", &optimizer.state()?.into_iter().collect())?);
    Ok(tensors)
}

/// `GROUP/NAME` for each, on the CPU.
fn named(group: &str, tensors: &HashMap<String, Tensor>) -> Result<HashMap<String, Tensor>, ModelError> {
    tensors
        .iter()
        .map(|(name, tensor)| Ok((format!("{group}/{name}"), tensor.detach().f_to_device(Device::Cpu)?)))
        .collect()
}

/// Takes the tensors of a group out, under their own names.
fn take(tensors: &mut HashMap<String, Tensor>, group: &str) -> HashMap<String, Tensor> {
    let prefix = format!("{group}/");
    let names: Vec<String> = tensors.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
    let taken = names.into_iter().filter_map(|name| {
        let tensor = tensors.remove(&name)?;
        Some((name[prefix.len()..].to_owned(), tensor))
    });
    taken.collect()
}
