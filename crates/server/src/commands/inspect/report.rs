//! What is said about a value: facts, problems with their mends, and a verdict.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use vestibule_core::Timestamp;

use super::moment::relative;
use crate::style::{Style, harmless, wrapped};

/// Names of facts are padded to this.
const NAME_WIDTH: usize = 12;

/// Of a longer credential the first characters are shown, enough to find it in a log.
const SHOWN_CHARACTERS: usize = 4;
const LONG_ENOUGH_CHARACTERS: usize = 24;

/// What was found out about one value, and about values inside of it.
pub(super) struct Report {
    /// For programs; such as `session-cookie`.
    pub(super) kind: &'static str,
    /// For people; such as "a session cookie".
    pub(super) what: String,
    facts: Vec<(&'static str, Fact)>,
    problems: Vec<Problem>,
    notes: Vec<String>,
    pub(super) parts: Vec<Report>,
}

pub(super) enum Fact {
    Text(String),
    Time(Timestamp),
    Json(Json),
    /// Whoever has it is let in: shown only to who asks for it.
    Credential(String),
}

/// Why the value is not valid here, and what to do.
#[derive(Serialize)]
struct Problem {
    /// For programs; such as `another-secret`.
    code: &'static str,
    what: String,
    fix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Valid,
    Invalid,
    Unrecognised,
}

/// Whether credentials are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credentials {
    Shown,
    Hidden,
}

/// The kind of what is nothing that we know.
const UNKNOWN: &str = "unknown";

impl Report {
    pub(super) fn new(kind: &'static str, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            facts: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            parts: Vec::new(),
        }
    }

    pub(super) fn unrecognised(what: impl Into<String>) -> Self {
        Self::new(UNKNOWN, what)
    }

    pub(super) fn text(&mut self, name: &'static str, text: impl Into<String>) {
        self.facts.push((name, Fact::Text(text.into())));
    }

    pub(super) fn fact(&mut self, name: &'static str, fact: Fact) {
        self.facts.push((name, fact));
    }

    pub(super) fn problem(
        &mut self,
        code: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.problems.push(Problem { code, what: what.into(), fix: fix.into() });
    }

    /// What is worth knowing and makes nothing invalid.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub(super) fn has_problem(&self, code: &str) -> bool {
        self.problems.iter().any(|problem| problem.code == code)
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.kind == UNKNOWN {
            return Verdict::Unrecognised;
        }
        let parts: Vec<_> = self.parts.iter().map(Self::verdict).collect();
        if !self.problems.is_empty() || parts.contains(&Verdict::Invalid) {
            return Verdict::Invalid;
        }
        Verdict::Valid
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.verdict() {
            Verdict::Valid => 0,
            Verdict::Invalid => 1,
            Verdict::Unrecognised => 2,
        })
    }

    pub(super) fn to_json(&self, credentials: Credentials) -> Json {
        let facts = self.facts.iter().map(|(name, fact)| {
            let value = match fact {
                Fact::Text(text) => json!(text),
                Fact::Time(time) => json!(time),
                Fact::Json(value) => value.clone(),
                Fact::Credential(text) => json!(credential(text, credentials)),
            };
            ((*name).to_owned(), value)
        });
        let facts: Map<String, Json> = facts.collect();
        let parts: Vec<_> = self.parts.iter().map(|part| part.to_json(credentials)).collect();
        let mut json = json!({
            "kind": self.kind,
            "what": self.what,
            "verdict": self.verdict(),
            "facts": facts,
            "problems": self.problems,
            "notes": self.notes,
        });
        if !parts.is_empty() {
            json["parts"] = parts.into();
        }
        json
    }

    pub(super) fn to_text(&self, credentials: Credentials, now: Timestamp, style: Style) -> String {
        let mut text = String::new();
        self.write(&mut text, credentials, now, style);
        text.trim_end().to_owned()
    }

    fn write(&self, text: &mut String, credentials: Credentials, now: Timestamp, style: Style) {
        let mut what = harmless(&self.what);
        what[..1].make_ascii_uppercase();
        // Writing to a text does not fail.
        let _ = writeln!(text, "{}\n", style.bold(what));
        for (name, fact) in &self.facts {
            let shown = match fact {
                Fact::Text(text) => wrapped(&harmless(text), NAME_WIDTH + 4),
                Fact::Time(time) => format!("{time} ({})", relative(*time, now)),
                Fact::Json(value) => {
                    let margin = format!("\n{}", " ".repeat(NAME_WIDTH + 4));
                    // Escapes what a terminal would obey.
                    format!("{value:#}").replace('\n', &margin)
                }
                Fact::Credential(text) => harmless(&credential(text, credentials)),
            };
            let name = style.dim(format!("{name:NAME_WIDTH$}"));
            let _ = writeln!(text, "  {name}  {shown}");
        }
        if !self.facts.is_empty() {
            text.push('\n');
        }
        for part in &self.parts {
            part.write(text, credentials, now, style);
        }
        for note in &self.notes {
            let note = wrapped(&harmless(note), 8);
            let _ = writeln!(text, "  {}  {note}\n", style.careful("note"));
        }
        for Problem { what, fix, .. } in &self.problems {
            let _ = writeln!(text, "  {}   {}", style.bad("bad"), wrapped(&harmless(what), 8));
            let _ = writeln!(text, "  {}   {}\n", style.good("fix"), wrapped(fix, 8));
        }
        if self.parts.is_empty() || !self.problems.is_empty() {
            let verdict = match self.verdict() {
                Verdict::Valid => style.good("It is valid."),
                Verdict::Invalid => style.bad("It is not valid."),
                Verdict::Unrecognised => return,
            };
            let _ = writeln!(text, "{verdict}\n");
        }
    }
}

/// A credential, or as much of it as may be shown.
fn credential(text: &str, credentials: Credentials) -> String {
    if credentials == Credentials::Shown {
        return text.to_owned();
    }
    let length = text.chars().count();
    let shown = if length >= LONG_ENOUGH_CHARACTERS { SHOWN_CHARACTERS } else { 0 };
    let start: String = text.chars().take(shown).collect();
    format!("{start}… ({length} characters)")
}

/// Members of an object whose values let somebody in.
const CREDENTIAL_MEMBERS: &[&str] = &[
    "accesstoken",
    "access_token",
    "backupcodes",
    "codeverifier",
    "d",
    "idtoken",
    "id_token",
    "k",
    "password",
    "privatekey",
    "refreshtoken",
    "refresh_token",
    "secret",
    "sid",
    "token",
];

/// A copy without the credentials in it.
pub(super) fn redacted(value: &Json, credentials: Credentials) -> Json {
    match value {
        _ if credentials == Credentials::Shown => value.clone(),
        Json::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let is_credential =
                    CREDENTIAL_MEMBERS.contains(&name.to_ascii_lowercase().as_str());
                let value = match value {
                    Json::String(text) if is_credential => json!(credential(text, credentials)),
                    value => redacted(value, credentials),
                };
                (name.clone(), value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Json::Array(items) => items.iter().map(|item| redacted(item, credentials)).collect(),
        value => value.clone(),
    }
}
