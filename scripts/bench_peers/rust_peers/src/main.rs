//! Networks in burn and in candle, each as its own documents write them: peers that `scripts/bench-peers` measures pool-cli
//! against. Takes the name of one and what to do as JSON, and prints what it took as JSON. `gemm-peak` prints how many
//! floating-point operations a second the gemm crate does.

mod burn_peer;
mod candle_peer;
mod gemm_peak;
mod mnist;
mod peer;
mod resident_memory;
mod work;

use std::error::Error;

use burn_peer::BurnPeer;
use candle_peer::CandlePeer;
use work::Work;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["burn", work] => println!("{}", peer::measure::<BurnPeer>(&Work::from_json(work)?)?),
        ["candle", work] => println!("{}", peer::measure::<CandlePeer>(&Work::from_json(work)?)?),
        ["gemm-peak"] => println!("{}", gemm_peak::flop_per_s()),
        _ => {
            return Err(
                "usage: rust-peers burn|candle WORK, or gemm-peak; scripts/bench-peers starts it".into()
            );
        }
    }
    Ok(())
}
