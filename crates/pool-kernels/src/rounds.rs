//! Rounds of windows: as many as may add to one pixel, one after another, before what is rounded off matters.
//!
//! Where windows overlap, the gradient of a pixel is the sum of what comes from each window that sees it. Of windows of 15 by
//! 15 with stride 1 these are 225. So windows come in rounds; each round is summed apart, and then added to the rounds before
//! it with [`Total`](crate::sum::Total).

use std::ops::Range;

/// Sums of so many equal numbers are wrong by up to 1e-6 (`sum.rs`).
const MOST: usize = 32;

/// How windows are divided into rounds. A row is the windows along the last axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rounds {
    /// Rows of a round.
    rows: usize,
    /// Of the windows of a row, one in so many is of the same round.
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
    /// From how many windows see the same entry of each axis at most.
    pub(crate) fn of(most_seen: &[usize]) -> Self {
        let together = most_seen.iter().fold(1, |product: usize, &most| product.saturating_mul(most));
        match most_seen.last() {
            Some(&most) if together > MOST => {
                Self { rows: (MOST / most.max(1)).max(1), step: most.div_ceil(MOST).max(1) }
            }
            _ => Self { rows: usize::MAX, step: 1 },
        }
    }

    /// Whether there is one round, whatever the number of rows.
    pub(crate) fn are_one(self) -> bool {
        self.rows == usize::MAX
    }

    /// The rounds of this many rows.
    pub(crate) fn divide(self, rows: usize) -> impl Iterator<Item = Round> {
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
    fn every_window_is_of_one_round_and_no_round_sees_a_pixel_too_often() {
        // Rows, windows of a row, and windows that see the same entry of each axis: of 7 by 7, 15 by 15 and 100 by 100 with
        // stride 1, and long ones along one axis.
        for (rows, columns, most_seen) in [
            (20, 31, &[7, 7][..]),
            (9, 10, &[15, 15]),
            (3, 150, &[100, 100]),
            (1, 5_000, &[4_801]),
            (20, 6, &[4, 4, 4]),
        ] {
            let rounds = Rounds::of(most_seen);
            assert!(!rounds.are_one());
            let mut times = vec![0; rows * columns];
            for round in rounds.divide(rows) {
                for row in round.rows.clone() {
                    (round.first..columns)
                        .step_by(round.step)
                        .for_each(|column| times[row * columns + column] += 1);
                }
                let most = most_seen[most_seen.len() - 1];
                assert!(round.rows.len() * most.div_ceil(round.step) <= MOST, "{most_seen:?}: {round:?}");
            }
            assert!(times.iter().all(|&times| times == 1), "{most_seen:?}");
        }
    }

    #[test]
    fn few_windows_over_each_pixel_are_one_round() {
        for most_seen in [&[5, 5][..], &[32], &[3, 3, 3], &[]] {
            let rounds = Rounds::of(most_seen);
            assert!(rounds.are_one(), "{most_seen:?}");
            let all = Round { rows: 0..100, first: 0, step: 1 };
            assert_eq!(rounds.divide(100).collect::<Vec<_>>(), [all], "{most_seen:?}");
        }
    }
}
