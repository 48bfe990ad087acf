//! Products of sizes, and how large they may become.

use std::borrow::Borrow;

use crate::SettingError;

/// Bytes of one `f32`, the element type that networks compute in.
pub(crate) const F32_BYTES: u64 = 4;

/// The product of `sizes`; where `u64` does not reach it, the greatest that there is.
pub fn elements(sizes: impl IntoIterator<Item = impl Borrow<usize>>) -> u64 {
    u64::try_from(product_of(sizes)).unwrap_or(u64::MAX)
}

/// The product of `sizes`, refused beyond 2^32, so that no later sum or product can overflow; `product` says what is
/// counted.
///
/// # Errors
/// A product beyond 2^32.
pub fn count(
    product: &'static str,
    sizes: impl IntoIterator<Item = impl Borrow<usize>>,
) -> Result<u64, SettingError> {
    up_to(1 << 32, "2^32", product, sizes)
}

/// The same within one channel, refused beyond 2^28: more could only end in an allocation that fails.
///
/// # Errors
/// A product beyond 2^28.
pub fn count_of_channel(
    product: &'static str,
    sizes: impl IntoIterator<Item = impl Borrow<usize>>,
) -> Result<u64, SettingError> {
    up_to(1 << 28, "2^28", product, sizes)
}

fn up_to(
    greatest: u64,
    limit: &'static str,
    product: &'static str,
    sizes: impl IntoIterator<Item = impl Borrow<usize>>,
) -> Result<u64, SettingError> {
    let count = product_of(sizes);
    u64::try_from(count).ok().filter(|&count| count <= greatest).ok_or(SettingError::TooLarge {
        product,
        count,
        limit,
    })
}

fn product_of(sizes: impl IntoIterator<Item = impl Borrow<usize>>) -> u128 {
    sizes.into_iter().fold(1, |product, size| product.saturating_mul(*size.borrow() as u128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_end_where_their_type_does() {
        assert_eq!(elements([2, 3, 4]), 24);
        assert_eq!(elements([0usize; 0]), 1, "of no sizes, as of a scalar's");
        assert_eq!(elements([usize::MAX; 9]), u64::MAX);
    }

    #[test]
    fn each_limit_can_be_reached_and_not_passed() {
        assert_eq!(count("weights", [1 << 16, 1 << 16]), Ok(1 << 32));
        assert_eq!(count_of_channel("outputs", [1 << 14, 1 << 14]), Ok(1 << 28));
        assert!(count("weights", [(1 << 32) + 1]).is_err());
        assert_eq!(
            count_of_channel("outputs", [(1 << 28) + 1]).unwrap_err().to_string(),
            "outputs come to 268435457, and at most 2^28 are supported; choose smaller sizes"
        );
    }
}
