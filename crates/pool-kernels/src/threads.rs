//! Work on several threads, which somebody else owns.

#![expect(unsafe_code, reason = "several threads write parts of one slice")]

use std::marker::PhantomData;
use std::ops::Range;

/// Threads that share work.
///
/// # Safety
/// [`Threads::share`] hands out every task at most once, none from `tasks` on, and returns after the last one has ended:
/// kernels write to the same slice from all threads, each to its tasks' part.
pub unsafe trait Threads: Sync {
    /// Calls `work` with ranges that together are `0..tasks`, each task once, and returns when all is done; fewer than
    /// `least` tasks are not worth a thread. A kernel's result does not depend on how the tasks are divided.
    fn share(&self, tasks: usize, least: usize, work: &(dyn Fn(Range<usize>) + Sync));
}

/// How many tasks of so many numbers each are worth a thread.
pub(crate) fn least_tasks(numbers_each: usize) -> usize {
    const NUMBERS: usize = 1 << 14;
    (NUMBERS / numbers_each.max(1)).max(1)
}

/// The thread that calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisThread;

// SAFETY: one range, all tasks, on the thread that waits for it.
unsafe impl Threads for ThisThread {
    fn share(&self, tasks: usize, _least: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
        work(0..tasks);
    }
}

/// A slice whose parts are written by different threads.
pub(crate) struct Parts<'a, T> {
    start: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: it stands for a `&mut [T]`, which may be sent to other threads, and gives out parts only to callers who
// promise that nobody else has them.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    pub(crate) fn of(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), slice: PhantomData }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Where entry `index` lies, which may be just behind the last.
    pub(crate) fn at(&self, index: usize) -> *mut T {
        assert!(index <= self.length, "entry {index} of {}", self.length);
        // SAFETY: inside the slice or just behind it.
        unsafe { self.start.add(index) }
    }

    /// # Safety
    /// Nothing else reads or writes this part meanwhile.
    #[expect(clippy::mut_from_ref, reason = "what the caller promises")]
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.length, "{range:?} of {}", self.length);
        // SAFETY: inside the slice; the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}
