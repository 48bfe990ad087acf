fn main() {
    // pool-models tells where libtorch lies; the program looks for it there when it starts.
    if let Ok(folder) = std::env::var("DEP_POOL_MODELS_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
