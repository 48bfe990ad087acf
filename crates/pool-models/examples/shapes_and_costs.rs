//! Shapes and costs of candidates, without a tensor: `cargo run -p pool-models --example shapes_and_costs`.

use pool_models::{Learned, Padding, Pool, Reducer, SettingError, Window};

fn main() -> Result<(), SettingError> {
    let candidates = [
        Pool::max(2),
        Pool::avg(Window::new(3).stride(2).padding(Padding::Same)),
        Pool::window(Reducer::Gem { p: 3.0, learned: Learned::Channel }, 2),
        Pool::fractional(Reducer::Max, 0.7),
        Pool::pyramid(Reducer::Max, [4, 2, 1]),
        Pool::strided_conv(2),
        Pool::max(30),
    ];
    let sample = [32, 24, 24];
    println!("of {sample:?}:");
    for pool in candidates {
        match pool.cost(&sample) {
            Ok(cost) => {
                let kept: u64 = cost.kept.iter().map(|tensor| tensor.bytes).sum();
                let shape = pool.output_shape(&sample)?;
                println!("{pool}: {shape:?}, {} parameters, {kept} bytes kept for backward", cost.parameters);
            }
            // A setting that cannot be says so before anything is built.
            Err(error) => println!("{pool}: {error}"),
        }
    }
    Ok(())
}
