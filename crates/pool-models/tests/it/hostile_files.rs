//! Arrays and pictures that are no longer what they were, and files that never were any.

use std::fs;
use std::path::Path;

use crate::damage::{damaged, seeds};
use pool_models::files::{DataFormat, FileError, read_array, read_picture, write_array};
use pool_models::{Application, Pool};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tch::Tensor;

/// What is read of a file of these bytes.
fn read(bytes: &[u8], how: fn(&Path) -> Result<Tensor, FileError>) -> Option<Tensor> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    fs::write(&path, bytes).unwrap();
    how(&path).inspect_err(|error| assert_is_one_line_about(&path, error)).ok()
}

fn assert_is_one_line_about(path: &Path, error: &FileError) {
    let message = error.to_string();
    assert!(message.starts_with(&format!("{}: ", path.display())), "{message}");
    assert!(!message.contains(char::is_control), "{message}");
}

/// Headers in the words of Python's literals, more or less, before a few numbers.
fn headers() -> impl Strategy<Value = Vec<u8>> {
    let descr =
        select(vec!["'<f4'", "'>f8'", "'|b1'", "'|O'", "'<f0'", "'<U4'", "[('a', '<f4', (2,))]", "[]"]);
    let order = select(vec!["True", "False", "None", "0"]);
    let sizes =
        vec(select(vec!["0", "1", "2", "3", "-1", "1_0", "0xff", "18446744073709551615", "1+1"]), 0..4);
    let shape = prop_oneof![
        4 => sizes.prop_map(|sizes| format!("({})", sizes.iter().map(|size| format!("{size}, ")).collect::<String>())),
        1 => "[](\\[{}0-9, ]{0,40}",
    ];
    (1..=4_u8, descr, order, shape).prop_map(|(version, descr, order, shape)| {
        let header = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let length = header.len() as u32;
        let length =
            if version == 1 { length.to_le_bytes()[..2].to_vec() } else { length.to_le_bytes().to_vec() };
        [b"\x93NUMPY", &[version, 0][..], &length, header.as_bytes(), &[0; 48]].concat()
    })
}

proptest! {
    #[test]
    fn an_array_has_no_more_entries_than_its_file_and_is_the_same_when_written_again(
        bytes in prop_oneof![vec(any::<u8>(), 0..100), headers(), damaged(seeds("npy"))],
    ) {
        if let Some(array) = read(&bytes, read_array) {
            prop_assert!(array.numel() * 4 <= bytes.len());
            let folder = tempfile::tempdir().unwrap();
            let copy = folder.path().join("copy.npy");
            write_array(&copy, &array).unwrap();
            let again = read_array(&copy).unwrap();
            prop_assert_eq!((again.size(), again.kind()), (array.size(), array.kind()));
            // NaN is no NaN's equal.
            prop_assert!(again.allclose(&array, 0.0, 0.0, true));
            let input = DataFormat::ChannelsLast.to_channels_first(&array).unwrap();
            if let Err(error) = Application::new(&Pool::max(2)).run(&input) {
                prop_assert!(!error.to_string().contains(char::is_control), "{}", error);
            }
        }
    }

    #[test]
    fn a_picture_has_one_channel_or_three_and_brightness_from_0_to_1(
        bytes in prop_oneof![vec(any::<u8>(), 0..100), damaged(seeds("png"))],
    ) {
        if let Some(picture) = read(&bytes, read_picture) {
            prop_assert!(matches!(picture.size()[..], [1, 1 | 3, _, _]), "{:?}", picture.size());
            prop_assert!(picture.min().double_value(&[]) >= 0.0 && picture.max().double_value(&[]) <= 1.0);
        }
    }
}

#[test]
fn a_palette_that_ends_within_a_colour_is_refused() {
    let error = read_picture(Path::new("../../fuzz/seeds/png/half-a-colour.png")).unwrap_err().to_string();
    assert!(error.contains("its palette has 25 bytes, and a palette has 1 to 256 colours"), "{error}");
}
