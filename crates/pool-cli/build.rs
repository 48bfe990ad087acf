//! Lets the program find libtorch at run time, and tells it where that is, what it was built from and with.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    keep_lock_file();
    if let Ok(folder) = std::env::var("DEP_POOL_MODELS_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
        println!("cargo::rustc-env=POOL_LIBTORCH_LIB={folder}");
        load_cuda(&folder);
    }
    if let Some(revision) = git(&["rev-parse", "--short=12", "HEAD"]) {
        println!("cargo::rustc-env=POOL_GIT_REVISION={revision}");
    }
    // The log of HEAD grows with every commit and checkout.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
}

/// Loads libtorch's CUDA half with the program, where there is one. Nothing calls it by name: it announces itself to
/// libtorch when it is loaded, and a linker that keeps what is needed alone would leave it out.
fn load_cuda(folder: &str) {
    println!("cargo::rerun-if-changed={folder}");
    if Path::new(folder).join("libtorch_cuda.so").exists() {
        let folder = format!("-L{folder}");
        for argument in ["-Wl,--push-state,--no-as-needed", &folder, "-ltorch_cuda", "-Wl,--pop-state"] {
            println!("cargo::rustc-link-arg={argument}");
        }
    }
}

/// Copies the lock file to where the program includes it from. Cargo puts one into every package; in a working tree, it is
/// the workspace's.
fn keep_lock_file() {
    let folder = |name: &str| PathBuf::from(std::env::var_os(name).expect("Cargo names its folders"));
    let package = folder("CARGO_MANIFEST_DIR");
    let places = [package.join("Cargo.lock"), package.join("../../Cargo.lock")];
    let found = places.iter().find(|place| place.is_file());
    let found = found.expect(
        "Cargo.lock lies neither in the package nor in the workspace; `cargo generate-lockfile` makes it",
    );
    println!("cargo::rerun-if-changed={}", found.display());
    std::fs::copy(found, folder("OUT_DIR").join("Cargo.lock"))
        .expect("the build's own folder can be written");
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
