//! The network of the published study, for tests.

use crate::{Conv2d, Dense, Dropout, Flatten, Pool, Sequential};

/// The study's network with this pooling layer.
pub(crate) fn reference(pool: Pool) -> Sequential {
    Sequential::new([1, 28, 28])
        .add(Conv2d::new(32, 5).relu())
        .add(pool)
        .add(Dropout::new(0.2))
        .add(Flatten)
        .add(Dense::new(128).relu())
        .add(Dense::new(10))
}
