//! Pictures from elsewhere, made to look like a data set's own before a network sees them.

mod grey;
mod ground;
mod likeness;
mod prepare;
mod resample;
mod step;

#[cfg(test)]
mod tests;

pub use grey::Picture;
pub(crate) use grey::laid_over;
pub use likeness::Likeness;
pub use prepare::Prepared;
pub use step::{Centre, Step};
