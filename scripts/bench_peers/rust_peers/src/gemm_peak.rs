//! How many floating-point operations a second the gemm crate does: the fastest of many matrix products.

use std::time::Instant;

use gemm_common::Parallelism;

const SIDE: usize = 2048;
const REPETITIONS: usize = 20;

/// On as many threads as rayon has.
pub fn flop_per_s() -> f64 {
    let left: Vec<f32> = (0..SIDE * SIDE).map(|index| (index % 97) as f32 / 97.0).collect();
    let right = left.clone();
    let mut product = vec![0.0; SIDE * SIDE];
    let best_s = (0..REPETITIONS)
        .map(|_| {
            let start = Instant::now();
            multiply(&mut product, &left, &right);
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    2.0 * (SIDE as f64).powi(3) / best_s
}

/// Square matrices, column by column.
fn multiply(product: &mut [f32], left: &[f32], right: &[f32]) {
    assert!([product.len(), left.len(), right.len()] == [SIDE * SIDE; 3]);
    let (row, column) = (1, SIDE as isize);
    let gemm = gemm_f32::gemm::f32::get_gemm_fn();
    // SAFETY: all three matrices have SIDE columns of SIDE values, one after the other, and `product` is no other's.
    unsafe {
        gemm(
            SIDE,
            SIDE,
            SIDE,
            product.as_mut_ptr(),
            column,
            row,
            false,
            left.as_ptr(),
            column,
            row,
            right.as_ptr(),
            column,
            row,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
}
