//! The wish to stop, shared between threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::TrainError;

/// The wish to stop: set once, by a signal handler or by a parent's death, and looked at between steps.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everyone who holds this flag to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether stopping was asked for.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// # Errors
    /// [`TrainError::Stopped`] once the flag is set.
    pub fn check(&self) -> Result<(), TrainError> {
        if self.is_set() { Err(TrainError::Stopped) } else { Ok(()) }
    }
}
