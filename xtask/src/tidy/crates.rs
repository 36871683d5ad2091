//! Who may depend on whom: imports point one way.

use anyhow::Result;
use cargo_metadata::{Dependency, DependencyKind, Package};

use super::{Rule, Violation};
use crate::project::Project;
use crate::shell::{command, read};

static DIRECTION: Rule = Rule {
    id: "direction",
    why: "Imports point one way, as ARCHITECTURE.md draws them; a crate exists to forbid something.",
    mend: "Move the code to the crate that may know both, or add the seam below.",
};

static OUTSIDER: Rule = Rule {
    id: "outsider",
    why: "HTTP frameworks, database drivers and the runtime each have one home.",
    mend: "Go through the seam in core (Store, Clock, runtime), or move the code to its home.",
};

static WEIGHT: Rule = Rule {
    id: "weight",
    why: "A backend takes `vestibule-verify` in to check a cookie, not to get an auth server.",
    mend: "Put the dependency behind a feature that is off by default, or do without it.",
};

/// The crates that the default features of `verify` may bring, itself included.
const VERIFY_LIMIT_CRATES: usize = 60;

/// Under a crate's folder in `crates/`, the folders of those that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("macros", &[]),
    ("tokens", &[]),
    ("postgres-tls", &[]),
    ("core", &["macros", "tokens"]),
    ("api", &["macros", "tokens", "core"]),
    ("sql", &["macros", "tokens", "core", "postgres-tls"]),
    ("redis", &["macros", "tokens", "core"]),
    ("http", &["macros", "tokens", "core"]),
    ("plugins", &["macros", "tokens", "core", "api"]),
    ("testkit", &["macros", "tokens", "core", "api", "http"]),
    ("vestibule", &["macros", "tokens", "core", "api", "sql", "redis", "http", "plugins"]),
    (
        "server",
        &["macros", "tokens", "core", "api", "sql", "redis", "http", "plugins", "vestibule"],
    ),
    ("verify", &["tokens", "postgres-tls"]),
];

const FRAMEWORKS: &[&str] = &["axum", "axum-core", "hyper", "hyper-util", "tower", "tower-http"];
const DRIVERS: &[&str] = &["deadpool-postgres", "postgres", "rusqlite", "sqlx", "tokio-postgres"];
const RUNTIMES: &[&str] = &["async-std", "smol", "tokio"];

const FRAMEWORK_HOMES: &[&str] = &["http", "server", "testkit", "verify", "vestibule"];
const DRIVER_HOMES: &[&str] = &["postgres-tls", "sql", "testkit", "verify"];
const RUNTIME_HOMES: &[&str] =
    &["http", "postgres-tls", "redis", "server", "sql", "testkit", "verify", "vestibule"];

pub(super) fn check(project: &Project) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for package in &project.packages {
        if let Some(folder) = folder(package) {
            let manifest = format!("crates/{folder}/Cargo.toml");
            let used: Vec<_> =
                package.dependencies.iter().filter(|used| is_shipped(used)).collect();
            let ours: Vec<_> =
                used.iter().filter_map(|used| used.path.as_ref()?.file_name()).collect();
            let others: Vec<_> = used.iter().map(|used| used.name.as_str()).collect();
            violations.extend(check_direction(folder, &manifest, &ours));
            violations.extend(check_outsiders(folder, &manifest, &others));
        }
    }
    // What core takes in by way of others counts as well.
    let core = project.packages.iter().find(|package| folder(package) == Some("core"));
    if let Some(core) = core {
        let names = tree("--all-features --edges normal,build", core.name.as_str())?;
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        violations.extend(check_outsiders("core", "crates/core/Cargo.toml", &names));
    }
    let verify = project.packages.iter().find(|package| folder(package) == Some("verify"));
    if let Some(verify) = verify {
        let names = tree("--edges normal", verify.name.as_str())?;
        violations.extend(check_weight(names.len()));
    }
    violations.dedup_by(|a, b| a.what == b.what);
    Ok(violations)
}

/// The names of a package's dependencies and its own, each once.
fn tree(options: &str, package: &str) -> Result<Vec<String>> {
    let listing = format!("cargo tree {options} --prefix none --format {{lib}}");
    let tree = read(command(&listing).args(["--package", package]))?;
    // A crate whose dependencies were shown before has a mark after its name.
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let mut names: Vec<_> = names.map(|name| name.replace('_', "-")).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn check_weight(count: usize) -> Option<Violation> {
    (count >= VERIFY_LIMIT_CRATES).then(|| Violation {
        path: "crates/verify/Cargo.toml".to_owned(),
        line: 0,
        what: format!(
            "the default features bring {count} crates; fewer than {VERIFY_LIMIT_CRATES} are allowed"
        ),
        rule: &WEIGHT,
    })
}

fn folder(package: &Package) -> Option<&str> {
    let folder = package.manifest_path.parent()?;
    (folder.parent()?.file_name() == Some("crates")).then(|| folder.file_name()).flatten()
}

/// Tests may use what they like: they are not shipped.
fn is_shipped(dependency: &Dependency) -> bool {
    dependency.kind != DependencyKind::Development
}

fn check_direction(folder: &str, manifest: &str, used: &[&str]) -> Vec<Violation> {
    let violation = |what| Violation { path: manifest.to_owned(), line: 0, what, rule: &DIRECTION };
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == folder) else {
        let what = format!("the crate `{folder}` has no place in xtask/src/tidy/crates.rs");
        return vec![violation(what)];
    };
    used.iter()
        .filter(|used| !allowed.contains(used))
        .map(|used| violation(format!("`{folder}` must not depend on `{used}`")))
        .collect()
}

fn check_outsiders(folder: &str, manifest: &str, used: &[&str]) -> Vec<Violation> {
    let groups =
        [(FRAMEWORKS, FRAMEWORK_HOMES), (DRIVERS, DRIVER_HOMES), (RUNTIMES, RUNTIME_HOMES)];
    let mut violations = Vec::new();
    for (outsiders, homes) in groups {
        for used in used.iter().filter(|used| outsiders.contains(used)) {
            if !homes.contains(&folder) {
                let what = format!(
                    "`{folder}` must not depend on `{used}`, which belongs to {}",
                    homes.join(", ")
                );
                violations.push(Violation {
                    path: manifest.to_owned(),
                    line: 0,
                    what,
                    rule: &OUTSIDER,
                });
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_point_one_way() {
        assert!(check_direction("api", "m", &["core", "macros"]).is_empty());
        let found = check_direction("core", "m", &["tokens", "api"]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, "`core` must not depend on `api`");
    }

    #[test]
    fn verify_knows_no_engine() {
        assert!(check_direction("verify", "m", &["tokens"]).is_empty());
        assert_eq!(check_direction("verify", "m", &["core"]).len(), 1);
    }

    #[test]
    fn verify_stays_small() {
        assert!(check_weight(59).is_none());
        assert!(check_weight(60).is_some());
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        assert_eq!(check_direction("mystery", "m", &[]).len(), 1);
    }

    #[test]
    fn the_domain_knows_no_framework_driver_or_runtime() {
        let used = ["http", "serde", "axum", "tokio", "rusqlite"];
        assert_eq!(check_outsiders("core", "m", &used).len(), 3);
        assert_eq!(check_outsiders("sql", "m", &["tokio", "rusqlite"]).len(), 0);
        assert_eq!(check_outsiders("server", "m", &["tokio-postgres"]).len(), 1);
    }
}
