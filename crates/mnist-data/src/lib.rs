//! MNIST, its siblings and pictures of one's own as plain bytes: sources, checked data sets, downloads, splits and batch
//! order.
//!
//! Everything that decides *which images a network sees and in which order* is here, and nothing here knows what a
//! network is: the crate never links torch. Its main types, in the order in which a study uses them:
//!
//! * [`DataDir`] is the folder for data sets; [`published`] has the files, checksums and mirrors of each [`PublicSet`];
//!   [`fetch`] downloads them and [`verify`] checks them.
//! * [`Dataset`] is a training and a test set of [`LabelledImages`]: row-major `u8` pixels
//!   `[N, C, H, W]`, grey or in colour, and `u16` labels `[N]`. [`read_idx`] reads a single IDX file.
//! * [`load`] reads any source that a sweep file can name: the public sets, IDX files, a folder of pictures for each class
//!   (PNG, JPEG, WebP, BMP, GIF), numpy's `.npz`, CSV, and the binary files of CIFAR-10 and CIFAR-100. [`source_at`] tells
//!   which of them lies at a path, [`folder_sizes`] what sizes the pictures of a folder have, and a [`ContactSheet`] shows
//!   some of every class.
//! * [`SplitIndices`] divides the training images by a [`Split`], and [`BatchOrder`] is the order in which an epoch visits them.
//!   [`Augmenter`] changes them at random, each time that they are seen.
//! * [`LabelledImages::perturbed`] changes test pictures a little, to measure how robust a network is: a
//!   [`Perturbation`] is one change, and [`standard_levels`] lists those of the study.
//! * [`Picture`] reads a PNG file of any size, and [`Picture::prepared`] makes it look like a data set's own pictures,
//!   of the kind that a [`Likeness`] describes; each [`Step`] on the way is recorded. [`decode_png`] is the decoder
//!   underneath, for files that may hold anything.
//!
//! Every failure is a [`DataError`], or one of the errors that it wraps.
//!
//! ```
//! use mnist_data::{BatchOrder, Dataset, Split, SplitIndices};
//!
//! let data = Dataset::bars_and_crosses(7); // generated: needs no file and no network
//! assert_eq!((data.train.len(), data.train.height(), data.train.width()), (2_000, 28, 28));
//!
//! // Keras's `validation_split = 0.2`: the last fifth of the training images.
//! let split = SplitIndices::of(Split::Tail(0.2), data.train.labels(), data.validation, 1)?;
//! let train = data.train.select(&split.train)?;
//!
//! // The order of epoch 0 under seed 1, in batches of 200.
//! let order = BatchOrder::new(train.len(), 1).epoch(0);
//! assert_eq!(order.chunks(200).count(), 8);
//! # Ok::<(), mnist_data::DataError>(())
//! ```
//!
//! # The one decision
//!
//! All random draws of this crate are those of [`pool_spec::draw`]: the bounded draw and the shuffle are written out on
//! top of the ChaCha8 generator, and golden tests here hold what they give. A library may change the algorithm of its
//! `shuffle` in any release, and the same seed would then silently train another network than the one that was
//! reported. In the same spirit [`Dataset::public`] hashes the very bytes that it parses: a file that is not the published
//! one is refused, not trained on. [`load`] keeps what came of them under a checksum of its own, and maps that as long as the
//! files have not changed.

mod augmenter;
mod batch_order;
mod catalogue;
mod channels;
mod contact_sheet;
mod data_dir;
mod dataset;
mod decoded;

mod division;
mod error;
mod fetch;
mod file_names;
mod folder;
mod found_file;
mod generated;
mod idx;
mod images;
mod open;
mod perturbation;
mod picture;
mod pixels;
mod planes;
mod public;
mod raster;
mod sources;
mod split;
mod sums;
mod unpacked;
mod verify;

pub use augmenter::{Augmenter, Change};
pub use batch_order::BatchOrder;
pub use catalogue::{Delivery, Download, FileSpec, Member, Packing, Published, published};
pub use contact_sheet::ContactSheet;
pub use data_dir::DataDir;
pub use dataset::{Dataset, SetLabels};
pub use division::{Division, check_data, class_names, data_facts, divide, labels_of};
pub use error::{DataError, IdxError, Mismatch, PictureError};
pub use fetch::{FetchOptions, FetchOutcome, FetchProgress, FetchReport, FetchedFile, fetch};
pub use generated::BARS_AND_CROSSES_CLASSES;
pub use idx::{IdxArray, decode_idx, read_idx, read_idx_with_sha256};
pub use images::{ClassCounts, LabelledImages, PictureShape};
pub use perturbation::{Perturbation, PerturbationLevel, standard_levels};
pub use picture::{Centre, Likeness, Picture, Prepared, Step};
pub use pool_files::{DecodedPicture, OutOfMemory, PngColour, PngDepth, PngError, decode_png};
pub use pool_spec::{PublicSet, Split, UnknownSet};
pub use sources::{FolderSizes, TEST_SHARE, folder_sizes, load, picture_in_frame, source_at};
pub use split::SplitIndices;
pub use verify::{FileCheck, FileState, verify};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
