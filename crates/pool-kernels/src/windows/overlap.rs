//! Pixels that several windows see, and pixels that no window sees.
//!
//! Backward, the gradient of a pixel is the sum of what comes from each window that sees it: of 225 windows of 15 by 15
//! pixels with stride 1, for example. Adding so many numbers one after another loses digits. So windows come in rounds;
//! each round is summed on its own, and its sum is added to the rounds before it with [`Total`](crate::sum::Total).

use std::ops::Range;

use super::{Entries, KernelWindow};
use crate::memory::{OutOfMemory, with_room};

/// How often windows see the same pixel.
#[derive(Debug, Clone)]
pub(super) struct Overlap {
    rounds: Rounds,
    /// The pixels that no window sees, if none is seen twice.
    disjoint: Option<Unseen>,
}

impl Overlap {
    /// The overlap of all combinations of the axes' windows.
    pub(super) fn of_windows(spatial: &[usize], axes: &[Vec<KernelWindow>]) -> Result<Self, OutOfMemory> {
        let times: Vec<Vec<u32>> = spatial
            .iter()
            .zip(axes)
            .map(|(&size, windows)| times_seen(size, windows))
            .collect::<Result<_, _>>()?;
        let most_seen: Vec<usize> =
            times.iter().map(|times| times.iter().copied().max().unwrap_or(0) as usize).collect();
        // No pixel is seen twice if no entry of any axis is.
        let are_disjoint = most_seen.iter().all(|&most| most <= 1);
        let disjoint = if are_disjoint { Some(Unseen::from_times_seen(&times)?) } else { None };
        Ok(Self { rounds: Rounds::for_overlap(&most_seen), disjoint })
    }

    pub(super) fn are_disjoint(&self) -> bool {
        self.disjoint.is_some()
    }

    pub(super) fn are_crowded(&self) -> bool {
        !self.rounds.is_single()
    }

    /// The rounds of this many rows of windows.
    pub(super) fn rounds(&self, rows: usize) -> impl Iterator<Item = Round> {
        self.rounds.divide(rows)
    }

    /// Calls `each` with the pixels that no window sees, if no pixel is seen twice; a row has this many pixels.
    #[inline(always)]
    pub(super) fn each_unseen(&self, row: usize, mut each: impl FnMut(usize)) {
        let Some(Unseen { seen_rows, unseen_entries }) = &self.disjoint else { return };
        for (index, &seen) in seen_rows.iter().enumerate() {
            let first = index * row;
            if seen {
                unseen_entries.iter().for_each(|&entry| each(first + entry as usize));
            } else {
                (first..first + row).for_each(&mut each);
            }
        }
    }

    /// The size of its lists in memory.
    pub(super) fn bytes(&self) -> usize {
        self.disjoint.as_ref().map_or(0, |Unseen { seen_rows, unseen_entries }| {
            size_of_val(&seen_rows[..]) + size_of_val(&unseen_entries[..])
        })
    }
}

/// The number of windows of one axis that see each of its entries.
fn times_seen(size: usize, windows: &[KernelWindow]) -> Result<Vec<u32>, OutOfMemory> {
    // Only the first and the last entry of a window are noted, so that long windows cost no more than short ones.
    let mut changes: Vec<u32> = with_room(size + 1)?;
    changes.resize(size + 1, 0);
    let mut see = |first: u32, count: u32| {
        let (start, end) = (first as usize, first as usize + count as usize);
        changes[start] = changes[start].wrapping_add(1);
        changes[end] = changes[end].wrapping_sub(1);
    };
    for window in windows {
        match window.entries {
            Entries::Run { first, count, step: 1 } => see(first, count),
            Entries::Run { .. } | Entries::List(_) => window.entries.iter().for_each(|entry| see(entry, 1)),
        }
    }
    let mut times = 0u32;
    for change in &mut changes {
        times = times.wrapping_add(*change);
        *change = times;
    }
    changes.truncate(size);
    Ok(changes)
}

/// What disjoint windows leave out.
#[derive(Debug, Clone)]
struct Unseen {
    /// Whether a window sees each combination of entries of all axes but the last.
    seen_rows: Vec<bool>,
    /// The entries of the last axis that no window sees.
    unseen_entries: Vec<u32>,
}

