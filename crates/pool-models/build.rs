//! Compiles the shim against the libtorch that torch-sys found, lets this crate's tests, benches and examples find it at
//! run time, and tells dependents where it lies.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/native/shim.cpp");
    // Set by torch-sys, whose `links` key is `tch`; absent when only the documentation is built.
    let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    println!("cargo::metadata=libtorch_lib={folder}");
    compile_shim(Path::new(&folder));
}

fn compile_shim(lib: &Path) {
    let include = lib.with_file_name("include");
    let mut shim = cc::Build::new();
    shim.cpp(true)
        .std("c++17")
        .pic(true)
        .include(include.join("torch/csrc/api/include"))
        .include(&include)
        // libtorch's headers warn; the shim is compiled without a warning otherwise.
        .warnings(false)
        .define("_GLIBCXX_USE_CXX11_ABI", std::env::var("LIBTORCH_CXX11_ABI").as_deref().unwrap_or("1"))
        .file("src/native/shim.cpp");
    // libtorch's threads are OpenMP's where it is built with it; without the flag its loops run on one thread.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        shim.flag("-fopenmp");
        println!("cargo::rustc-link-lib=gomp");
    }
    // Set by `scripts/check-sanitizers shim`, whose Rust is built with the same sanitizer and links its runtime.
    println!("cargo::rerun-if-env-changed=POOL_SHIM_SANITIZER");
    if let Ok(sanitizer) = std::env::var("POOL_SHIM_SANITIZER") {
        shim.flag(format!("-fsanitize={sanitizer}")).flag("-fno-omit-frame-pointer");
    }
    println!("cargo::rerun-if-env-changed=LIBTORCH_CXX11_ABI");
    shim.compile("pool_shim");
}
