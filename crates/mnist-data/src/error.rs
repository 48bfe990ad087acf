//! Every way in which this crate fails. Its other modules import this one, and it imports none.

use std::io;
use std::path::{Path, PathBuf};

use pool_files::{MAX_SIDE, OutOfMemory, PictureFileError, PngError};
use pool_spec::SkippedFile;

/// Why data could not be found, read, fetched or divided.
///
/// A message is complete in itself: it includes its cause, and [`std::error::Error::source`] is `None`, so a printed
/// chain repeats nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages name the fields")]
pub enum DataError {
    /// A folder lacks files of a data set: all four, or those listed, by their names without `.gz`.
    #[error("data set {set} is not in {}: missing {}; {cure}", .folder.display(), .files.join(", "))]
    Missing { set: String, folder: PathBuf, files: Vec<String>, cure: String },
    /// Several files, or several data sets, of a folder could be the one that is meant.
    #[error(
        "{}: several files could be {name}: {}; leave one data set in the folder",
        .folder.display(), paths(.found)
    )]
    SeveralFiles { folder: PathBuf, name: String, found: Vec<PathBuf> },
    /// A file of a public data set is not the published file.
    #[error("{}: expected {expected}, found {found}; {cure}", .file.display())]
    Corrupt { file: PathBuf, expected: String, found: String, cure: String },
    /// The file does not exist.
    #[error("{}: no such file; check the path", .file.display())]
    NoSuchFile { file: PathBuf },
    /// A file is not a well-formed IDX file, or does not fit its role in a data set.
    #[error("{}: {problem}", .file.display())]
    Idx { file: PathBuf, problem: IdxError },
    /// A file or folder is not what its kind of source is made of.
    #[error("{}: {problem}", .file.display())]
    Source { file: PathBuf, problem: Mismatch },
    /// Some of a folder's pictures cannot be read.
    #[error("{}: {}", .folder.display(), unreadable(.files, *.pictures))]
    Unreadable { folder: PathBuf, files: Vec<SkippedFile>, pictures: usize },
    /// A file is not a picture that a network can be shown.
    #[error("{}: {problem}", .file.display())]
    Picture { file: PathBuf, problem: PictureError },
    /// A caller's argument is outside its range, or does not fit the others.
    #[error(transparent)]
    Argument(#[from] Mismatch),
    /// A split leaves the `training` or the `validation` part without images.
    #[error(
        "validation fraction {fraction:?} of {images} images leaves the {part} part empty; \
         expected at least one image in each part: change the fraction or use more images"
    )]
    EmptyPart { part: &'static str, fraction: f64, images: usize },
    /// Folds of which one would hold no image.
    #[error(
        "folds = {folds}: with {images} images a fold would be empty, as every class is dealt into the folds by itself; give \
         fewer folds, or more images"
    )]
    EmptyFold { folds: u32, images: usize },
    /// No environment variable names the folder for data sets.
    #[error(
        "no folder for data sets: neither POOL_DATA_DIR, XDG_CACHE_HOME nor HOME is set; set POOL_DATA_DIR"
    )]
    NoDataDir,
    /// No mirror delivered a file; `attempts` has each mirror with its reason, in the order in which they were tried.
    #[error(
        "{file}: no mirror delivered it: {}; check the network, name another mirror, or copy the file to {}",
        reasons(.attempts), .folder.display()
    )]
    AllMirrorsFailed { file: String, folder: PathBuf, attempts: Vec<(String, String)> },
    /// The system does not have the memory that the pictures take.
    #[error("{0}; use fewer or smaller pictures, or a machine with more memory")]
    OutOfMemory(OutOfMemory),
    /// The operating system refused an access; `action` is a verb.
    #[error("{}: cannot {action}: {cause}", .path.display())]
    Io { path: PathBuf, action: &'static str, cause: io::Error },
}

/// Something is not as it should be: where, the rule, what was found, and the cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: expected {expected}, found {found}; {cure}")]
#[expect(missing_docs, reason = "the message names the fields")]
pub struct Mismatch {
    pub place: String,
    pub expected: String,
    pub found: String,
    pub cure: &'static str,
}

/// Why bytes are not the IDX array that is expected. [`DataError::Idx`] adds the file's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "`field` is the part of the file that was being read")]
pub enum IdxError {
    /// The header, the body, or an element is not as it should be.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// The gzip stream is damaged or cut off.
    #[error("{field}: expected an intact gzip stream, found: {cause}; get the file again")]
    BrokenGzip { field: String, cause: io::Error },
    /// The system does not have the memory that the elements take.
    #[error("body: {0}; use a smaller file, or a machine with more memory")]
    OutOfMemory(OutOfMemory),
    /// Reading failed for a reason outside the data.
    #[error("{field}: cannot read: {cause}")]
    Io { field: String, cause: io::Error },
}

