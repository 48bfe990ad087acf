//! The one error type of this crate: what is wrong, where, what was expected, and what mends it.

use std::io;
use std::path::PathBuf;

use crate::idx::IdxError;
use crate::memory::OutOfMemory;
use crate::picture::PictureError;

/// Why data could not be found, read, fetched or divided.
///
/// A message is complete in itself: it includes its cause, and [`std::error::Error::source`] is `None`, so a printed
/// chain says nothing twice.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Some or all files of a data set are not in its folder.
    #[error("data set {set} is not in {}: missing {}; {cure}", .folder.display(), .files.join(", "))]
    Missing {
        /// The data set: a public set's name, or the folder's own name.
        set: String,
        /// The folder that was searched.
        folder: PathBuf,
        /// The missing files, by their names without `.gz`.
        files: Vec<String>,
        /// What to do about it.
        cure: String,
    },
    /// It cannot be told which file, or which data set, of a folder is meant.
    #[error(
        "{}: several files could be {name}: {}; leave one data set in the folder",
        .folder.display(), paths(.found)
    )]
    SeveralFiles {
        /// The folder that was searched.
        folder: PathBuf,
        /// What they could be, by its usual name.
        name: String,
        /// The files, within the folder.
        found: Vec<PathBuf>,
    },
    /// A file of a public data set is not the published file.
    #[error("{}: expected {expected}, found {found}; {cure}", .file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// The published checksum.
        expected: String,
        /// The checksum of the file here, or what broke while reading it.
        found: String,
        /// What to do about it.
        cure: String,
    },
    /// A file that was named does not exist.
    #[error("{}: no such file; check the path", .file.display())]
    NoSuchFile {
        /// The file.
        file: PathBuf,
    },
    /// A file is not a well-formed IDX file.
    #[error("{}: {problem}", .file.display())]
    Idx {
        /// The file.
        file: PathBuf,
        /// What is wrong with its content.
        problem: IdxError,
    },
    /// A file is not a picture that a network could be shown.
    #[error("{}: {problem}", .file.display())]
    Picture {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: PictureError,
    },
    /// An IDX file holds another kind of array than its name promises.
    #[error("{}: {field}: expected {expected}, found {found}; check that the file has its right name", .file.display())]
    WrongKind {
        /// The file.
        file: PathBuf,
        /// The header field.
        field: &'static str,
        /// What the file's role asks for.
        expected: String,
        /// What the header says.
        found: String,
    },
    /// An IDX file's integers are wider than a byte, and one of them is no byte.
    #[error(
        "{}: element {index}: expected a whole number from 0 to 255, found {found}; number the classes, and scale \
         the pixels, from 0 to 255", .file.display()
    )]
    NoByte {
        /// The file.
        file: PathBuf,
        /// The element's place, from 0, row-major.
        index: usize,
        /// The element.
        found: String,
    },
    /// There are not as many labels as images.
    #[error(
        "{} holds {labels} labels, expected {images}, one for each image of {}; put files of one data set there",
        .labels_file.display(), .images_file.display()
    )]
    CountMismatch {
        /// The image file.
        images_file: PathBuf,
        /// How many images it holds.
        images: usize,
        /// The label file.
        labels_file: PathBuf,
        /// How many labels it holds.
        labels: usize,
    },
    /// Training and test images differ in height or width.
    #[error(
        "{} holds pictures of {}x{} pixels, expected {}x{} as in {}; put files of one data set there",
        .test_file.display(), .test.0, .test.1, .train.0, .train.1, .train_file.display()
    )]
    PictureSizeMismatch {
        /// The training images.
        train_file: PathBuf,
        /// Their height and width in pixels.
        train: (usize, usize),
        /// The test images.
        test_file: PathBuf,
        /// Their height and width in pixels.
        test: (usize, usize),
    },
    /// A file holds no picture, or pictures without pixels.
    #[error("{}: expected at least one picture of at least one pixel, found shape {shape:?}; use another file", .file.display())]
    Empty {
        /// The image file.
        file: PathBuf,
        /// Its shape, `[N, H, W]`.
        shape: Vec<usize>,
    },
    /// The arguments of [`LabelledImages::new`](crate::LabelledImages::new) do not fit together.
    #[error(
        "{field}: expected {expected}, found {found}; pass pixels as [N, H, W] and one label for each picture"
    )]
    Images {
        /// The argument.
        field: &'static str,
        /// What the other arguments ask for.
        expected: String,
        /// What it is.
        found: usize,
    },
    /// An index points behind the last image.
    #[error(
        "index {found}: expected less than the {len} images there are; take indices from a split of this set"
    )]
    IndexOutOfRange {
        /// The index.
        found: u32,
        /// How many images there are.
        len: usize,
    },
    /// The share of the validation set is not between 0 and 1.
    #[error(
        "validation fraction: expected more than 0 and less than 1, found {found}; 0.2 is the study's value"
    )]
    Fraction {
        /// The value.
        found: f64,
    },
    /// A parameter of a [`Perturbation`](crate::Perturbation) is outside its range.
    #[error("{field}: expected {least} to {greatest}, found {found}; {cure}")]
    Perturbation {
        /// The kind of perturbation and its parameter.
        field: &'static str,
        /// The least value that is allowed.
        least: f64,
        /// The greatest value that is allowed.
        greatest: f64,
        /// The value.
        found: f64,
        /// What to do about it.
        cure: &'static str,
    },
    /// A split would leave one of its parts without images.
    #[error(
        "validation fraction {fraction:?} of {images} images leaves the {part} part empty; \
         expected at least one image in each part: change the fraction or use more images"
    )]
    EmptyPart {
        /// `training` or `validation`.
        part: &'static str,
        /// The share of the validation set.
        fraction: f64,
        /// How many images were to be divided.
        images: usize,
    },
    /// More images than a 32-bit index can name.
    #[error("label count: expected at most {}, found {found}; split a smaller set", u32::MAX)]
    TooManyImages {
        /// How many labels were given.
        found: usize,
    },
    /// No variable says where data sets live.
    #[error(
        "no folder for data sets: neither POOL_DATA_DIR, XDG_CACHE_HOME nor HOME is set; set POOL_DATA_DIR"
    )]
    NoDataDir,
    /// A name that is not one of the public data sets.
    #[error("data set: expected one of mnist, fashion-mnist, found \"{found}\"")]
    UnknownSet {
        /// The name.
        found: String,
    },
    /// Files are missing or damaged and the network may not be used.
    #[error(
        "data set {set} in {} lacks {} and the network is off (offline); \
         fetch without offline, or copy the files there", .folder.display(), .files.join(", ")
    )]
    Offline {
        /// The data set.
        set: String,
        /// The folder.
        folder: PathBuf,
        /// The files that are missing or damaged.
        files: Vec<String>,
    },
    /// No mirror delivered a file.
    #[error(
        "{file}: no mirror delivered it: {}; check the network, name another mirror, or copy the file to {}",
        list_of(.attempts), .folder.display()
    )]
    AllMirrorsFailed {
        /// The file, by its name without `.gz`.
        file: String,
        /// The folder it belongs in.
        folder: PathBuf,
        /// Each mirror with the reason why it failed, in the order in which they were asked.
        attempts: Vec<(String, String)>,
    },
    /// The system does not have the memory that the pictures take.
    #[error("{0}; use fewer pictures, or a machine with more memory")]
    OutOfMemory(OutOfMemory),
    /// The operating system refused an access.
    #[error("{}: cannot {action}: {cause}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as a verb.
        action: &'static str,
        /// The refusal.
        cause: io::Error,
    },
}

