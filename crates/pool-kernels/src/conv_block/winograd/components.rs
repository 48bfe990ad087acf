//! The components of patches, outputs and taps, and back: sums and differences along the rows and along the columns.

use super::{PATCH, TAPS, TILE};
use crate::simd::Simd;

/// Which component of a tile's gradients is the sum of all four.
pub(super) const SUM_OF_TILE: usize = PATCH + 1;

type Square<T, const SIDE: usize> = [[T; SIDE]; SIDE];

/// The same combinations along the rows and along the columns.
#[inline(always)]
fn both<T: Copy, const A: usize, const B: usize>(
    numbers: Square<T, A>,
    along: impl Fn([T; A]) -> [T; B],
) -> Square<T, B> {
    // Loops over what lies in place: arrays that are moved through iterators would be copied through memory.
    let any = numbers[0][0];
    let (mut rows, mut all) = ([[any; B]; A], [[any; B]; B]);
    for (row, &numbers) in rows.iter_mut().zip(&numbers) {
        *row = along(numbers);
    }
    for column in 0..B {
        let mut numbers = [any; A];
        for (number, row) in numbers.iter_mut().zip(&rows) {
            *number = row[column];
        }
        for (row, &number) in all.iter_mut().zip(&along(numbers)) {
            row[column] = number;
        }
    }
    all
}

/// The components of a patch of the input.
#[inline(always)]
pub(super) fn of_patch<S: Simd>(s: S, patch: Square<S::F, PATCH>) -> Square<S::F, PATCH> {
    both(patch, |[a, b, c, d]| [s.sub(a, c), s.add(b, c), s.sub(c, b), s.sub(b, d)])
}

/// The components of taps.
#[inline(always)]
pub(super) fn of_taps<S: Simd>(s: S, taps: Square<S::F, TAPS>) -> Square<S::F, PATCH> {
    let half = |number| s.mul(number, s.splat(0.5));
    both(taps, |[a, b, c]| {
        let ends = s.add(a, c);
        [a, half(s.add(ends, b)), half(s.sub(ends, b)), c]
    })
}

/// Outputs, from the sums of their components.
#[inline(always)]
pub(super) fn outputs_of<S: Simd>(s: S, components: Square<S::F, PATCH>) -> Square<S::F, TILE> {
    both(components, |[a, b, c, d]| [s.add(a, s.add(b, c)), s.sub(s.sub(b, c), d)])
}

/// The gradients of the sums of components, from those of outputs.
#[inline(always)]
pub(super) fn of_outputs<S: Simd>(s: S, outputs: Square<S::F, TILE>) -> Square<S::F, PATCH> {
    both(outputs, |[a, b]| [a, s.add(a, b), s.sub(a, b), s.sub(s.splat(0.0), b)])
}

/// The gradients of taps, from those of their components.
#[inline(always)]
pub(super) fn taps_of<S: Simd>(s: S, components: Square<S::F, PATCH>) -> Square<S::F, TAPS> {
    let half = |number| s.mul(number, s.splat(0.5));
    both(components, |[a, b, c, d]| {
        let middle = half(s.add(b, c));
        [s.add(a, middle), half(s.sub(b, c)), s.add(middle, d)]
    })
}
