//! `pool-cli recommend`: which arm to take under a budget.

use pool_report::{Analysis, Budget, Run, recommend, terminal_recommendation};

use super::terminal_width;
use crate::args::RecommendArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};

pub(crate) fn run(args: &RecommendArgs) -> anyhow::Result<Outcome> {
    let analysis = Analysis::of(&Run::read(&args.run)?);
    let recommendation = recommend(&analysis, &budget(args));
    if args.json {
        print_json(&recommendation)?;
    } else {
        print(&format!("{}\n", terminal_recommendation(&recommendation, terminal_width())))?;
    }
    Ok(if recommendation.arm.is_some() { Outcome::Done } else { Outcome::NoArm })
}

fn budget(args: &RecommendArgs) -> Budget {
    Budget {
        max_memory_bytes: args.max_memory,
        max_train_memory_bytes: args.max_train_memory,
        max_latency_s: args.max_latency,
        max_parameters: args.max_parameters,
        max_train_s: args.max_train_time,
        max_prediction_s: args.max_prediction_time,
    }
}
