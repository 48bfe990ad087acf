//! Memory that a thread keeps between kernels, so that nothing is allocated per step.

#![expect(unsafe_code, reason = "lines of a cache seen as numbers")]

use std::cell::RefCell;

use crate::memory::{OutOfMemory, with_room};

/// A line of the cache: vectors that begin with one never lie across two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

const LINE: usize = 16;

thread_local! {
    /// One for each kernel that runs within another, the innermost first.
    static MEMORY: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// This thread's memory, taken away from it until dropped: who takes it meanwhile gets memory of its own.
pub(crate) struct Scratch {
    memory: Vec<Line>,
}

impl Scratch {
    pub(crate) fn take() -> Self {
        Self { memory: MEMORY.with_borrow_mut(Vec::pop).unwrap_or_default() }
    }

    /// As [`Scratch::split`], for lengths that an input decides.
    pub(crate) fn try_split<const PARTS: usize>(
        &mut self,
        lengths: [usize; PARTS],
    ) -> Result<[&mut [f32]; PARTS], OutOfMemory> {
        let needed = lengths.iter().map(|length| length.div_ceil(LINE)).sum::<usize>();
        if needed > self.memory.len() {
            // What it held is not needed, and would have to be copied.
            self.memory = Vec::new();
            self.memory = with_room(needed)?;
        }
        Ok(self.split(lengths))
    }

    /// Parts of at least these lengths, each aligned to a line of the cache; what they hold is unknown.
    pub(crate) fn split<const PARTS: usize>(&mut self, lengths: [usize; PARTS]) -> [&mut [f32]; PARTS] {
        let lines = lengths.map(|length| length.div_ceil(LINE));
        let needed = lines.iter().sum();
        if self.memory.len() < needed {
            self.memory.resize(needed, Line([0.0; LINE]));
        }
        let mut rest = &mut self.memory[..];
        lines.map(|lines| {
            let (part, others) = std::mem::take(&mut rest).split_at_mut(lines);
            rest = others;
            // SAFETY: a line is sixteen numbers and nothing else.
            unsafe { std::slice::from_raw_parts_mut(part.as_mut_ptr().cast::<f32>(), part.len() * LINE) }
        })
    }
}

/// Lines that a thread keeps, 64 MiB of them: what a large input needed once is given back.
const MOST_KEPT: usize = 1 << 20;

impl Drop for Scratch {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        if memory.len() <= MOST_KEPT {
            MEMORY.with_borrow_mut(|all| all.push(memory));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_apart_and_aligned() {
        let mut outer = Scratch::take();
        let [first, second] = outer.split([3, 40]);
        assert!(first.len() >= 3 && second.len() >= 40);
        assert_eq!((first.as_ptr() as usize % 64, second.as_ptr() as usize % 64), (0, 0));
        first.fill(1.0);
        second.fill(2.0);
        let mut inner = Scratch::take();
        inner.split([100])[0].fill(3.0);
        assert!(first.iter().all(|&number| number == 1.0));
    }
}
