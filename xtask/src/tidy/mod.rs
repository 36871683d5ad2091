//! Rules of the style guide and of the architecture that no compiler knows.
//!
//! Every violation says where, what, why, and how to mend it. A line that breaks a rule for a good
//! reason says so, on itself or on the line before: `// tidy-allow(rule): the reason`.
//!
//! [`crates`] knows who may depend on whom, [`source`] reads Rust, [`text`] reads every file,
//! [`documents`] the documents.

mod crates;
mod documents;
mod source;
mod text;

use std::fmt;
use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::project::Project;
use crate::shell::{command, read, say};

/// A rule, for somebody who has just broken it.
#[derive(Debug)]
struct Rule {
    id: &'static str,
    why: &'static str,
    mend: &'static str,
}

#[derive(Debug)]
struct Violation {
    path: String,
    /// From 1; 0 where no line is meant.
    line: usize,
    what: String,
    rule: &'static Rule,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule { id, why, mend } = self.rule;
        let place = match self.line {
            0 => self.path.clone(),
            line => format!("{}:{line}", self.path),
        };
        write!(formatter, "{place}: {} [{id}]\n    why:  {why}\n    mend: {mend}", self.what)
    }
}

/// A file that is, or is about to be, under version control.
struct File {
    /// Relative to the root of the checkout.
    path: String,
    text: String,
}

impl File {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The folder under `crates/`.
    fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Lines with their numbers, from 1, that are not excused from the rule.
    fn lines(&self, rule: &Rule) -> impl Iterator<Item = (usize, &str)> {
        let excuse = format!("tidy-allow({}):", rule.id);
        let mut was_excuse = false;
        self.text.lines().zip(1..).filter_map(move |(line, number)| {
            let is_excuse = line.contains(&excuse);
            let is_excused = is_excuse || was_excuse;
            was_excuse = is_excuse;
            (!is_excused).then_some((number, line))
        })
    }

    fn violation(&self, rule: &'static Rule, line: usize, what: impl Into<String>) -> Violation {
        Violation { path: self.path.clone(), line, what: what.into(), rule }
    }
}

/// Prints every violation; an error when there is one.
pub(crate) fn run(project: &Project) -> Result<()> {
    let files = tracked_files(project)?;
    let mut violations = crates::check(project)?;
    violations.extend(source::check(&files));
    violations.extend(text::check(&files));
    violations.extend(documents::check(&files));
    violations.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    for violation in &violations {
        say(violation);
    }
    if !violations.is_empty() {
        bail!("{} places break a rule", violations.len());
    }
    say(format!("tidy: {} files in order", files.len()));
    Ok(())
}

fn tracked_files(project: &Project) -> Result<Vec<File>> {
    let listing = "git ls-files -z --cached --others --exclude-standard";
    let paths = read(command(listing).current_dir(&project.root))
        .context("tidy asks git which files are part of the project")?;
    let mut files = Vec::new();
    for path in paths.split_terminator('\0') {
        let file = project.root.join(path);
        // Deleted, but not yet committed as such; or a link to a folder.
        if !file.is_file() {
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("failed to read `{path}`"))?;
        // Pictures and the like hold no text to check.
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: path.to_owned(), text });
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    /// Where which rule is broken. Eg: "3 sql"
    pub(super) fn places(violations: &[Violation]) -> Vec<String> {
        violations.iter().map(|found| format!("{} {}", found.line, found.rule.id)).collect()
    }

    static RULE: Rule = Rule { id: "rule", why: "Because.", mend: "Do not." };

    #[test]
    fn an_excuse_covers_its_own_line_and_the_next() {
        let file = file("a.rs", "one\n// tidy-allow(rule): reason\ntwo\nthree\n");
        let lines: Vec<_> = file.lines(&RULE).collect();
        assert_eq!(lines, [(1, "one"), (4, "three")]);
    }

    #[test]
    fn an_excuse_is_for_one_rule() {
        assert_eq!(file("a.rs", "one // tidy-allow(other): reason").lines(&RULE).count(), 1);
    }

    #[test]
    fn a_violation_says_where_what_why_and_how() {
        let violation = file("a.rs", "").violation(&RULE, 7, "it is broken");
        let expected = "a.rs:7: it is broken [rule]\n    why:  Because.\n    mend: Do not.";
        assert_eq!(violation.to_string(), expected);
    }
}
