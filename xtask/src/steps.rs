//! What CI runs, in order.
//!
//! A step that cannot run is a step that failed: there is no silent skip. A failure does not stop
//! the steps behind it, because one run should show everything that is wrong.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::application;
use crate::conformance;
use crate::setup::{self, Session};
use crate::shell::{command, find_program, run as run_command, say};
use crate::tidy;

struct Step {
    /// `--only` and `--skip` take it, or what stands before its colon.
    name: &'static str,
    about: &'static str,
    run: fn(&mut Session) -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "setup", about: "install and start what is needed", run: setup::run },
    Step { name: "fmt", about: "cargo fmt", run: fmt },
    Step { name: "tidy", about: "rules that no compiler knows", run: |s| tidy::run(&s.project) },
    Step { name: "clippy", about: "warnings are errors", run: clippy },
    Step { name: "deny", about: "bans, licences and sources of dependencies", run: deny },
    Step { name: "tests", about: "unit, integration and store tests", run: run_tests },
    Step { name: "doc-tests", about: "examples in the documentation", run: doc_tests },
    Step {
        name: "python:fastapi",
        about: "the backend in Python before a server",
        run: application::test_fastapi,
    },
    Step {
        name: "python:generate",
        about: "generated models in the hands of their libraries",
        run: application::test_generated,
    },
    Step { name: "build", about: "the release server", run: |s| conformance::build(s).map(drop) },
    Step {
        name: "conformance:packages",
        about: "npm ci: the official client, the reference",
        run: |s| conformance::install_packages(&s.project),
    },
    Step {
        name: "conformance:scenarios",
        about: "every answer beside the reference's",
        run: |s| conformance::suite(s, "scenarios"),
    },
    Step {
        name: "conformance:interop",
        about: "both servers on one database",
        run: |s| conformance::suite(s, "interop"),
    },
    Step {
        name: "conformance:schema",
        about: "tables and indexes beside the reference's",
        run: |s| conformance::suite(s, "schema"),
    },
    Step {
        name: "conformance:process",
        about: "signals, crashes, parallel sign-ups",
        run: |s| conformance::suite(s, "process"),
    },
    Step {
        name: "conformance:browser",
        about: "the pages in Chromium",
        run: |s| conformance::suite(s, "browser"),
    },
    Step {
        name: "conformance:application",
        about: "examples/: a frontend, two backends, in Chromium",
        run: |s| conformance::suite(s, "application"),
    },
];

struct Outcome {
    name: &'static str,
    took: Duration,
    error: Option<anyhow::Error>,
}

pub(crate) fn list() {
    for step in STEPS {
        say(format!("{:24} {}", step.name, step.about));
    }
}

/// Runs the steps that are asked for. Whether all of them passed.
pub(crate) fn run(session: &mut Session, only: &[String], skip: &[String]) -> Result<bool> {
    let steps = select(only, skip)?;
    let mut outcomes = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        say(format!("\n=== {}/{} {}: {}", index + 1, steps.len(), step.name, step.about));
        let start = Instant::now();
        let error = (step.run)(session).err();
        if let Some(error) = &error {
            say(format!("{}: {error:#}", step.name));
        }
        outcomes.push(Outcome { name: step.name, took: start.elapsed(), error });
    }
    summarize(&outcomes);
    Ok(outcomes.iter().all(|outcome| outcome.error.is_none()))
}

fn summarize(outcomes: &[Outcome]) {
    say("\n=== summary");
    for outcome in outcomes {
        let word = if outcome.error.is_none() { "ok" } else { "FAILED" };
        say(format!("{word:8}{:24}{:>8.1} s", outcome.name, outcome.took.as_secs_f64()));
    }
    let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
    let left_out: Vec<_> = names
        .into_iter()
        .filter(|name| outcomes.iter().all(|outcome| outcome.name != *name))
        .collect();
    if !left_out.is_empty() {
        say(format!("left out, as asked: {}", left_out.join(", ")));
    }
    for outcome in outcomes {
        if let Some(error) = &outcome.error {
            say(format!("\n{} failed: {error:#}", outcome.name));
        }
    }
    let passed = outcomes.iter().filter(|outcome| outcome.error.is_none()).count();
    let took: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    say(format!("\nsteps, in {:.0} s:", took.as_secs_f64()));
    say(format!("{passed} passed, {} failed", outcomes.len() - passed));
}

