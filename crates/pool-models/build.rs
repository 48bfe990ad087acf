//! Lets this crate's tests, benches and examples find libtorch at run time, and tells dependents where it lies.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Set by torch-sys, whose `links` key is `tch`; absent when only the documentation is built.
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
        println!("cargo::metadata=libtorch_lib={folder}");
    }
}
