//! Pictures from elsewhere, made to look like a data set's own before a network sees them.

mod grey;
mod ground;
mod likeness;
mod png;
mod prepare;
mod resample;
mod step;

#[cfg(test)]
mod png_files;
#[cfg(test)]
mod tests;

pub use grey::Picture;
pub use likeness::Likeness;
pub use png::{PngColour, PngDepth, PngPixels, decode_png};
pub use prepare::Prepared;
pub use step::{Centre, Step};