fn select(only: &[String], skip: &[String]) -> Result<Vec<&'static Step>> {
    for name in only.iter().chain(skip) {
        if !STEPS.iter().any(|step| is_meant(step, name)) {
            let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
            bail!("there is no step `{name}`; the steps are {}", names.join(", "));
        }
    }
    let is_selected = |step: &&Step| {
        (only.is_empty() || only.iter().any(|name| is_meant(step, name)))
            && !skip.iter().any(|name| is_meant(step, name))
    };
    let steps: Vec<_> = STEPS.iter().filter(is_selected).collect();
    if steps.is_empty() {
        bail!("no step is left to run");
    }
    Ok(steps)
}

fn is_meant(step: &Step, name: &str) -> bool {
    step.name == name || step.name.split_once(':').is_some_and(|(group, _)| group == name)
}

fn fmt(_: &mut Session) -> Result<()> {
    run_command(&mut command("cargo fmt --all --check"))
}

fn clippy(_: &mut Session) -> Result<()> {
    let line = "cargo clippy --workspace --all-targets --all-features -- -D warnings";
    run_command(&mut command(line))
}

fn deny(_: &mut Session) -> Result<()> {
    setup::require_cargo_deny()?;
    // It looks at the dependencies of every platform; a build has fetched those of ours alone.
    run_command(&mut command("cargo fetch --quiet"))?;
    run_command(&mut command("cargo deny --offline --all-features check bans licenses sources"))
}

fn run_tests(session: &mut Session) -> Result<()> {
    let line = if find_program("cargo-nextest").is_some() {
        "cargo nextest run --workspace --all-features --no-fail-fast"
    } else {
        "cargo test --workspace --all-features --no-fail-fast --lib --bins --tests --examples"
    };
    run_command(command(line).envs(session.environment()?))
}

fn doc_tests(_: &mut Session) -> Result<()> {
    run_command(&mut command("cargo test --workspace --all-features --doc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str], skip: &[&str]) -> Vec<&'static str> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        select(&owned(only), &owned(skip)).unwrap().iter().map(|step| step.name).collect()
    }

    #[test]
    fn a_group_stands_for_all_its_steps() {
        let all = names(&["conformance"], &[]);
        assert!(all.contains(&"conformance:packages") && all.contains(&"conformance:browser"));
        assert!(!all.contains(&"fmt"));
    }

    #[test]
    fn steps_keep_their_order_whatever_was_asked() {
        assert_eq!(names(&["tidy", "fmt"], &[]), ["fmt", "tidy"]);
    }

    #[test]
    fn skipping_wins() {
        assert_eq!(names(&["fmt", "tidy"], &["tidy"]), ["fmt"]);
    }

    #[test]
    fn an_unknown_step_is_refused() {
        let Err(error) = select(&["fnt".to_owned()], &[]) else { panic!("it was accepted") };
        assert!(error.to_string().starts_with("there is no step `fnt`"));
    }

    #[test]
    fn skipping_everything_is_refused() {
        assert!(select(&["fmt".to_owned()], &["fmt".to_owned()]).is_err());
    }

    #[test]
    fn every_suite_of_the_comparison_is_a_step() {
        let entry = include_str!("../../conformance/run.mjs");
        let line = entry.lines().find(|line| line.starts_with("const SUITES = ")).unwrap();
        for suite in line.split('"').skip(1).step_by(2) {
            assert_eq!(names(&[&format!("conformance:{suite}")], &[]).len(), 1);
        }
    }
}
