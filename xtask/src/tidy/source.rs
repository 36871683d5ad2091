//! Rules for Rust: what has one home, what has none.

use std::collections::BTreeSet;

use super::{File, Rule, Violation};

static LENGTH: Rule = Rule {
    id: "length",
    why: "A file of more than 500 lines has become a drawer.",
    mend: "Split it by subject; tests may move to `tests.rs` beside it.",
};

static NAME: Rule = Rule {
    id: "file-name",
    why: "Such a name says nothing, and so collects everything.",
    mend: "Name the file after what it knows.",
};

static SQL: Rule = Rule {
    id: "sql",
    why: "SQL, tables and columns are run-time data, known to `crates/sql` alone.",
    mend: "Go through `Store`; a missing operation is a new method there, with a contract case.",
};

static IGNORE: Rule = Rule {
    id: "ignored-test",
    why: "A test that does not run proves nothing and looks as if it did.",
    mend: "Mend the test or delete it.",
};

static SLEEP: Rule = Rule {
    id: "sleep",
    why: "A test that waits is slow when it passes and random when it fails.",
    mend: "Move the frozen clock with `app.advance(..)`, or wait for the event itself.",
};

static PLUGIN: Rule = Rule {
    id: "plugin-name",
    why: "A plugin is one folder and an entry in the registry; nobody else knows its name.",
    mend: "Add the extension point that is missing to core, and contribute through it.",
};

static CLOCK: Rule = Rule {
    id: "clock",
    why: "Time is given: tests freeze it, and one request sees one moment.",
    mend: "Use `call.now()` or a `Clock`.",
};

static RANDOM: Rule = Rule {
    id: "random",
    why: "Randomness is given: tests repeat it, and there is one source to review.",
    mend: "Use `call.random()` or a `Random`.",
};

const LENGTH_LIMIT_LINES: usize = 500;

const DRAWERS: &[&str] = &["common.rs", "helpers.rs", "misc.rs", "types.rs", "util.rs", "utils.rs"];

/// Of each pair, the second word must follow the first.
const STATEMENTS: &[(&str, &str)] = &[
    ("SELECT ", " FROM "),
    ("INSERT INTO ", ""),
    ("UPDATE ", " SET "),
    ("DELETE FROM ", ""),
    ("CREATE TABLE ", ""),
    ("CREATE INDEX ", ""),
    ("CREATE UNIQUE INDEX ", ""),
    ("ALTER TABLE ", ""),
    ("DROP TABLE ", ""),
];

const CLOCKS: &[&str] =
    &["SystemTime::now(", "Timestamp::now(", "Utc::now(", "Zoned::now(", "now_utc("];

/// Measuring how long something takes is fine at the edges, not in the domain.
const STOPWATCH: &str = "Instant::now(";

const SOURCES: &[&str] =
    &["OsRng", "Uuid::new_v4", "getrandom::", "rand::", "thread_rng(", "SystemRandom"];

pub(super) fn check(files: &[File]) -> Vec<Violation> {
    let plugins = plugin_names(files);
    let mut violations = Vec::new();
    // The rules name what they forbid.
    let files = files.iter().filter(|file| !file.path.starts_with("xtask/src/tidy/"));
    for file in files.filter(|file| file.is_rust()) {
        violations.extend(check_length(file));
        violations.extend(check_name(file));
        violations.extend(check_sql(file));
        violations.extend(check_tests(file));
        violations.extend(check_plugins(file, &plugins));
        violations.extend(check_clock(file));
        violations.extend(check_random(file));
    }
    violations
}

/// Test code is a test's own file, the test kit, or what follows `#[cfg(test)] mod tests {`.
fn is_test_file(file: &File) -> bool {
    let path = &file.path;
    path.contains("/tests/")
        || path.contains("/benches/")
        || file.name() == "tests.rs"
        || file.name().ends_with("_tests.rs")
        || file.crate_name() == Some("testkit")
}

/// How many lines come before the tests at the end.
fn shipped_lines(file: &File) -> usize {
    if is_test_file(file) {
        return 0;
    }
    let lines: Vec<_> = file.text.lines().collect();
    let is_start = |pair: &[&str]| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    };
    lines.windows(2).position(is_start).unwrap_or(lines.len())
}

