//! Arguments about finished runs.

use std::path::PathBuf;

use clap::Args;

use pool_records::parse_duration;

use super::sweep::parse_bytes;

#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    /// The run directory
    pub(crate) run: PathBuf,
    /// The bundle, whose name ends in .pool-run.tar.gz [default: STUDY.pool-run.tar.gz in the current folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run directory, or a bundle of it
    pub(crate) run: PathBuf,
    /// Unpack the bundle into this folder [default: next to the bundle, under its name]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Also write a short version, Markdown and plots, into this folder, which must lie outside any run directory
    #[arg(long, value_name = "DIR")]
    pub(crate) summary_to: Option<PathBuf>,
    /// Print the results as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The run directory
    pub(crate) run: PathBuf,
    /// Look again every two seconds until the sweep is over
    #[arg(long, conflicts_with = "json")]
    pub(crate) watch: bool,
    /// Print the state of every trial as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecommendArgs {
    /// The run directory
    pub(crate) run: PathBuf,
    /// Memory limit for predicting one image
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) max_memory: Option<u64>,
    /// Memory limit for training, at the batch size of the sweep
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) max_train_memory: Option<u64>,
    /// Time limit for predicting one image, met by 95 of 100 predictions
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    pub(crate) max_latency: Option<f64>,
    /// Time limit for predicting all test images
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    pub(crate) max_prediction_time: Option<f64>,
    /// Time limit for a whole training
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    pub(crate) max_train_time: Option<f64>,
    /// Limit on the network's parameters
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_parameters: Option<u64>,
    /// Print the recommendation as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A duration such as `1ms` or `2s`, in seconds.
fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = parse_duration(text).ok().map(|duration| duration.as_secs_f64());
    seconds
        .filter(|&seconds| seconds > 0.0)
        .ok_or_else(|| "write a duration such as 500us, 1ms or 2s".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct LeagueArgs {
    /// The run directories
    #[arg(required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Write it into this folder as league.md with a picture for each run; the folder must lie outside any run directory
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// Print the league as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The first run directory
    pub(crate) first: PathBuf,
    /// The second run directory
    pub(crate) second: PathBuf,
    /// Print the comparison as JSON
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// Print the comparison as Markdown
    #[arg(long)]
    pub(crate) markdown: bool,
}
