//! Runs what has no record yet: trials, rung by rung where a search goes that way, and then the measurements of costs.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Write;
use std::path::PathBuf;

use pool_files::atomic_write;
use pool_records::{EpochRecord, Failure, RecordSummary, RunDir, RunError, StopFlag, TrialSummary, TunedArm};
use pool_spec::{GoingOn, Rung, Selection, SettingTrial, Task, Trial};
use rayon::prelude::*;

use crate::ScheduleError;
use crate::decisions::undecided_arms;
use crate::executor::{Executor, Stage, SweepContext, SweepEvent, TimeBudget};
use crate::resources::Needs;
use crate::task::{QueuedTask, TaskOutcome};

/// What came of a sweep.
#[derive(Debug, Default)]
pub struct SweepSummary {
    /// Trials that ran and left a record.
    pub finished: usize,
    /// The trials that had a record before.
    pub kept: Vec<TrialSummary>,
    /// Measurements that ran and left a record.
    pub measured: usize,
    /// Trials and measurements that died.
    pub failed: Vec<Failure>,
    /// Whether the sweep was stopped on request.
    pub stopped: bool,
    /// Whether the search has used up its hours.
    pub out_of_hours: bool,
}

/// Runs every trial and every measurement that has no record yet. One that fails does not stop the others.
///
/// # Errors
/// A record that is there cannot be read, before anything is started; too little disk space; or a task's folder cannot
/// be prepared: tasks that run are then let finish, and no more are started.
pub fn run_sweep(
    selection: &Selection<'_>,
    dir: &RunDir,
    executor: &dyn Executor,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(SweepEvent<'_>),
) -> Result<SweepSummary, ScheduleError> {
    let found = ExistingWork::read(selection, dir)?;
    dir.check_space(found.disk_bytes)?;
    let (trials, measurements) = (selection.expected_trials(), selection.expected_measurements());
    on_event(SweepEvent::Planned {
        trials,
        measurements,
        // A search that was changed may have left records of arms that now go less far.
        finished: (found.trials.len() + found.measurements).min(trials + measurements),
    });
    let mut summary = SweepSummary { kept: found.trials, ..SweepSummary::default() };
    let mut counting = |event: SweepEvent<'_>| {
        if let SweepEvent::Ended(_, outcome) = &event {
            summary.count(outcome);
        }
        on_event(event);
    };
    let sweep = SweepContext { dir, stop, budget: found.budget, on_event: &mut counting };
    let mut stages: VecDeque<usize> = selection.trials_by_stage().into();
    stages.push_back(measurements);
    let run = SweepRun {
        selection,
        executor,
        sweep,
        finished: found.finished,
        left_undone: false,
        behind: 0,
        stages,
    };
    let out_of_hours = run.run()?;
    (summary.stopped, summary.out_of_hours) = (stop.is_set(), out_of_hours);
    Ok(summary)
}

impl SweepSummary {
    fn count(&mut self, outcome: &TaskOutcome) {
        match outcome {
            TaskOutcome::Finished(_) => self.finished += 1,
            TaskOutcome::Measured(_) => self.measured += 1,
            TaskOutcome::Failed(failure) => self.failed.push(failure.clone()),
            TaskOutcome::Paused(_) | TaskOutcome::Stopped => {}
        }
    }
}

/// What the run directory held when the sweep began. Every record is read once, here, and no more of it than a report of
/// many trials needs.
struct ExistingWork<'p> {
    /// Ids of what has a record.
    finished: HashSet<&'p str>,
    trials: Vec<TrialSummary>,
    measurements: usize,
    budget: TimeBudget,
    /// Bytes that what is missing will take.
    disk_bytes: u64,
}

impl<'p> ExistingWork<'p> {
    fn read(selection: &Selection<'p>, dir: &RunDir) -> Result<Self, RunError> {
        let budget = TimeBudget::new(selection.plan.hours());
        let mut found =
            Self { finished: HashSet::new(), trials: Vec::new(), measurements: 0, budget, disk_bytes: 0 };
        let trials = selection.trials.iter().copied();
        let with_settings = selection.tuning.iter().chain(&selection.tuned).map(|tried| &tried.trial);
        let trials = trials.chain(with_settings).map(Task::Trial);
        let tasks: Vec<Task<'p>> =
            trials.chain(selection.measurements.iter().map(|&costs| Task::Costs(costs))).collect();
        // Of an arm's trials with settings that may be chosen, those of one setting will be there.
        let unlikely = unlikely_trials(selection);
        // By as many threads as there are processors: a large run has gigabytes of records.
        let records = tasks.par_iter().map(|&task| ExistingRecord::read(dir, task));
        let records: Vec<Option<ExistingRecord>> = records.collect::<Result<_, RunError>>()?;
        for (task, record) in tasks.into_iter().zip(records) {
            match record {
                Some(ExistingRecord::Trial(trial)) => {
                    found.budget.spend_epochs(task.id(), &trial.epochs);
                    found.trials.push(*trial);
                }
                Some(ExistingRecord::Costs) => found.measurements += 1,
                None if unlikely.contains(task.id()) => continue,
                None => {
                    if let Some(paused) = dir.paused(task) {
                        found.budget.spend_epochs(task.id(), &paused.epochs);
                    }
                    found.disk_bytes += Needs::lasting_disk_bytes(task, selection.plan.rungs());
                    continue;
                }
            }
            dir.tidy(task);
            found.finished.insert(task.id());
        }
        Ok(found)
    }
}

