//! Rules for every file, whatever it is written in.

use super::{File, Rule, Violation};

static TODO: Rule = Rule {
    id: "todo",
    why: "A note that no issue carries is a note that nobody will read.",
    mend: "Do it, delete it, or open an issue and write its number: (#12).",
};

static HEADER: Rule = Rule {
    id: "header",
    why: "The licence stands once, in LICENSE-MIT and LICENSE-APACHE.",
    mend: "Delete the header.",
};

static MACHINE: Rule = Rule {
    id: "machine",
    why: "A path of one machine means nothing on another.",
    mend: "Use a path relative to the checkout, or a temporary folder.",
};

static REGISTRY: Rule = Rule {
    id: "registry",
    why: "Packages come from crates.io, npm and Docker Hub; a mirror is the business of a machine.",
    mend: "Remove the name of the host; configure the mirror outside the checkout.",
};

/// How code ends; prose may speak of such notes.
const CODE: &[&str] = &[".js", ".mjs", ".rs", ".sh", ".toml", ".ts", ".tsx", ".yml"];

pub(super) fn check(files: &[File]) -> Vec<Violation> {
    // These rules name what they forbid.
    let files = files.iter().filter(|file| !file.path.starts_with("xtask/src/tidy/"));
    files
        .flat_map(|file| {
            let mut violations = check_todo(file);
            violations.extend(check_header(file));
            violations.extend(check_machine(file));
            violations.extend(check_registry(file));
            violations
        })
        .collect()
}

fn is_code(file: &File) -> bool {
    CODE.iter().any(|ending| file.path.ends_with(ending))
}

fn check_todo(file: &File) -> Vec<Violation> {
    if !is_code(file) {
        return Vec::new();
    }
    let is_note = |line: &str| {
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.any(|word| matches!(word, "TODO" | "FIXME" | "XXX"))
    };
    let has_number = |line: &str| {
        line.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    file.lines(&TODO)
        .filter(|(_, line)| is_note(line) && !has_number(line))
        .map(|(number, _)| file.violation(&TODO, number, "a note without an issue number"))
        .collect()
}

fn check_header(file: &File) -> Option<Violation> {
    let is_header =
        |line: &str| line.contains("SPDX-License-Identifier") || line.contains("Copyright");
    let (number, _) =
        file.lines(&HEADER).take(5).find(|(_, line)| is_code(file) && is_header(line))?;
    Some(file.violation(&HEADER, number, "a licence header"))
}

fn check_machine(file: &File) -> Vec<Violation> {
    let starts = ["/home/", "/root/", "/Users/", "C:\\Users\\"];
    let is_path = |line: &str| {
        starts.iter().any(|start| {
            line.match_indices(start).any(|(index, _)| {
                // In the middle of a URL or of a relative path it is something else.
                !line[..index].ends_with(|c: char| c.is_alphanumeric() || "./-_}".contains(c))
            })
        })
    };
    file.lines(&MACHINE)
        .filter(|(_, line)| is_path(line))
        .map(|(number, _)| file.violation(&MACHINE, number, "an absolute path of one machine"))
        .collect()
}

fn check_registry(file: &File) -> Vec<Violation> {
    let is_foreign: fn(&str) -> bool = match file.name() {
        "Cargo.lock" => |line| {
            line.starts_with("source = ")
                && line != r#"source = "registry+https://github.com/rust-lang/crates.io-index""#
        },
        "package-lock.json" => |line| {
            line.contains(r#""resolved": "http"#) && !line.contains("https://registry.npmjs.org/")
        },
        ".npmrc" => |line| line.contains("registry=") || line.contains("registry ="),
        "config.toml" => |line| line.starts_with("[source") || line.starts_with("[registries"),
        "Dockerfile" => |line| {
            let image = line.strip_prefix("FROM ").unwrap_or_default();
            image.split_once('/').is_some_and(|(host, _)| host.contains('.'))
        },
        _ => return Vec::new(),
    };
    file.lines(&REGISTRY)
        .filter(|(_, line)| is_foreign(line))
        .map(|(number, _)| file.violation(&REGISTRY, number, "a registry of one machine"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, places};
    use super::*;

    #[test]
    fn a_note_needs_an_issue_number() {
        let text = "// TODO: later\n// TODO(#12): later\nlet todo = 1;\n// FIXME soon\n";
        assert_eq!(places(&check_todo(&file("a.rs", text))), ["1 todo", "4 todo"]);
        assert!(check_todo(&file("a.md", text)).is_empty());
    }

    #[test]
    fn licences_are_not_repeated_in_files() {
        assert!(check_header(&file("a.rs", "// Copyright 2026 Somebody\n")).is_some());
        assert!(check_header(&file("a.rs", "//! Module.\n")).is_none());
        assert!(check_header(&file("LICENSE-MIT", "Copyright 2026 Somebody\n")).is_none());
    }

    #[test]
    fn paths_of_a_machine_are_found_and_urls_are_not() {
        let text =
            "open(\"/home/alice/x\")\nhttps://example.com/home/x\n./root/x\n/root/x\n/home\n";
        assert_eq!(places(&check_machine(&file("a.md", text))), ["1 machine", "4 machine"]);
    }

    #[test]
    fn packages_come_from_the_public_registries() {
        let lock = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
                    source = \"registry+https://mirror.example/index\"\n";
        assert_eq!(places(&check_registry(&file("Cargo.lock", lock))), ["2 registry"]);
        let lock = "\"resolved\": \"https://registry.npmjs.org/pg\"\n\
                    \"resolved\": \"https://mirror.example/pg\"\n";
        assert_eq!(places(&check_registry(&file("a/package-lock.json", lock))), ["2 registry"]);
        let image = "FROM rust:1-bookworm\nFROM mirror.example/rust:1\n";
        assert_eq!(places(&check_registry(&file("Dockerfile", image))), ["2 registry"]);
        assert_eq!(places(&check_registry(&file(".npmrc", "registry=http://x"))), ["1 registry"]);
    }
}
