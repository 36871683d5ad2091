//! Rules for the documents.

use super::{File, Rule, Violation};

static MISSING: Rule = Rule { id: "missing", why: "A newcomer looks for it.", mend: "Write it." };

static DIFFERENCE: Rule = Rule {
    id: "difference",
    why: "A difference from the reference is a bug, unless an entry names it and a test shows it.",
    mend: "Give the entry a heading of its own, `### a-short-id`, and name the id in its test.",
};

const WANTED: &[&str] =
    &["ARCHITECTURE.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", DIFFERENCES];

const DIFFERENCES: &str = "docs/differences.md";

pub(super) fn check(files: &[File]) -> Vec<Violation> {
    let mut violations: Vec<_> = WANTED
        .iter()
        .filter(|&&wanted| !files.iter().any(|file| file.path == wanted))
        .map(|&wanted| Violation {
            path: wanted.to_owned(),
            line: 0,
            what: "the file does not exist".to_owned(),
            rule: &MISSING,
        })
        .collect();
    if let Some(differences) = files.iter().find(|file| file.path == DIFFERENCES) {
        violations.extend(check_differences(differences, files));
    }
    violations
}

fn check_differences(differences: &File, files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (number, line) in differences.lines(&DIFFERENCE) {
        let Some(heading) = line.strip_prefix("### ") else { continue };
        let id = heading.trim().trim_matches('`');
        let mut complain = |what| violations.push(differences.violation(&DIFFERENCE, number, what));
        if !is_id(id) {
            complain(format!("`{heading}` is no id: use small letters, digits and hyphens"));
        } else if seen.contains(&id) {
            complain(format!("`{id}` stands here twice"));
        } else if !files.iter().any(|file| is_test(file) && mentions(&file.text, id)) {
            complain(format!("no test names `{id}`"));
        }
        seen.push(id);
    }
    violations
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_test(file: &File) -> bool {
    file.path.starts_with("conformance/") || file.path.starts_with("crates/")
}

/// Whether the id stands there as a whole, not as a part of a longer one.
fn mentions(text: &str, id: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.match_indices(id).any(|(start, _)| {
        !text[..start].ends_with(is_part) && !text[start + id.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, places};
    use super::*;

    #[test]
    fn every_difference_has_its_own_id_and_a_test() {
        let text = "# Differences\n### no-store\nWhy.\n### no-store\n### A title\n### untested\n";
        let test = file("conformance/scenarios/a.mjs", "differs('no-store'); // untested-too");
        let found = check_differences(&file(DIFFERENCES, text), &[test]);
        assert_eq!(places(&found), ["4 difference", "5 difference", "6 difference"]);
        assert_eq!(found[2].what, "no test names `untested`");
    }

    #[test]
    fn wanted_documents_are_missed() {
        let found = check(&[file("README.md", "")]);
        assert_eq!(found.len(), WANTED.len() - 1);
    }
}
