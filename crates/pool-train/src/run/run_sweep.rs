//! Runs what has no record yet: trials, rung by rung where a search goes that way, and then the measurements of costs.

use std::collections::{HashSet, VecDeque};

use pool_metrics::{Failure, PlannedRung};

use super::dir::RunDir;
use super::executor::{Executor, Ongoing, Stage, SweepEvent};
use super::needs::Needs;
use super::stop::StopFlag;
use super::task::{Fate, Task, Work};
use super::working_hours::WorkingHours;
use crate::sweep::best_arms;
use crate::{Selection, TrainError, Trial};

/// What came of a sweep.
#[derive(Debug, Default)]
pub struct SweepSummary {
    /// Trials that ran and left a record.
    pub finished: usize,
    /// Trials that had a record before.
    pub kept: usize,
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
) -> Result<SweepSummary, TrainError> {
    let found = Found::of(selection, dir)?;
    dir.check_space(found.disk_bytes)?;
    let (trials, measurements) = (selection.expected_trials(), selection.expected_measurements());
    on_event(SweepEvent::Planned {
        trials,
        measurements,
        // A search that was changed may have left records of arms that now go less far.
        finished: (found.trials + found.measurements).min(trials + measurements),
    });
    let mut summary = SweepSummary { kept: found.trials, ..SweepSummary::default() };
    let mut told = |event: SweepEvent<'_>| {
        if let SweepEvent::Ended(_, fate) = &event {
            summary.count(fate);
        }
        on_event(event);
    };
    let sweep = Ongoing { dir, stop, hours: found.hours, on_event: &mut told };
    let mut stages: VecDeque<usize> = selection.trials_by_stage().into();
    stages.push_back(measurements);
    let course = Course {
        selection,
        executor,
        sweep,
        finished: found.finished,
        left_undone: false,
        behind: 0,
        stages,
    };
    let out_of_hours = course.run()?;
    summary.stopped = stop.is_set();
    summary.out_of_hours = out_of_hours;
    Ok(summary)
}

impl SweepSummary {
    fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Finished(_) => self.finished += 1,
            Fate::Measured(_) => self.measured += 1,
            Fate::Failed(failure) => self.failed.push(failure.clone()),
            Fate::Paused(_) | Fate::Stopped => {}
        }
    }
}

/// What the run directory held when the sweep began.
struct Found<'p> {
    /// Ids of what has a record: nothing of the sweep reads it again.
    finished: HashSet<&'p str>,
    trials: usize,
    measurements: usize,
    hours: WorkingHours,
    /// What is missing will take.
    disk_bytes: u64,
}

impl<'p> Found<'p> {
    fn of(selection: &Selection<'p>, dir: &RunDir) -> Result<Self, TrainError> {
        let hours = WorkingHours::new(selection.plan.hours());
        let mut found = Self { finished: HashSet::new(), trials: 0, measurements: 0, hours, disk_bytes: 0 };
        for &trial in &selection.trials {
            let task = Task::Trial(trial);
            let fate = dir.fate(task, Some(1))?;
            if let Some(fate) = &fate {
                found.hours.spend(fate);
            }
            match fate {
                Some(Fate::Finished(_)) => {
                    dir.tidy(task);
                    found.finished.insert(task.id());
                    found.trials += 1;
                }
                _ => found.disk_bytes += Needs::lasting_disk_bytes(task, selection.plan.rungs()),
            }
        }
        for &measurement in &selection.measurements {
            match dir.cost_record(measurement.id())? {
                Some(_) => {
                    found.finished.insert(measurement.id());
                    found.measurements += 1;
                }
                None => found.disk_bytes += Needs::lasting_disk_bytes(Task::Costs(measurement), &[]),
            }
        }
        Ok(found)
    }
}

/// A sweep on its way.
struct Course<'c, 'p> {
    selection: &'c Selection<'p>,
    executor: &'c dyn Executor,
    sweep: Ongoing<'c>,
    /// Ids of what had a record before.
    finished: HashSet<&'p str>,
    /// Whether there was something to do for which no time was left.
    left_undone: bool,
    /// Tasks of the stages that are over.
    behind: usize,
    /// Tasks that each of the stages to come is planned to have.
    stages: VecDeque<usize>,
}

impl<'p> Course<'_, 'p> {
    /// Returns whether the hours ended it.
    fn run(mut self) -> Result<bool, TrainError> {
        let arms = match self.selection.plan.rungs() {
            [rungs @ .., last] => self.climb(rungs, *last)?,
            [] => {
                self.train(&self.selection.trials, None)?;
                None
            }
        };
        let wanted = |arm: &str| arms.as_ref().is_none_or(|arms| arms.contains(arm));
        let measurements = self.selection.measurements.iter().map(|&measurement| Task::Costs(measurement));
        let measurements: Vec<Task<'p>> = measurements.filter(|task| wanted(task.arm())).collect();
        self.stage(&measurements, None, true)?;
        Ok(self.left_undone && !self.sweep.hours.are_left())
    }

    /// Successive halving. Gives the arms of the last rung.
    fn climb(
        &mut self,
        rungs: &[PlannedRung],
        last: PlannedRung,
    ) -> Result<Option<HashSet<&'p str>>, TrainError> {
        let mut field = self.selection.one_per_arm();
        for (index, rung) in rungs.iter().enumerate() {
            self.tell_rung(index, field.len(), rung);
            self.train(&field, Some(rung.epochs))?;
            if !self.sweep.goes_on() {
                self.left_undone = true;
                return Ok(Some(HashSet::new()));
            }
            let next = rungs.get(index + 1).unwrap_or(&last);
            let epochs_of = |trial: &Trial| self.sweep.dir.epochs(trial, rung.epochs);
            field = best_arms(&field, rung.epochs, next.arms, epochs_of)?;
        }
        self.tell_rung(rungs.len(), field.len(), &last);
        let arms: HashSet<&'p str> = field.iter().map(|trial| trial.spec().arm.as_str()).collect();
        let finals: Vec<&'p Trial> =
            self.selection.trials.iter().copied().filter(|trial| arms.contains(&*trial.spec().arm)).collect();
        self.sweep.dir.store_finals(self.selection.plan, &arms)?;
        self.train(&finals, None)?;
        Ok(Some(arms))
    }

    fn tell_rung(&mut self, index: usize, arms: usize, rung: &PlannedRung) {
        (self.sweep.on_event)(SweepEvent::Rung { number: index + 1, arms, epochs: rung.epochs });
    }

    fn train(&mut self, trials: &[&'p Trial], until_epoch: Option<u32>) -> Result<(), TrainError> {
        let tasks: Vec<Task<'p>> = trials.iter().map(|&trial| Task::Trial(trial)).collect();
        self.stage(&tasks, until_epoch, false)
    }

    /// Runs those of these tasks that have not come so far.
    fn stage(&mut self, tasks: &[Task<'p>], until_epoch: Option<u32>, alone: bool) -> Result<(), TrainError> {
        let mut work = Vec::new();
        for &task in tasks {
            if !self.finished.contains(task.id()) && self.sweep.dir.fate(task, until_epoch)?.is_none() {
                work.push(Work {
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
        self.executor.run(Stage { work, of: tasks.len(), alone }, &mut self.sweep)?;
        if !self.sweep.hours.are_left() {
            for &task in tasks {
                self.left_undone |= self.sweep.dir.fate(task, until_epoch)?.is_none();
            }
        }
        Ok(())
    }
}
