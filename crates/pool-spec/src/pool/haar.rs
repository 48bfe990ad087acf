//! The Haar wavelet (Williams & Li 2018): its windows.

use super::{ResolvedWindow, Window};
use crate::SettingError;

/// The windows of the Haar wavelet.
///
/// # Errors
/// An axis of one entry.
pub fn resolve(spatial: &[usize]) -> Result<Vec<ResolvedWindow>, SettingError> {
    Window::new(2).resolve_pooling(spatial).map_err(SettingError::without_padding)
}
