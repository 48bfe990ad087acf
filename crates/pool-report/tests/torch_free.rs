//! The crates that must never link libtorch, by what Cargo resolved.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::process::Command;

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand, Node, PackageId};

/// The names of all packages that `package` is built with here, by normal and build dependencies, all features on.
fn built_with(package: &str) -> BTreeSet<String> {
    let mut command = MetadataCommand::new();
    command.features(CargoOpt::AllFeatures).other_options(["--filter-platform".to_owned(), host()]);
    let metadata = command.exec().expect("cargo metadata reads this workspace");
    let names: HashMap<&PackageId, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let resolve = metadata.resolve.as_ref().expect("cargo metadata resolves dependencies");
    let nodes: HashMap<&PackageId, &Node> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();

    let root = metadata.workspace_packages().into_iter().find(|found| found.name.as_str() == package);
    let mut waiting = vec![&root.unwrap_or_else(|| panic!("{package} is not in this workspace")).id];
    let mut seen = HashSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let needed = nodes[id].deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
            });
            waiting.extend(needed.map(|dependency| &dependency.pkg));
        }
    }
    seen.into_iter().map(|id| names[id].to_owned()).collect()
}

/// This machine's platform: packages of other platforms need not have been downloaded.
fn host() -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo).arg("-vV").output().expect("cargo runs");
    let text = String::from_utf8(output.stdout).expect("cargo writes text");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo names its host").to_owned()
}

#[test]
fn the_models_the_training_and_the_program_reach_torch_and_no_other_crate_does() {
    let metadata = MetadataCommand::new().exec().expect("cargo metadata reads this workspace");
    let packages = metadata.workspace_packages().into_iter().map(|package| package.name.as_str());
    let reaching: BTreeSet<&str> =
        packages.filter(|package| built_with(package).contains("torch-sys")).collect();
    assert_eq!(reaching, BTreeSet::from(["pool-cli", "pool-models", "pool-train"]));
}

/// What each crate may know of the others. Another edge is a change of the design: docs/architecture.md.
#[test]
fn the_crates_know_of_one_another_what_the_architecture_says() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata reads this workspace");
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    for package in &metadata.packages {
        let needs = package.dependencies.iter().filter(|needed| needed.kind != DependencyKind::Development);
        let found: BTreeSet<&str> =
            needs.map(|needed| needed.name.as_str()).filter(|name| ours.contains(name)).collect();
        let allowed: &[&str] = match package.name.as_str() {
            "pool-spec" | "pool-files" | "pool-kernels" => &[],
            "pool-metrics" => &["pool-spec"],
            "mnist-data" => &["pool-files", "pool-spec"],
            "pool-records" => &["pool-files", "pool-metrics", "pool-spec"],
            "pool-models" => &["pool-files", "pool-kernels", "pool-spec"],
            "pool-run" => &["mnist-data", "pool-files", "pool-metrics", "pool-records", "pool-spec"],
            "pool-train" => {
                &["mnist-data", "pool-files", "pool-metrics", "pool-models", "pool-records", "pool-spec"]
            }
            "pool-report" => &["pool-files", "pool-metrics", "pool-records", "pool-spec"],
            "pool-testkit" => &["mnist-data", "pool-records", "pool-spec"],
            // It puts all of them together.
            _ => continue,
        };
        let surplus: Vec<&&str> = found.iter().filter(|name| !allowed.contains(*name)).collect();
        assert!(surplus.is_empty(), "{} must not depend on {surplus:?}", package.name);
    }
}
