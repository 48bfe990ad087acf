//! Parallel loops over threads that the caller owns.

#![expect(unsafe_code, reason = "several threads write disjoint parts of one slice")]

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::memory::OutOfMemory;

/// Threads that run the tasks of a kernel.
///
/// # Safety
/// [`Threads::parallel_for`] hands out every task at most once and no task at or beyond `tasks`, and it returns after the
/// last call of `work` has returned: kernels write to one slice from all threads, each to the part of its tasks.
pub unsafe trait Threads: Sync {
    /// Calls `work` with ranges that together are `0..tasks`, each task once, and returns when all calls have returned. A
    /// range of fewer than `grain` tasks is not worth a thread of its own. A kernel's result does not depend on how the
    /// tasks are divided.
    fn parallel_for(&self, tasks: usize, grain: usize, work: &(dyn Fn(Range<usize>) + Sync));
}

/// The smallest number of tasks that is worth a thread, if each task works on this many numbers.
pub(crate) fn grain(numbers_per_task: usize) -> usize {
    const NUMBERS: usize = 1 << 14;
    (NUMBERS / numbers_per_task.max(1)).max(1)
}

/// Only the calling thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisThread;

// SAFETY: one call with all tasks, on the thread that waits for it.
unsafe impl Threads for ThisThread {
    fn parallel_for(&self, tasks: usize, _grain: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
        work(0..tasks);
    }
}

/// A slice that several threads write to, each to parts of its own.
pub(crate) struct DisjointSlices<'a, T> {
    start: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: it stands for a `&mut [T]`, which can be sent to other threads if `T` can, and it gives out parts only to callers
// who promise that nobody else has them.
unsafe impl<T: Send> Sync for DisjointSlices<'_, T> {}

impl<'a, T> DisjointSlices<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), slice: PhantomData }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The address of entry `index`, or the end of the slice if `index` is its length.
    pub(crate) fn at(&self, index: usize) -> *mut T {
        assert!(index <= self.length, "entry {index} of {}", self.length);
        // SAFETY: inside the slice or at its end, as asserted.
        unsafe { self.start.add(index) }
    }

    /// # Safety
    /// Nothing else reads or writes this part while the result lives.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that no other part overlaps this one")]
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.length, "{range:?} of {}", self.length);
        // SAFETY: inside the slice, as asserted; nothing else has this part, as the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// The outcome of work on several threads, each of which may run out of memory.
#[derive(Debug, Default)]
pub(crate) struct SharedOutcome {
    /// Bytes of the largest request that was refused, 0 if none was.
    refused: AtomicU64,
}

impl SharedOutcome {
    /// Records how one thread's part ended.
    pub(crate) fn record(&self, part: Result<(), OutOfMemory>) {
        if let Err(OutOfMemory { bytes }) = part {
            self.refused.fetch_max(bytes.max(1), Ordering::Relaxed);
        }
    }

    /// The outcome of all parts, once every thread has ended.
    pub(crate) fn into_result(self) -> Result<(), OutOfMemory> {
        match self.refused.into_inner() {
            0 => Ok(()),
            bytes => Err(OutOfMemory { bytes }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refused_part_fails_the_whole() {
        let outcome = SharedOutcome::default();
        outcome.record(Ok(()));
        outcome.record(Err(OutOfMemory { bytes: 7 }));
        outcome.record(Err(OutOfMemory { bytes: 5 }));
        assert_eq!(outcome.into_result(), Err(OutOfMemory { bytes: 7 }));
        assert_eq!(SharedOutcome::default().into_result(), Ok(()));
    }

    #[test]
    #[should_panic(expected = "2..5 of 4")]
    fn a_part_ends_with_its_slice() {
        let mut numbers = [0; 4];
        // SAFETY: the only part.
        unsafe { DisjointSlices::new(&mut numbers).part(2..5) };
    }
}
