//! What was found, why it matters, and the line that mends it.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::style::{Style, harmless, wrapped};

/// One thing that was looked at.
#[derive(Serialize)]
pub(super) struct Finding {
    /// What was looked at; such as `cookies`.
    check: &'static str,
    /// For programs; such as `public-suffix`, and `fine` where all is well.
    code: &'static str,
    severity: Severity,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Fine,
    /// Worth knowing; the exit code stays 0.
    Notice,
    Problem,
}

impl Finding {
    pub(super) fn fine(check: &'static str, found: impl Into<String>) -> Self {
        let severity = Severity::Fine;
        Self { check, code: "fine", severity, found: found.into(), why: None, fix: None }
    }

    pub(super) fn notice(
        check: &'static str,
        code: &'static str,
        found: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (why, fix) = (Some(why.into()), Some(fix.into()));
        Self { check, code, severity: Severity::Notice, found: found.into(), why, fix }
    }

    pub(super) fn problem(
        check: &'static str,
        code: &'static str,
        found: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (why, fix) = (Some(why.into()), Some(fix.into()));
        Self { check, code, severity: Severity::Problem, found: found.into(), why, fix }
    }
}

/// All findings, in the order of the checks.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.0.extend(findings);
    }

    fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|finding| finding.severity == severity).count()
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.count(Severity::Problem) > 0))
    }

    pub(super) fn to_json(&self) -> Json {
        json!({
            "problems": self.count(Severity::Problem),
            "notices": self.count(Severity::Notice),
            "findings": self.0,
        })
    }

    pub(super) fn to_text(&self, style: Style) -> String {
        let mut text = String::new();
        for Finding { check, severity, found, why, fix, .. } in &self.0 {
            let mark = match severity {
                Severity::Fine => style.good("ok  "),
                Severity::Notice => style.careful("note"),
                Severity::Problem => style.bad("bad "),
            };
            let line = wrapped(&format!("{check}: {}", harmless(found)), 8);
            let said = line.strip_prefix(check).unwrap_or(&line);
            // Writing to a text does not fail.
            let _ = writeln!(text, "  {mark}  {}{said}", style.bold(check));
            for (name, said) in [("why", why), ("fix", fix)] {
                if let Some(said) = said {
                    let _ = writeln!(text, "        {} {}", style.dim(name), wrapped(said, 12));
                }
            }
        }
        let count = |severity, one: &str| match self.count(severity) {
            1 => format!("1 {one}"),
            count => format!("{count} {one}s"),
        };
        let (problems, notices) =
            (count(Severity::Problem, "problem"), count(Severity::Notice, "notice"));
        let summary = format!("{problems}, {notices}.");
        let summary = match self.count(Severity::Problem) {
            0 => style.good(summary),
            _ => style.bad(summary),
        };
        let _ = write!(text, "\n{summary}");
        text
    }
}
