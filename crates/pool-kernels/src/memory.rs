//! Memory for vectors whose lengths an input decides. Running out of it is an error, never the end of the process.

#![expect(unsafe_code, reason = "cache lines seen as numbers")]

use std::cell::RefCell;

/// Memory that the system refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory {
    /// The size of the request.
    pub bytes: u64,
}

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "can't allocate memory: {} bytes were asked for", self.bytes)
    }
}

impl std::error::Error for OutOfMemory {}

/// An empty vector with room for this many entries. Use it wherever an input decides how many there are.
///
/// # Errors
/// The system does not have that much memory.
pub fn with_room<T>(entries: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut vector = Vec::new();
    let bytes = (entries as u64).saturating_mul(size_of::<T>() as u64);
    vector.try_reserve_exact(entries).map_err(|_| OutOfMemory { bytes })?;
    Ok(vector)
}

/// The product of sizes, or `None` if it does not fit into a `usize`. Every length that a kernel relies on is compared with
/// such a product: a product that wraps around could accept a slice that is too short.
pub(crate) fn product(sizes: &[usize]) -> Option<usize> {
    sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
}

/// Numbers of scratch memory. A product that does not fit into a `usize` becomes the greatest one, which
/// [`Scratch::split`] refuses as it refuses every length that the system does not have.
pub(crate) fn scratch_length(sizes: &[usize]) -> usize {
    product(sizes).unwrap_or(usize::MAX)
}

/// A cache line. A vector that begins with one never lies across two.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

const LINE: usize = 16;

/// Numbers that stay, aligned to cache lines.
#[derive(Debug)]
pub(crate) struct Numbers(Vec<Line>);

impl Numbers {
    /// At least so many zeros.
    ///
    /// # Errors
    /// The system does not have that much memory.
    pub(crate) fn zeros(length: usize) -> Result<Self, OutOfMemory> {
        let mut lines = with_room(length.div_ceil(LINE))?;
        lines.resize(length.div_ceil(LINE), Line([0.0; LINE]));
        Ok(Self(lines))
    }

    pub(crate) fn as_slice(&self) -> &[f32] {
        // SAFETY: a line is sixteen numbers and nothing else.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast::<f32>(), self.0.len() * LINE) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        numbers_of(&mut self.0)
    }
}

fn numbers_of(lines: &mut [Line]) -> &mut [f32] {
    // SAFETY: a line is sixteen numbers and nothing else, and the slice has the same bytes.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast::<f32>(), lines.len() * LINE) }
}

/// The largest memory that a thread keeps, in lines: 64 MiB. What one large input needed is given back.
const MOST_KEPT: usize = 1 << 20;

thread_local! {
    /// One vector for each kernel that runs within another, the innermost first.
    static MEMORY: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// Memory that a thread keeps between kernels, so that nothing is allocated per step. It belongs to this value until that
/// is dropped; a kernel that runs within another gets memory of its own.
pub(crate) struct Scratch {
    memory: Vec<Line>,
}

impl Scratch {
    pub(crate) fn take() -> Self {
        Self { memory: MEMORY.with_borrow_mut(Vec::pop).unwrap_or_default() }
    }

    /// Parts of at least these lengths, each aligned to a cache line. Their contents are unspecified.
    ///
    /// # Errors
    /// The system does not have that much memory.
    pub(crate) fn split<const PARTS: usize>(
        &mut self,
        lengths: [usize; PARTS],
    ) -> Result<[&mut [f32]; PARTS], OutOfMemory> {
        let lines = lengths.map(|length| length.div_ceil(LINE));
        let needed = lines.iter().copied().fold(0, usize::saturating_add);
        if self.memory.len() < needed {
            // Nobody needs what it held, so it is not copied.
            self.memory = Vec::new();
            self.memory = with_room(needed)?;
            self.memory.resize(needed, Line([0.0; LINE]));
        }
        let mut rest = &mut self.memory[..];
        Ok(lines.map(|lines| {
            let (part, others) = std::mem::take(&mut rest).split_at_mut(lines);
            rest = others;
            numbers_of(part)
        }))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        if !memory.is_empty() && memory.len() <= MOST_KEPT {
            MEMORY.with_borrow_mut(|all| all.push(memory));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_memory_is_an_error_that_names_its_size() {
        assert!(with_room::<u32>(100).unwrap().capacity() >= 100);
        let error = with_room::<u64>(1 << 60).unwrap_err();
        assert_eq!(error.to_string(), "can't allocate memory: 9223372036854775808 bytes were asked for");
    }

    #[test]
    fn a_product_that_wraps_around_is_none() {
        let half = 1 << (usize::BITS / 2);
        for (sizes, expected) in [
            (&[3, 4, 5][..], Some(60)),
            (&[], Some(1)),
            (&[0, usize::MAX], Some(0)),
            // Both are 0 after wrapping around.
            (&[half, half], None),
            (&[half, 2, half, 7], None),
        ] {
            assert_eq!(product(sizes), expected, "{sizes:?}");
        }
    }

    #[test]
    fn scratch_parts_are_disjoint_and_aligned() {
        let mut outer = Scratch::take();
        let [first, second] = outer.split([3, 40]).unwrap();
        assert!(first.len() >= 3 && second.len() >= 40);
        assert_eq!((first.as_ptr() as usize % 64, second.as_ptr() as usize % 64), (0, 0));
        first.fill(1.0);
        second.fill(2.0);
        let mut inner = Scratch::take();
        inner.split([100]).unwrap()[0].fill(3.0);
        assert!(first.iter().all(|&number| number == 1.0));
    }

    #[test]
    fn scratch_that_no_system_has_is_refused() {
        let mut scratch = Scratch::take();
        let half = 1 << (usize::BITS / 2);
        for lengths in [[1, 1 << (usize::BITS - 3)], [usize::MAX; 2], [scratch_length(&[half, half]), 0]] {
            assert!(scratch.split(lengths).is_err(), "{lengths:?}");
        }
        assert!(scratch.split([5, 5]).is_ok(), "usable after that");
    }
}
