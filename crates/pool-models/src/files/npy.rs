//! Arrays in numpy's format.

use std::path::Path;

use npyz::{DType, Deserialize, NpyFile, NpyHeader, Order, TypeChar, WriterBuilder};
use pool_files::atomic_write;
use pool_files::with_room;
use tch::kind::Element;
use tch::{Kind, Tensor};

use super::{FileError, FileKind, read_bytes};

/// Reads an array of `float32` or `float64`, of either byte order, in C or Fortran order.
///
/// # Errors
/// A file that cannot be read, is no array, is shorter than its header says, or holds another type.
pub fn read_array(path: &Path) -> Result<Tensor, FileError> {
    let bytes = read_bytes(path)?;
    FileKind::expect(FileKind::Npy, path, &bytes)?;
    let not_npy = |reason: String| FileError::NotNpy { path: path.to_owned(), reason };
    check_header(&bytes).map_err(|reason| not_npy(reason.to_owned()))?;
    let mut rest = &bytes[..];
    let header = NpyHeader::from_reader(&mut rest).map_err(|error| not_npy(headline(&error)))?;
    let (shape, order) = (header.shape().to_vec(), header.order());
    let (size, found) = element(&header.dtype());
    let size = size.ok_or_else(|| FileError::ElementType { path: path.to_owned(), found })?;
    // The header is believed only as far as there are bytes, so that no length in it can ask for memory.
    let needed = shape.iter().try_fold(size, |bytes, &n| bytes.checked_mul(n));
    if needed.is_none_or(|needed| needed > rest.len() as u64) {
        return Err(not_npy(format!(
            "the header promises an array of shape {shape:?}, and the file ends before"
        )));
    }
    let file = NpyFile::with_header(header, rest);
    let flat = match size {
        4 => numbers::<f32>(path, file)?,
        _ => numbers::<f64>(path, file)?,
    };
    let shape: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
    in_c_order(&flat, &shape, order).map_err(FileError::torch(path))
}

/// All numbers of an array, in the order of the file.
fn numbers<T: Deserialize + Element>(path: &Path, file: NpyFile<&[u8]>) -> Result<Tensor, FileError> {
    let not_npy = |reason: String| FileError::NotNpy { path: path.to_owned(), reason };
    let numbers = file.data::<T>().map_err(|error| not_npy(error.to_string()))?;
    let mut values = with_room(numbers.len() as usize).map_err(FileError::memory(path))?;
    for number in numbers {
        values.push(number.map_err(|error| not_npy(error.to_string()))?);
    }
    Tensor::f_from_slice(&values).map_err(FileError::torch(path))
}

/// The reader's words without the picture of the place that follows them.
fn headline(error: &std::io::Error) -> String {
    let words = error.to_string();
    let words = words.split_once(" --> ").map_or(&*words, |(words, _)| words);
    words.trim_end_matches([' ', ':']).to_owned()
}

/// The longest header that numpy itself reads, in bytes.
const LONGEST_HEADER: usize = 10_000;
/// Brackets within brackets: an array of numbers has 2, one of structures 4.
const DEEPEST_HEADER: usize = 4;

/// Refuses headers that npyz does not get to the end of: it reads a bracket within another one twice or more, so that
/// each doubles its time, and it multiplies the sizes of the shape unchecked, in an order of its own.
fn check_header(bytes: &[u8]) -> Result<(), &'static str> {
    const MAGIC: &[u8] = b"\x93NUMPY";
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin as one")?;
    let (length, text) = match rest {
        [1, _, low, high, text @ ..] => (usize::from(u16::from_le_bytes([*low, *high])), text),
        [2 | 3, _, a, b, c, d, text @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, text),
        _ => return Err("its version is unknown"),
    };
    let header = text.get(..length).ok_or("the file ends within the header")?;
    if length > LONGEST_HEADER {
        return Err("the header is longer than the 10000 bytes that numpy reads");
    }
    if depth(header) > DEEPEST_HEADER {
        return Err("the header has more than 4 brackets within one another");
    }
    check_shape(&String::from_utf8_lossy(header))
}