/// The trials with settings that may be chosen, except those of one setting of each arm.
fn unlikely_trials<'p>(selection: &Selection<'p>) -> HashSet<&'p str> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let others = selection
        .tuned
        .iter()
        .filter(|tuned| *first.entry(tuned.arm()).or_insert(tuned.setting) != tuned.setting);
    others.map(|tuned| tuned.trial.id()).collect()
}

/// What a sweep needs to know of a record that was there before.
enum ExistingRecord {
    Trial(Box<TrialSummary>),
    Costs,
}

impl ExistingRecord {
    fn read(dir: &RunDir, task: Task<'_>) -> Result<Option<Self>, RunError> {
        Ok(match task {
            Task::Trial(_) => dir.state(task)?.finished().map(Self::Trial),
            Task::Costs(_) => dir.state::<RecordSummary>(task)?.finished().map(|_| Self::Costs),
        })
    }
}

/// The epochs of a trial that is finished, or has come as far as this.
fn epochs_of(dir: &RunDir, trial: &Trial, until: u32) -> Result<Option<Vec<EpochRecord>>, RunError> {
    let task = Task::Trial(trial);
    Ok(match dir.state::<TrialSummary>(task)?.finished() {
        Some(record) => Some(record.epochs),
        None => TaskOutcome::paused(dir, task, Some(until)).map(|paused| paused.epochs),
    })
}

/// A sweep on its way.
struct SweepRun<'c, 'p> {
    selection: &'c Selection<'p>,
    executor: &'c dyn Executor,
    sweep: SweepContext<'c>,
    /// Ids of what had a record before.
    finished: HashSet<&'p str>,
    /// Whether there was something to do for which no time was left.
    left_undone: bool,
    /// Tasks of the stages that are over.
    behind: usize,
    /// Tasks that each of the stages to come is planned to have.
    stages: VecDeque<usize>,
}