/// Lines of code that ship: no tests, no comments.
fn shipped<'f>(file: &'f File, rule: &Rule) -> impl Iterator<Item = (usize, &'f str)> {
    let count = shipped_lines(file);
    file.lines(rule).filter(move |(number, line)| *number <= count && !is_comment(line))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn check_length(file: &File) -> Option<Violation> {
    let count = shipped_lines(file);
    (count > LENGTH_LIMIT_LINES).then(|| {
        let what = format!("{count} lines without tests, {LENGTH_LIMIT_LINES} is the limit");
        file.violation(&LENGTH, 0, what)
    })
}

fn check_name(file: &File) -> Option<Violation> {
    let name = file.name();
    DRAWERS.contains(&name).then(|| file.violation(&NAME, 0, format!("a file named `{name}`")))
}

fn check_sql(file: &File) -> Vec<Violation> {
    // The kit knows no engine, and reads two tables that are not its own.
    if matches!(file.crate_name(), None | Some("sql" | "verify")) {
        return Vec::new();
    }
    let is_statement = |line: &str| {
        let Some((_, text)) = line.split_once('"') else { return false };
        // Small letters are English, unless the string starts with them.
        let is_lower = text.starts_with(|c: char| c.is_ascii_lowercase());
        let text = if is_lower { text.to_ascii_uppercase() } else { text.to_owned() };
        STATEMENTS.iter().any(|(first, second)| {
            text.split_once(first).is_some_and(|(before, rest)| {
                (before.is_empty() || !is_lower) && format!(" {rest}").contains(second)
            })
        })
    };
    shipped(file, &SQL)
        .filter(|(_, line)| is_statement(line))
        .map(|(number, _)| file.violation(&SQL, number, "SQL outside `crates/sql`"))
        .collect()
}

fn check_tests(file: &File) -> Vec<Violation> {
    let ignored = file
        .lines(&IGNORE)
        .filter(|(_, line)| line.trim_start().starts_with("#[ignore"))
        .map(|(number, _)| file.violation(&IGNORE, number, "an ignored test"));
    let count = shipped_lines(file);
    let asleep = file
        .lines(&SLEEP)
        .filter(|(number, line)| *number > count && !is_comment(line))
        .filter(|(_, line)| line.contains("thread::sleep(") || line.contains("time::sleep("))
        .map(|(number, _)| file.violation(&SLEEP, number, "a test that sleeps"));
    ignored.chain(asleep).collect()
}

/// The folders of `crates/plugins/src`.
fn plugin_names(files: &[File]) -> BTreeSet<&str> {
    files
        .iter()
        .filter_map(|file| file.path.strip_prefix("crates/plugins/src/")?.split_once('/'))
        .map(|(folder, _)| folder)
        .collect()
}

fn check_plugins(file: &File, plugins: &BTreeSet<&str>) -> Vec<Violation> {
    let home = match file.crate_name() {
        // The facade's features, the tests' fixtures and the examples may name what they use.
        None | Some("testkit" | "vestibule") => return Vec::new(),
        // They cannot reach a plugin, and have formats of the same names.
        Some("tokens" | "verify") => return Vec::new(),
        Some("plugins") => match file.path.strip_prefix("crates/plugins/src/") {
            Some(rest) => match rest.split_once('/') {
                Some((folder, _)) => Some(folder),
                // The registry.
                None => return Vec::new(),
            },
            None => return Vec::new(),
        },
        Some(_) => None,
    };
    let mut violations = Vec::new();
    for (number, line) in shipped(file, &PLUGIN) {
        let others = plugins.iter().filter(|&&plugin| home != Some(plugin));
        for plugin in others {
            let is_named = match home {
                Some(_) => names_module(line, plugin),
                None => names_module(line, plugin) || names_plugin(line, plugin),
            };
            if is_named {
                let what = format!("the plugin `{plugin}` is named outside its folder");
                violations.push(file.violation(&PLUGIN, number, what));
            }
        }
    }
    violations
}

fn names_module(line: &str, plugin: &str) -> bool {
    ["crate::", "plugins::", "super::super::"].iter().any(|path| {
        line.match_indices(path).any(|(start, _)| {
            let rest = &line[start + path.len()..];
            rest.strip_prefix(plugin).is_some_and(|rest| !rest.starts_with(is_word))
        }) && (*path != "crate::" || !line.contains("crate::plugins"))
    })
}

/// A name of one word, such as `admin`, is also a word of other subjects; only longer ones tell.
fn names_plugin(line: &str, plugin: &str) -> bool {
    if !plugin.contains('_') {
        return false;
    }
    let kebab = plugin.replace('_', "-");
    let camel: String =
        plugin.split('_').map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect();
    [plugin, &kebab, &camel].iter().any(|name| {
        line.match_indices(name).any(|(start, name)| {
            !line[..start].ends_with(is_word) && !line[start + name.len()..].starts_with(is_word)
        })
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn check_clock(file: &File) -> Vec<Violation> {
    let Some(name) = file.crate_name() else { return Vec::new() };
    if file.path == "crates/core/src/clock.rs" {
        return Vec::new();
    }
    let is_domain = matches!(name, "api" | "core" | "plugins" | "tokens");
    shipped(file, &CLOCK)
        .filter(|(_, line)| {
            CLOCKS.iter().any(|clock| line.contains(clock))
                || (is_domain && line.contains(STOPWATCH))
        })
        .map(|(number, _)| file.violation(&CLOCK, number, "the wall clock is read"))
        .collect()
}

fn check_random(file: &File) -> Vec<Violation> {
    if file.crate_name().is_none() || file.path == "crates/core/src/random.rs" {
        return Vec::new();
    }
    let is_source = |line: &str| {
        SOURCES.iter().any(|source| {
            line.match_indices(source).any(|(start, _)| !line[..start].ends_with(is_word))
        })
    };
    shipped(file, &RANDOM)
        .filter(|(_, line)| is_source(line))
        .map(|(number, _)| file.violation(&RANDOM, number, "randomness is taken"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, places};
    use super::*;

    #[test]
    fn tests_do_not_count_towards_the_length() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(600));
        assert!(check_length(&file("crates/api/src/a.rs", &"x\n".repeat(500))).is_none());
        assert!(check_length(&file("crates/api/src/a.rs", &tests)).is_none());
        assert!(check_length(&file("crates/api/src/a.rs", &"x\n".repeat(501))).is_some());
        assert!(check_length(&file("crates/api/tests/it/a.rs", &"x\n".repeat(900))).is_none());
    }

    #[test]
    fn a_test_module_elsewhere_does_not_end_the_file() {
        let text = format!("#[cfg(test)]\nmod tests;\n{}", "x\n".repeat(501));
        assert!(check_length(&file("crates/api/src/a.rs", &text)).is_some());
    }

    #[test]
    fn drawers_are_refused() {
        assert!(check_name(&file("crates/api/src/utils.rs", "")).is_some());
        assert!(check_name(&file("crates/api/src/sign_out.rs", "")).is_none());
    }

    #[test]
    fn sql_has_one_home() {
        let text = "// \"SELECT a FROM b\"\nrun(\"SELECT a FROM b\")\nrun(\"delete from b\")\n\
                    log(\"could not select a colour from b\")\n/// Do\nlog(\"update the user\")\n";
        assert_eq!(places(&check_sql(&file("crates/api/src/a.rs", text))), ["2 sql", "3 sql"]);
        assert!(check_sql(&file("crates/sql/src/a.rs", text)).is_empty());
    }

    #[test]
    fn tests_neither_sleep_nor_rest() {
        let text = "std::thread::sleep(x);\n#[cfg(test)]\nmod tests {\n    #[ignore = \"slow\"]\n\
                    \x20   tokio::time::sleep(x).await;\n}\n";
        let found = places(&check_tests(&file("crates/sql/src/a.rs", text)));
        assert_eq!(found, ["4 ignored-test", "5 sleep"]);
    }

    #[test]
    fn a_plugin_is_known_in_its_folder_alone() {
        let plugins = BTreeSet::from(["admin", "two_factor"]);
        let found = |path, text| places(&check_plugins(&file(path, text), &plugins));
        let text = "id(\"two-factor\");\nuse a::TwoFactor;\nlet two_factors = 1;\n// two_factor\n";
        assert_eq!(found("crates/core/src/a.rs", text), ["1 plugin-name", "2 plugin-name"]);
        assert!(found("crates/plugins/src/two_factor/mod.rs", text).is_empty());
        assert!(found("crates/plugins/src/lib.rs", text).is_empty());
        assert_eq!(found("crates/plugins/src/two_factor/a.rs", "use crate::admin::Role;").len(), 1);
        assert!(found("crates/core/src/a.rs", "role == \"admin\"").is_empty());
        assert_eq!(found("crates/server/src/a.rs", "vestibule::plugins::admin::X").len(), 1);
    }

    #[test]
    fn time_has_one_home() {
        let text = "let now = Timestamp::now();\nlet start = Instant::now();\n";
        let found = |path| places(&check_clock(&file(path, text)));
        assert_eq!(found("crates/core/src/a.rs"), ["1 clock", "2 clock"]);
        assert_eq!(found("crates/server/src/a.rs"), ["1 clock"]);
        assert!(found("crates/core/src/clock.rs").is_empty());
        assert!(found("xtask/src/steps.rs").is_empty());
    }

    #[test]
    fn randomness_has_one_home() {
        let text = "getrandom::fill(&mut x);\nlet operand::A = x;\nrand::rng();\n";
        let found = |path| places(&check_random(&file(path, text)));
        assert_eq!(found("crates/api/src/a.rs"), ["1 random", "3 random"]);
        assert!(found("crates/core/src/random.rs").is_empty());
    }
}
