//! Holding our figures to somebody else's.

/// Fails unless `ours` is within the relative tolerance of `theirs`; a value of 0 must be met exactly.
#[track_caller]
pub(crate) fn assert_close(ours: f64, theirs: f64, tolerance: f64, what: &str) {
    assert!(
        (ours - theirs).abs() <= tolerance * theirs.abs(),
        "{what}: {ours:e} is further than {tolerance:e} from {theirs:e}"
    );
}
