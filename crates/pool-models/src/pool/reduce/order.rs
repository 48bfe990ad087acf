//! Minimum and median.

use pool_kernels::Reduce;
use tch::{TchError, Tensor};

use crate::pool::windows::Windows;

/// The smallest value is the greatest of the negated ones.
pub(super) fn min(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    windows.by_kernel(Reduce::Min, None, |windows| windows.over(&windows.input().f_neg()?).max()?.f_neg())
}

/// The lower middle of the sorted values. Sorting is stable, so that of equal values the first in row-major order
/// comes first and takes the gradient; a window that sees a NaN gives NaN, as `torch.median` does.
pub(super) fn median(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    windows.by_kernel(Reduce::Median, None, sorted_median)
}

fn sorted_median(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    let gathered = windows.gather()?;
    let (sorted, _) = gathered.fill(&gathered.values, f64::INFINITY)?.f_sort_stable(true, -1, false)?;
    // NaN sorts behind everything, infinity included.
    let seen = gathered.seen()?;
    let middle = match &seen {
        Some(seen) => {
            // A mask may leave nothing, of which there is no middle.
            let middle = seen.f_sub_scalar(1)?.f_clamp_min(0)?.f_floor_divide_scalar(2)?.f_unsqueeze(-1)?;
            let middle = middle.f_expand_as(&sorted.f_narrow(-1, 0, 1)?)?;
            sorted.f_gather(-1, &middle, false)?.f_squeeze_dim(-1)?
        }
        None => sorted.f_select(-1, (gathered.width() - 1) / 2)?,
    };
    let not_a_number = gathered.fill(&gathered.values, 0.0)?.f_isnan()?.f_any_dim(-1, false)?;
    let not_a_number = match &seen {
        Some(seen) => not_a_number.f_logical_or(&seen.f_eq(0)?)?,
        None => not_a_number,
    };
    middle.f_masked_fill(&not_a_number, f64::NAN)
}
