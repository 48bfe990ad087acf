//! Arguments about data sets and this machine.

use clap::{Args, Subcommand};
use mnist_data::PublicSet;

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    pub(crate) action: DataAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataAction {
    /// Download what is missing or damaged, and verify checksums
    #[command(after_help = "Example:\n  pool-cli data fetch mnist")]
    Fetch {
        /// The data set
        set: PublicSet,
        /// Use only files that are already here, never the network
        #[arg(long)]
        offline: bool,
    },
    /// Check every file of the data sets against its checksum
    #[command(after_help = "Example:\n  pool-cli data verify mnist")]
    Verify {
        /// The data sets [default: all]
        sets: Vec<PublicSet>,
        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show images, sizes and classes of a data set
    #[command(after_help = "Example:\n  pool-cli data info mnist --json")]
    Info {
        /// The data set
        set: PublicSet,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