/// Why something is not a picture that a network can be shown. [`DataError::Picture`] adds the file's name.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "heights and widths are in pixels, grey values from 0 to 255")]
pub enum PictureError {
    /// No PNG file that can be decoded, or more pixels than are read.
    #[error(transparent)]
    Png(#[from] PngError),
    /// No picture of any format that can be decoded.
    #[error(transparent)]
    File(#[from] PictureFileError),
    /// The arguments of [`Picture::new`](crate::Picture::new) do not fit together.
    #[error(
        "pixel count: expected {height}x{width} and at least 1, found {pixels}; pass the grey values as [H, W]"
    )]
    Shape { height: usize, width: usize, pixels: usize },
    /// All pixels have nearly the same grey value.
    #[error(
        "there is nothing in it to recognise: all grey values are {least} to {greatest} of 255; \
         use a picture with more contrast"
    )]
    Uniform { least: u8, greatest: u8 },
    /// A frame that no network has.
    #[error(
        "frame: expected 1 to {MAX_SIDE} pixels a side, found {height}x{width}; pass the network's input size"
    )]
    Frame { height: usize, width: usize },
}

impl DataError {
    /// Whether getting the data (again) is the cure: a set or file is missing, or is not the published one.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Corrupt { .. } | Self::NoDataDir | Self::AllMirrorsFailed { .. } => {
                true
            }
            Self::SeveralFiles { .. }
            | Self::NoSuchFile { .. }
            | Self::Idx { .. }
            | Self::Source { .. }
            | Self::Unreadable { .. }
            | Self::Picture { .. }
            | Self::Argument(_)
            | Self::EmptyPart { .. }
            | Self::EmptyFold { .. }
            | Self::OutOfMemory(_)
            | Self::Io { .. } => false,
        }
    }

    /// A [`DataError::Io`] for `path`, to be used with `map_err`.
    pub(crate) fn io(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { path, action, cause }
    }

    /// [`DataError::NoSuchFile`] or an [`DataError::Io`], to be used with `map_err` when `path` is opened.
    pub(crate) fn opening(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| match cause.kind() {
            io::ErrorKind::NotFound => Self::NoSuchFile { file: path },
            _ => Self::Io { path, action: "open", cause },
        }
    }

    /// A [`DataError::Idx`]; where the reader itself failed, a [`DataError::Io`].
    pub(crate) fn idx(file: &Path, problem: impl Into<IdxError>) -> Self {
        match problem.into() {
            IdxError::Io { cause, .. } => Self::io(file, "read")(cause),
            problem => Self::Idx { file: file.to_path_buf(), problem },
        }
    }

    /// A [`DataError::Picture`]; where the reader itself failed, a [`DataError::Io`].
    pub(crate) fn picture(file: &Path, problem: PictureError) -> Self {
        match problem {
            PictureError::Png(PngError::Io(cause))
            | PictureError::File(PictureFileError::Png(PngError::Io(cause))) => Self::io(file, "read")(cause),
            problem => Self::Picture { file: file.to_path_buf(), problem },
        }
    }
}

impl Mismatch {
    #[expect(clippy::needless_pass_by_value, reason = "callers pass what they have just made")]
    pub(crate) fn new(
        place: impl ToString,
        expected: impl ToString,
        found: impl ToString,
        cure: &'static str,
    ) -> Self {
        Self { place: place.to_string(), expected: expected.to_string(), found: found.to_string(), cure }
    }
}

/// The first few files with their reasons, how many there are, and the cure.
fn unreadable(files: &[SkippedFile], pictures: usize) -> String {
    const MOST_NAMED: usize = 3;
    let named = files.iter().take(MOST_NAMED);
    let named: Vec<String> = named.map(|skipped| format!("{} ({})", skipped.file, skipped.reason)).collect();
    let more = files.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!(
        "{} of {pictures} pictures cannot be read: {}{more}; mend or remove them, or leave them out with unreadable = \
         \"skip\" below [data]",
        files.len(),
        named.join(", ")
    )
}

/// `path, path`.
fn paths(paths: &[PathBuf]) -> String {
    let listed: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    listed.join(", ")
}

/// `mirror (reason), mirror (reason)`.
fn reasons(attempts: &[(String, String)]) -> String {
    let listed: Vec<String> =
        attempts.iter().map(|(mirror, reason)| format!("{mirror} ({reason})")).collect();
    listed.join(", ")
}
