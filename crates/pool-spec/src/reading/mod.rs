//! What people write, and what they are told where it is wrong.
//!
//! [`Whole`] reads a number and names its interval, so that the rule of a message is the rule that decides. [`explain`]
//! turns the words of the TOML reader into a user's: the key, what stands there, and what to write.

mod one_line;
mod toml_words;
mod typing;
mod whole;

pub use one_line::one_line;
pub use toml_words::{TomlText, explain};
pub use whole::{Whole, whole};