/// The most brackets that are open at once; one in quotes counts, which no header of an array of numbers has.
fn depth(header: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for byte in header {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn check_shape(header: &str) -> Result<(), &'static str> {
    // Python has more ways to write the same key, and numpy writes none of them.
    let [_, after_key] = header.split("'shape'").collect::<Vec<_>>()[..] else {
        return Err("the header must name one 'shape'");
    };
    if header.contains(['\\', '"']) {
        return Err("the header has quotes or escapes that no array of numbers needs");
    }
    let tuple = after_key.split(')').next().unwrap_or_default();
    if !tuple.chars().all(|letter| letter.is_ascii_digit() || ":(, ".contains(letter)) {
        return Err("the 'shape' must be a tuple of whole numbers");
    }
    let sizes = tuple.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    // An empty axis makes the product zero, but not before the others have been multiplied.
    let product = sizes
        .map(|digits| digits.parse::<i64>().ok().map(|size| size.max(1)))
        .try_fold(1i64, |product, size| product.checked_mul(size?));
    product.map(|_| ()).ok_or("the header promises more entries than can be counted")
}

/// Bytes of one element, if it is a number that can be pooled, and numpy's name for it.
fn element(dtype: &DType) -> (Option<u64>, String) {
    match dtype {
        DType::Plain(plain) => {
            let float = plain.type_char() == TypeChar::Float;
            let size =
                plain.num_bytes().map(|bytes| bytes as u64).filter(|bytes| float && matches!(bytes, 4 | 8));
            (size, format!("'{plain}'"))
        }
        other => (None, other.descr()),
    }
}

fn in_c_order(flat: &Tensor, shape: &[i64], order: Order) -> Result<Tensor, tch::TchError> {
    match order {
        Order::C => flat.f_reshape(shape),
        Order::Fortran => {
            let reversed: Vec<i64> = shape.iter().rev().copied().collect();
            let axes: Vec<i64> = (0..shape.len() as i64).rev().collect();
            flat.f_reshape(&reversed)?.f_permute(&axes)?.f_contiguous()
        }
    }
}

/// Writes a tensor of `f32`, `f64` or `i64`; other types become `f32`. The file is there whole or not at all.
///
/// # Errors
/// A file that cannot be written.
pub fn write_array(path: &Path, tensor: &Tensor) -> Result<(), FileError> {
    let torch = || FileError::torch(path);
    let kind = match tensor.kind() {
        kind @ (Kind::Double | Kind::Int64) => kind,
        _ => Kind::Float,
    };
    let flat = tensor.detach().f_to_kind(kind).and_then(|tensor| tensor.f_contiguous()?.f_flatten(0, -1));
    let flat = flat.map_err(torch())?;
    let shape: Vec<u64> = tensor.size().iter().map(|&n| n as u64).collect();
    let bytes = match kind {
        Kind::Double => encode::<f64>(path, &shape, &flat)?,
        Kind::Int64 => encode::<i64>(path, &shape, &flat)?,
        _ => encode::<f32>(path, &shape, &flat)?,
    };
    atomic_write(path, &bytes).map_err(FileError::io("write", path))
}

/// The file of a flat tensor of this shape.
fn encode<T: npyz::AutoSerialize + Element + Copy + Default>(
    path: &Path,
    shape: &[u64],
    flat: &Tensor,
) -> Result<Vec<u8>, FileError> {
    let count = flat.numel();
    let mut values = with_room(count).map_err(FileError::memory(path))?;
    values.resize(count, T::default());
    flat.f_copy_data(&mut values, count).map_err(FileError::torch(path))?;
    let mut bytes = with_room(size_of_val(&values[..]) + LONGEST_HEADER).map_err(FileError::memory(path))?;
    let mut written = || -> std::io::Result<()> {
        let mut writer =
            npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut bytes).begin_nd()?;
        writer.extend(values.iter().copied())?;
        writer.finish()
    };
    written().map_err(FileError::io("write", path))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    /// A file of format 1.0 with this header and body.
    fn npy(header: &str, body: &[u8]) -> Vec<u8> {
        let header = format!("{header}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), body].concat()
    }

    fn read(bytes: &[u8]) -> Result<Tensor, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        std::fs::write(&path, bytes).unwrap();
        read_array(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "x.npy"))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        for kind in [Kind::Float, Kind::Double] {
            for shape in [&[2i64, 3, 4][..], &[1], &[], &[2, 0, 3]] {
                let tensor = Tensor::rand(shape, (kind, Device::Cpu));
                write_array(&path, &tensor).unwrap();
                let found = read_array(&path).unwrap();
                assert_eq!((found.size(), found.kind()), (shape.to_vec(), kind));
                assert_eq!(found, tensor);
            }
        }
    }

    #[test]
    fn both_byte_orders_and_both_axis_orders_are_read() {
        let numbers: Vec<f32> = (0..6u8).map(f32::from).collect();
        let big: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
        let little: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let expected = Tensor::from_slice(&numbers).reshape([2, 3]);
        let c_order = "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }";
        assert_eq!(read(&npy(c_order, &big)).unwrap(), expected);
        // numpy.asfortranarray: the first axis runs fastest.
        let fortran = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }";
        let found = read(&npy(fortran, &little)).unwrap();
        assert_eq!(found, Tensor::from_slice(&[0f32, 2.0, 4.0, 1.0, 3.0, 5.0]).reshape([2, 3]));
    }

    #[test]
    fn files_that_are_something_else_are_refused_in_words() {
        let header = |descr: &str, shape: &str| {
            npy(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"), &[0; 16])
        };
        for (bytes, part) in [
            (b"not an array".to_vec(), "x.npy: no .npy array: "),
            (Vec::new(), "x.npy: no .npy array: "),
            (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "x.npy: no .npy array: "),
            (header("<i8", "(2,)"), "x.npy: holds '<i8', expected float32 or float64; in Python,"),
            (header("<f2", "(2,)"), "x.npy: holds '<f2', expected float32"),
            (header("<f4", "(5,)"), "the header promises an array of shape [5], and the file ends before"),
            (
                header("<f4", "(4000000000, 4000000000, 4000000000)"),
                "promises more entries than can be counted",
            ),
            (header("<f8", "(4000000000, 1000000000)"), "the file ends before"),
            (header("<f4", "(0, 4000000000, 4000000000, 4000000000)"), "more entries than can be counted"),
            (header("<f4", "(0, 18446744073709551615)"), "more entries than can be counted"),
            (
                npy("{'descr': [('shape', '<f4')], 'fortran_order': False, 'shape': (2,), }", &[0; 16]),
                "the header must name one 'shape'",
            ),
            (b"\x93NUMPY\x09\x00aaaa".to_vec(), "its version is unknown"),
            (
                npy("{'descr': '<f4', 'shape': (2,), 'fortran_order': }", &[]),
                "x.npy: no .npy array: could not parse Python expression: syntax error",
            ),
            (header("<f4", "(0x7fffffffffffffff, 2)"), "the 'shape' must be a tuple of whole numbers"),
            (header("<f4", "(1,), 'sh\\x61pe': (4000000000, 4000000000, 4000000000)"), "quotes or escapes"),
            (header("<f4", "(1,), \"shape\": (4000000000, 4000000000, 4000000000)"), "quotes or escapes"),
            (header("'shape'<f4", "(2,)"), "the header must name one 'shape'"),
        ] {
            let error = read(&bytes).unwrap_err();
            assert!(error.contains(part) && !error.contains('\n'), "{error}: {part}");
        }
    }

    #[test]
    fn a_file_of_another_kind_is_called_what_it_is() {
        let npz = [b"PK\x03\x04", &[0; 22][..], &[5, 0, 0, 0], b"x.npy"].concat();
        for (bytes, expected) in [
            (
                &npz[..],
                "x.npy: is an archive of arrays (.npz), and one array is expected; in Python, numpy.save(\"x.npy\", \
                 numpy.load(FILE)[NAME]) takes one out",
            ),
            (b"\x1f\x8b\x08", "x.npy: is compressed by gzip; unpack it with gunzip"),
            (b"\xff\xd8\xff\xe0", "x.npy: is a JPEG picture; convert it to PNG"),
        ] {
            assert_eq!(read(bytes).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_header_of_brackets_takes_no_time() {
        let nested = |bracket: &str, times| format!("{{'descr': {}", bracket.repeat(times));
        for (header, reason) in [
            // Read twice at every depth, so 2^60 times in all.
            (nested("[", 60), "the header has more than 4 brackets within one another"),
            (nested("{", 60), "the header has more than 4 brackets within one another"),
            (nested("(", 9_000), "the header has more than 4 brackets within one another"),
            (nested("(", 60_000), "the header is longer than the 10000 bytes that numpy reads"),
        ] {
            assert_eq!(read(&npy(&header, &[])).unwrap_err(), format!("x.npy: no .npy array: {reason}"));
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_array("nowhere/x.npy".as_ref()).unwrap_err().to_string();
        assert!(error.starts_with("nowhere/x.npy: cannot read it: "), "{error}");
    }
}