impl DataError {
    /// Whether getting the data (again) mends this: a missing set or file, or one that is not the published one.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Missing { .. }
            | Self::Corrupt { .. }
            | Self::Offline { .. }
            | Self::NoDataDir
            | Self::AllMirrorsFailed { .. } => true,
            Self::SeveralFiles { .. }
            | Self::NoSuchFile { .. }
            | Self::Idx { .. }
            | Self::Picture { .. }
            | Self::WrongKind { .. }
            | Self::NoByte { .. }
            | Self::CountMismatch { .. }
            | Self::PictureSizeMismatch { .. }
            | Self::Empty { .. }
            | Self::Images { .. }
            | Self::IndexOutOfRange { .. }
            | Self::Fraction { .. }
            | Self::Perturbation { .. }
            | Self::EmptyPart { .. }
            | Self::TooManyImages { .. }
            | Self::UnknownSet { .. }
            | Self::OutOfMemory(_)
            | Self::Io { .. } => false,
        }
    }

    /// An [`DataError::Io`] for `path`, to be used with `map_err`.
    pub(crate) fn io(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { path, action, cause }
    }
}

/// `path, path`.
fn paths(paths: &[PathBuf]) -> String {
    let listed: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    listed.join(", ")
}

/// `mirror (reason), mirror (reason)`.
fn list_of(attempts: &[(String, String)]) -> String {
    let listed: Vec<String> =
        attempts.iter().map(|(mirror, reason)| format!("{mirror} ({reason})")).collect();
    listed.join(", ")
}
