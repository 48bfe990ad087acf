//! Arguments about data sets and this machine.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Subcommand};
use mnist_data::{PublicSet, UnknownSet};

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    pub(crate) action: DataAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataAction {
    /// Download what is missing or damaged, and verify checksums
    #[command(after_help = "\
Examples:
  pool-cli data fetch mnist
  pool-cli data fetch emnist-letters

A download of KMNIST, EMNIST or CIFAR that lies in the set's folder already is unpacked instead, with --offline, too.")]
    Fetch {
        /// The data set: mnist, fashion-mnist, kmnist, emnist-letters, cifar10 or cifar100
        set: PublicSet,
        /// Use only files that are already here, never the network
        #[arg(long)]
        offline: bool,
    },
    /// Check every file of the data sets against its checksum
    #[command(after_help = "Example:\n  pool-cli data verify mnist")]
    Verify {
        /// The data sets [default: all that are here, and mnist]
        sets: Vec<PublicSet>,
        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show images, sizes, classes and channels of a data set
    #[command(
        after_help = "Examples:\n  pool-cli data info mnist --json\n  pool-cli data info pictures/flowers --size 32"
    )]
    Info {
        /// The data set, or the path of your own: a folder of pictures, IDX, CIFAR or CSV files, or a .npz file
        #[arg(value_name = "SET|PATH")]
        set: SetOrPath,
        /// Pixels a side that the pictures of a folder are brought to, where they have several sizes
        #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=1024))]
        size: Option<u32>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Draw some pictures of every class in one PNG file
    #[command(
        after_help = "Examples:\n  pool-cli data preview mnist --output sheet.png\n  pool-cli data preview pictures/flowers --size 32 \
                      --output sheet.png"
    )]
    Preview {
        /// The data set, or the path of your own: a folder of pictures, IDX, CIFAR or CSV files, or a .npz file
        #[arg(value_name = "SET|PATH")]
        set: SetOrPath,
        /// The PNG file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Pixels a side that the pictures of a folder are brought to, where they have several sizes
        #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=1024))]
        size: Option<u32>,
    },
}

/// A public data set, or whatever lies at a path.
#[derive(Debug, Clone)]
pub(crate) enum SetOrPath {
    Set(PublicSet),
    Path(PathBuf),
}

impl FromStr for SetOrPath {
    type Err = UnknownSet;

    /// A name that is both is the set's: `./mnist` is a path, as is all that has a slash.
    fn from_str(text: &str) -> Result<Self, UnknownSet> {
        match text.parse() {
            Ok(set) => Ok(Self::Set(set)),
            Err(_) if text.contains('/') || Path::new(text).exists() => Ok(Self::Path(text.into())),
            Err(unknown) => Err(unknown),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Time every convolution block of the built-in networks, by the kernels and by libtorch's functions; a minute or two
    #[arg(long)]
    pub(crate) kernels: bool,
    /// Images in the batches that are timed
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4096), requires = "kernels")]
    pub(crate) batch: u32,
}
