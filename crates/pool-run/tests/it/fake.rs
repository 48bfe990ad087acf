//! A launcher that trains nothing, and the records it leaves.

use pool_records::{RunDir, StopFlag, TrialEvent, TrialRecord};
use pool_run::{LaunchError, LaunchRequest, Launcher};
use pool_spec::{Task, Trial};
use pool_testkit::{cost_record, trial_record};
use std::sync::Mutex;

/// Notes what it was asked to run, and does with it what the test says.
pub(crate) struct Fake<F> {
    ran: Mutex<Vec<String>>,
    behaviour: F,
}

impl<F> Fake<F> {
    pub(crate) fn new(behaviour: F) -> Self {
        Self { ran: Mutex::new(Vec::new()), behaviour }
    }

    /// Ids, in the order in which they were started.
    pub(crate) fn ran(&self) -> Vec<String> {
        self.ran.lock().unwrap().clone()
    }
}

impl<F: Fn(&LaunchRequest<'_>, &StopFlag) -> Result<(), LaunchError> + Sync> Launcher for Fake<F> {
    fn run(
        &self,
        job: &LaunchRequest<'_>,
        stop: &StopFlag,
        _: &mut dyn FnMut(TrialEvent),
    ) -> Result<(), LaunchError> {
        self.ran.lock().unwrap().push(job.task.id().to_owned());
        (self.behaviour)(job, stop)
    }
}

pub(crate) fn succeed(job: &LaunchRequest<'_>, _: &StopFlag) -> Result<(), LaunchError> {
    match job.task {
        Task::Trial(trial) => RunDir::store_record(job.folder, &record(trial)).unwrap(),
        Task::Costs(costs) => RunDir::store_record(job.folder, &cost_record(costs.spec())).unwrap(),
    }
    Ok(())
}

/// A record as `trial` would leave it, with made-up figures.
pub(crate) fn record(trial: &Trial) -> TrialRecord {
    trial_record(trial.spec())
}