impl<'p> SweepRun<'_, 'p> {
    /// Returns whether the hours ended it.
    fn run(mut self) -> Result<bool, ScheduleError> {
        let arms = match self.selection.plan.rungs() {
            [rungs @ .., last] => self.climb(rungs, *last)?,
            [] => {
                if self.selection.plan.tuning.is_some() {
                    self.train_tuned()?;
                } else if self.selection.plan.comparison.looks.is_empty() {
                    self.train(&self.selection.trials, None)?;
                } else {
                    self.train_until_decided()?;
                }
                None
            }
        };
        let wanted = |arm: &str| arms.as_ref().is_none_or(|arms| arms.contains(arm));
        let measurements = self.selection.measurements.iter().map(|&measurement| Task::Costs(measurement));
        let measurements: Vec<Task<'p>> = measurements.filter(|task| wanted(task.arm())).collect();
        self.stage(&measurements, None, true)?;
        Ok(self.left_undone && !self.sweep.budget.is_left())
    }

    /// Successive halving. Gives the arms of the last rung.
    fn climb(&mut self, rungs: &[Rung], last: Rung) -> Result<Option<HashSet<&'p str>>, ScheduleError> {
        let mut field = self.selection.one_per_arm();
        for (index, rung) in rungs.iter().enumerate() {
            self.begin_rung(index, field.len(), rung);
            self.train(&field, Some(rung.epochs))?;
            if !self.sweep.goes_on() {
                self.left_undone = true;
                return Ok(Some(HashSet::new()));
            }
            let next = rungs.get(index + 1).unwrap_or(&last);
            let epochs_of = |trial: &Trial| epochs_of(self.sweep.dir, trial, rung.epochs);
            field = best_trials(&field, rung.epochs, next.arms, epochs_of)?;
        }
        self.begin_rung(rungs.len(), field.len(), &last);
        let arms: HashSet<&'p str> = field.iter().map(|trial| trial.spec().arm.as_str()).collect();
        let finals: Vec<&'p Trial> =
            self.selection.trials.iter().copied().filter(|trial| arms.contains(&*trial.spec().arm)).collect();
        let going_on = GoingOn { arms, seeds: usize::MAX, ..GoingOn::default() };
        self.sweep.dir.store_going_on(self.selection.plan, &going_on)?;
        self.train(&finals, None)?;
        Ok(Some(going_on.arms))
    }

    /// Look after look of a design, the arms that are not decided yet with further seeds.
    fn train_until_decided(&mut self) -> Result<(), ScheduleError> {
        let plan = self.selection.plan;
        let looks = &plan.comparison.looks;
        let every_arm = self.selection.one_per_arm().into_iter().map(|trial| trial.spec().arm.as_str());
        let mut going_on = GoingOn { arms: every_arm.collect(), ..GoingOn::default() };
        for (index, &seeds) in looks.iter().enumerate() {
            going_on.seeds = seeds as usize;
            self.sweep.dir.store_going_on(plan, &going_on)?;
            let arms = going_on.arms.len();
            (self.sweep.on_event)(SweepEvent::Look { number: index + 1, of: looks.len(), arms, seeds });
            // What failed at an earlier look is tried again by the next sweep, not by the next look.
            let before = index.checked_sub(1).map_or(0, |before| looks[before]);
            let of_look = |trial: &&Trial| {
                let seed = trial.spec().seed;
                u64::from(before) < seed
                    && seed <= u64::from(seeds)
                    && going_on.arms.contains(&*trial.spec().arm)
            };
            let trials: Vec<&'p Trial> = self.selection.trials.iter().copied().filter(of_look).collect();
            self.train(&trials, None)?;
            if !self.sweep.goes_on() {
                self.left_undone = true;
                return Ok(());
            }
            going_on.arms = undecided_arms(self.selection, self.sweep.dir)?;
            if going_on.arms.is_empty() {
                // Nothing is left to train for.
                self.stages.drain(..looks.len() - index - 1);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Tries every arm with every setting, and then trains it with the study's seeds: as the sweep file has it, and with the
    /// setting that was chosen.
    fn train_tuned(&mut self) -> Result<(), ScheduleError> {
        let Selection { plan, trials, tuning, tuned, .. } = self.selection;
        let tried: Vec<&'p Trial> = tuning.iter().map(|tried| &tried.trial).collect();
        self.train(&tried, None)?;
        if !self.sweep.goes_on() {
            self.left_undone = true;
            return Ok(());
        }
        let mut finished = HashMap::new();
        for trial in tried {
            if let Some(record) = self.sweep.dir.state::<TrialSummary>(Task::Trial(trial))?.finished() {
                finished.insert(trial.id().to_owned(), *record);
            }
        }
        let settings = plan.tuning.as_ref().map_or(&[][..], |tuning| &tuning.settings);
        let arms = TunedArm::all(settings.len(), tuning.iter().copied(), &finished);
        (self.sweep.on_event)(SweepEvent::Tuned { settings, arms: &arms });
        let chosen = arms.into_iter().filter_map(|arm| Some((arm.arm, arm.chosen?)));
        let going_on = GoingOn { settings: chosen.collect(), ..GoingOn::default() };
        self.sweep.dir.store_going_on(plan, &going_on)?;
        let is_chosen = |tuned: &&&SettingTrial| going_on.settings.get(tuned.arm()) == Some(&tuned.setting);
        let tuned = tuned.iter().filter(is_chosen).map(|tuned| &tuned.trial);
        let mut trials: Vec<&'p Trial> = trials.iter().copied().chain(tuned).collect();
        // Seed by seed, as a sweep that is interrupted should have compared all arms on the seeds that it finished.
        let mut place = HashMap::new();
        for trial in &trials {
            let next = place.len();
            place.entry(trial.spec().seed).or_insert(next);
        }
        trials.sort_by_key(|trial| place[&trial.spec().seed]);
        self.train(&trials, None)
    }

    fn begin_rung(&mut self, index: usize, arms: usize, rung: &Rung) {
        (self.sweep.on_event)(SweepEvent::Rung { number: index + 1, arms, epochs: rung.epochs });
    }

    fn train(&mut self, trials: &[&'p Trial], until_epoch: Option<u32>) -> Result<(), ScheduleError> {
        let tasks: Vec<Task<'p>> = trials.iter().map(|&trial| Task::Trial(trial)).collect();
        self.stage(&tasks, until_epoch, false)
    }

    /// Whether a task has its record, or has come to this epoch.
    fn is_done(&self, task: Task<'_>, until_epoch: Option<u32>) -> Result<bool, RunError> {
        Ok(self.finished.contains(task.id())
            || RunDir::has_record(&self.sweep.dir.layout().task(task))
            || TaskOutcome::paused(self.sweep.dir, task, until_epoch).is_some())
    }

    /// Runs those of these tasks that have not come so far.
    fn stage(
        &mut self,
        tasks: &[Task<'p>],
        until_epoch: Option<u32>,
        exclusive: bool,
    ) -> Result<(), ScheduleError> {
        let mut work = Vec::new();
        for &task in tasks {
            if !self.is_done(task, until_epoch)? {
                work.push(QueuedTask {
                    task,
                    until_epoch,
                    needs: Needs::of(task, self.selection.plan.images.all()),
                });
            }
        }
        self.stages.pop_front();
        let done = self.behind + tasks.len() - work.len();
        self.behind += tasks.len();
        let all = self.behind + self.stages.iter().sum::<usize>();
        (self.sweep.on_event)(SweepEvent::Stage { done, all });
        if work.is_empty() {
            return Ok(());
        }
        if !self.sweep.goes_on() {
            self.left_undone = true;
            return Ok(());
        }
        self.executor.run(Stage { tasks: work, total_tasks: tasks.len(), exclusive }, &mut self.sweep)?;
        if !self.sweep.budget.is_left() {
            for &task in tasks {
                self.left_undone |= !self.is_done(task, until_epoch)?;
            }
        }
        Ok(())
    }
}

/// The `keep` trials whose best validation error within the first `epochs` is lowest, in the order they were given. Ties
/// go to the lower validation loss, and then to the earlier trial. One that has no epochs to show has died on the way, and
/// does not go on.
fn best_trials<'a>(
    field: &[&'a Trial],
    epochs: u32,
    keep: usize,
    epochs_of: impl Fn(&Trial) -> Result<Option<Vec<EpochRecord>>, RunError>,
) -> Result<Vec<&'a Trial>, RunError> {
    let mut scored = Vec::new();
    for (index, &trial) in field.iter().enumerate() {
        if let Some(history) = epochs_of(trial)? {
            scored.push((score(&history, epochs), index));
        }
    }
    scored.sort_by(|(a, first), (b, second)| {
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(first.cmp(second))
    });
    let mut kept: Vec<usize> = scored.into_iter().take(keep).map(|(_, index)| index).collect();
    kept.sort_unstable();
    Ok(kept.into_iter().map(|index| field[index]).collect())
}

/// Validation error and loss of the best epoch; infinite where training has diverged, whatever it was before.
fn score(history: &[EpochRecord], epochs: u32) -> (f64, f64) {
    let looked_at = || history.iter().filter(|epoch| epoch.epoch <= epochs);
    if !looked_at().all(|epoch| epoch.train_loss.is_finite() && epoch.validation_loss.is_finite()) {
        return (f64::INFINITY, f64::INFINITY);
    }
    looked_at()
        .map(|epoch| (epoch.validation_error, epoch.validation_loss))
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .unwrap_or((f64::INFINITY, f64::INFINITY))
}

/// What was prepared for whoever starts the trials.
#[derive(Debug)]
pub struct Prepared {
    /// The list: one folder per line.
    pub list: PathBuf,
    /// Trials in it, which have no record yet.
    pub trials: usize,
}

/// Makes the folder of every trial that has no record, and the list of them, `tasks.txt`.
///
/// # Errors
/// A run directory that cannot be written or lacks space, or a trial that somebody works on.
pub fn prepare_trials(selection: &Selection<'_>, dir: &RunDir) -> Result<Prepared, RunError> {
    let mut missing = Vec::new();
    for &trial in &selection.trials {
        let task = Task::Trial(trial);
        if dir.state::<RecordSummary>(task)?.finished().is_none() {
            missing.push(task);
        }
    }
    dir.check_space(missing.iter().map(|&task| Needs::lasting_disk_bytes(task, &[])).sum())?;
    let mut list = String::new();
    for &task in &missing {
        writeln!(list, "{}", dir.prepare(task)?.display()).expect("text can always be written into a string");
    }
    let path = dir.layout().root().join("tasks.txt");
    atomic_write(&path, list.as_bytes()).map_err(RunError::io("write", &path))?;
    Ok(Prepared { list: path, trials: missing.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_epoch_until_then_counts() {
        let epoch = |epoch, validation_error, validation_loss| EpochRecord {
            epoch,
            train_loss: 0.0,
            train_error: 0.0,
            validation_loss,
            validation_error,
            train_s: 0.0,
            validation_s: 0.0,
        };
        let history = [epoch(1, 0.3, 1.0), epoch(2, 0.2, 0.9), epoch(3, 0.25, 0.8), epoch(4, 0.1, 0.1)];
        assert_eq!(score(&history, 3), (0.2, 0.9));
        assert_eq!(score(&history, 9), (0.1, 0.1));
        let diverged = [epoch(1, 0.1, 0.1), epoch(2, 0.9, f64::NAN)];
        assert_eq!(score(&diverged, 2), (f64::INFINITY, f64::INFINITY), "diverged later");
        assert_eq!(score(&[epoch(1, 0.5, f64::NAN)], 1), (f64::INFINITY, f64::INFINITY), "diverged");
    }
}