impl Unseen {
    fn from_times_seen(times_seen: &[Vec<u32>]) -> Result<Self, OutOfMemory> {
        let [axes @ .., last] = times_seen else {
            return Ok(Self { seen_rows: vec![true], unseen_entries: Vec::new() });
        };
        let mut seen_rows = vec![true];
        for times in axes {
            let mut rows = with_room(seen_rows.len() * times.len())?;
            let seen_along = |row: bool| times.iter().map(move |&times| row && times > 0);
            seen_rows.iter().for_each(|&row: &bool| rows.extend(seen_along(row)));
            seen_rows = rows;
        }
        let unseen_entries = (0..last.len() as u32).filter(|&entry| last[entry as usize] == 0).collect();
        Ok(Self { seen_rows, unseen_entries })
    }
}

/// The greatest number of windows of a round that see the same pixel. A sum of this many equal numbers is wrong by up to
/// 1e-6 of itself (`sum.rs`).
const MOST_SUMMED: usize = 32;

/// How windows are divided into rounds. A row is the windows along the last axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rounds {
    /// Rows of a round.
    rows: usize,
    /// The distance between two windows of a row that are in the same round.
    step: usize,
}

/// Windows that are summed together: of some rows, every `step`-th window from the `first` on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) rows: Range<usize>,
    pub(crate) first: usize,
    pub(crate) step: usize,
}

impl Rounds {
    /// The rounds of windows of which at most `most_seen` see the same entry of each axis.
    fn for_overlap(most_seen: &[usize]) -> Self {
        let together = most_seen.iter().fold(1, |product: usize, &most| product.saturating_mul(most));
        match most_seen.last() {
            Some(&most) if together > MOST_SUMMED => {
                Self { rows: (MOST_SUMMED / most.max(1)).max(1), step: most.div_ceil(MOST_SUMMED).max(1) }
            }
            _ => Self { rows: usize::MAX, step: 1 },
        }
    }

    /// Whether there is one round, whatever the number of rows.
    fn is_single(self) -> bool {
        self.rows == usize::MAX
    }

    fn divide(self, rows: usize) -> impl Iterator<Item = Round> {
        let Self { rows: at_once, step } = self;
        (0..rows).step_by(at_once).flat_map(move |first_row| {
            let rows = first_row..rows.min(first_row.saturating_add(at_once));
            (0..step).map(move |first| Round { rows: rows.clone(), first, step })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_is_in_one_round_and_no_round_sees_a_pixel_too_often() {
        // Rows, windows of a row, and windows that see the same entry of each axis: of 7 by 7, 15 by 15 and 100 by 100 with
        // stride 1, and long ones along one axis.
        for (rows, columns, most_seen) in [
            (20, 31, &[7, 7][..]),
            (9, 10, &[15, 15]),
            (3, 150, &[100, 100]),
            (1, 5_000, &[4_801]),
            (20, 6, &[4, 4, 4]),
        ] {
            let rounds = Rounds::for_overlap(most_seen);
            assert!(!rounds.is_single());
            let mut times = vec![0; rows * columns];
            for round in rounds.divide(rows) {
                for row in round.rows.clone() {
                    (round.first..columns)
                        .step_by(round.step)
                        .for_each(|column| times[row * columns + column] += 1);
                }
                let most = most_seen[most_seen.len() - 1];
                assert!(
                    round.rows.len() * most.div_ceil(round.step) <= MOST_SUMMED,
                    "{most_seen:?}: {round:?}"
                );
            }
            assert!(times.iter().all(|&times| times == 1), "{most_seen:?}");
        }
    }

    #[test]
    fn few_windows_over_each_pixel_are_one_round() {
        for most_seen in [&[5, 5][..], &[32], &[3, 3, 3], &[]] {
            let rounds = Rounds::for_overlap(most_seen);
            assert!(rounds.is_single(), "{most_seen:?}");
            let all = Round { rows: 0..100, first: 0, step: 1 };
            assert_eq!(rounds.divide(100).collect::<Vec<_>>(), [all], "{most_seen:?}");
        }
    }
}
