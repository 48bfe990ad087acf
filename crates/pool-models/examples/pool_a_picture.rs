//! One operator applied to a picture:
//! `cargo run -p pool-models --features files --example pool_a_picture -- in.png out.png '{ blur = { taps = 5 } }'`.

use std::error::Error;

use pool_models::Pool;
use pool_models::files::{read_picture, write_picture};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, pool] = &arguments[..] else {
        return Err(
            "usage: pool_a_picture IN.png OUT.png POOL, such as max or '{ reduce = \"avg\", size = 4 }'"
                .into(),
        );
    };
    let pool: Pool = pool.parse()?;
    let picture = read_picture(input.as_ref())?;
    let pooled = pool.forward(&picture)?;
    write_picture(output.as_ref(), &pooled)?;
    println!("{:?} becomes {:?}", picture.size(), pooled.size());
    Ok(())
}
