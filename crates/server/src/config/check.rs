//! Every mistake in a configuration at once, by its path.
//!
//! The JSON Schema that is generated from the structs says what there may be, so this knows no
//! option by name. It understands the schemas that our structs make, not every schema there is;
//! serde has the last word.

use std::fmt;

use serde_json::{Map, Value as Json};
use vestibule_core::options::unsupported;

/// Keys of our own that are drawn, but not built.
const NOT_BUILT: &[&str] = &["mail", "secondaryStorage", "testing.outbound"];

/// Below this a name is no misspelling of another; from 0 to 1.
const SIMILARITY: f64 = 0.75;

/// A name that more sections have says nothing about which one was meant.
const ELSEWHERE_LIMIT: usize = 3;

/// One thing that is wrong, and where.
#[derive(Debug)]
pub(super) struct Mistake {
    path: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Unknown {
        nearest: Vec<String>,
    },
    UnknownPlugin {
        nearest: Option<String>,
    },
    /// An option of Better Auth that is not honoured yet.
    Unsupported,
    /// A key of ours that is not honoured yet.
    NotBuilt,
    Missing {
        expected: String,
    },
    Unexpected {
        found: String,
        expected: String,
    },
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        match &self.problem {
            Problem::Unknown { nearest } if nearest.is_empty() => {
                f.write_str("there is no such key")
            }
            Problem::Unknown { nearest } => {
                let nearest = nearest.iter().map(|path| format!("`{path}`"));
                write!(f, "there is no such key; did you mean {}?", one_of(nearest.collect()))
            }
            Problem::UnknownPlugin { nearest: Some(nearest) } => {
                write!(f, "there is no such plugin; did you mean `{nearest}`?")
            }
            Problem::UnknownPlugin { nearest: None } => {
                let known: Vec<_> =
                    vestibule_plugins::PLUGINS.iter().map(|entry| entry.id).collect();
                write!(f, "there is no such plugin; there are {}", known.join(", "))
            }
            Problem::Unsupported => {
                f.write_str("is an option of Better Auth that Vestibule does not support yet")
            }
            Problem::NotBuilt => f.write_str("does not work in this version"),
            Problem::Missing { expected } => write!(f, "is missing; expected {expected}"),
            Problem::Unexpected { found, expected } => {
                write!(f, "expected {expected}, found {found}")
            }
        }
    }
}

/// Compares a document with the schema of the whole file.
pub(super) fn check(schema: &Json, document: &Json) -> Vec<Mistake> {
    let mut checker = Checker { root: schema, mistakes: Vec::new() };
    checker.walk(schema, document, "");
    checker.mistakes
}

struct Checker<'a> {
    root: &'a Json,
    mistakes: Vec<Mistake>,
}

impl<'a> Checker<'a> {
    fn walk(&mut self, schema: &'a Json, value: &Json, path: &str) {
        let schema = self.resolve(schema);
        if let Some(branches) = branches(schema) {
            return self.walk_branches(schema, branches, value, path);
        }
        if !self.fits(schema, value) {
            let problem = Problem::Unexpected {
                found: describe_value(value, path),
                expected: self.describe(schema),
            };
            return self.mistakes.push(Mistake { path: path.to_owned(), problem });
        }
        match value {
            Json::Object(object) => self.walk_object(schema, object, path),
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(&schema["items"], item, &format!("{path}[{index}]"));
                }
            }
            _ => {}
        }
    }

    /// The first alternative of the value's type decides: no two have the same.
    fn walk_branches(&mut self, schema: &'a Json, all: &'a [Json], value: &Json, path: &str) {
        let branch = all.iter().find(|branch| self.fits(self.resolve(branch), value));
        match branch {
            Some(branch) => self.walk(branch, value, path),
            None => {
                let problem = Problem::Unexpected {
                    found: describe_value(value, path),
                    expected: self.describe(schema),
                };
                self.mistakes.push(Mistake { path: path.to_owned(), problem });
            }
        }
    }

    fn walk_object(&mut self, schema: &'a Json, object: &Map<String, Json>, path: &str) {
        for (key, value) in object {
            let path = join(path, key);
            match (schema["properties"].get(key), &schema["additionalProperties"]) {
                (Some(schema), _) | (None, schema @ Json::Object(_)) => {
                    self.walk(schema, value, &path);
                }
                (None, Json::Bool(false)) => {
                    let problem = self.unknown(schema, key, &path);
                    self.mistakes.push(Mistake { path, problem });
                }
                (None, _) => {}
            }
        }
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !object.contains_key(key) {
                let expected = self.describe(self.resolve(&schema["properties"][key]));
                let problem = Problem::Missing { expected };
                self.mistakes.push(Mistake { path: join(path, key), problem });
            }
        }
    }

    fn unknown(&self, schema: &Json, key: &str, path: &str) -> Problem {
        if path.strip_prefix("plugins.").is_some_and(|id| id == key) {
            let ids = vestibule_plugins::PLUGINS.iter().map(|entry| entry.id.to_owned());
            return Problem::UnknownPlugin { nearest: nearest(key, ids) };
        }
        if unsupported::find(path).is_some() {
            return Problem::Unsupported;
        }
        if NOT_BUILT.contains(&path) {
            return Problem::NotBuilt;
        }
        let siblings = schema["properties"].as_object().into_iter().flatten();
        let parent = path.strip_suffix(key).unwrap_or_default();
        let sibling = nearest(key, siblings.map(|(key, _)| key.clone()));
        let nearest = match sibling {
            Some(key) => vec![format!("{parent}{key}")],
            None => self.elsewhere(key),
        };
        Problem::Unknown { nearest }
    }

    /// The paths of keys of this name in other sections, if they are few.
    fn elsewhere(&self, key: &str) -> Vec<String> {
        let mut paths = Vec::new();
        self.find_key(self.root, key, "", &mut paths);
        if paths.len() <= ELSEWHERE_LIMIT { paths } else { Vec::new() }
    }

    fn find_key(&self, schema: &'a Json, wanted: &str, path: &str, found: &mut Vec<String>) {
        let schema = self.resolve(schema);
        for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
            let path = join(path, key);
            if key.eq_ignore_ascii_case(wanted) {
                found.push(path.clone());
            }
            self.find_key(schema, wanted, &path, found);
        }
    }

    fn resolve(&self, schema: &'a Json) -> &'a Json {
        let root = self.root;
        match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
            Some(name) => &root["$defs"][name],
            None => schema,
        }
    }

    /// Whether a value is of the schema's type and within its limits; what is inside is not looked at.
    fn fits(&self, schema: &'a Json, value: &Json) -> bool {
        if let Some(branches) = branches(schema) {
            return branches.iter().any(|branch| self.fits(self.resolve(branch), value));
        }
        if let Some(constant) = schema.get("const") {
            return constant == value;
        }
        if let Some(allowed) = schema["enum"].as_array() {
            return allowed.contains(value);
        }
        let is_of_type = match &schema["type"] {
            Json::String(name) => is_type(name, value),
            Json::Array(names) => {
                names.iter().filter_map(Json::as_str).any(|name| is_type(name, value))
            }
            _ => true,
        };
        let within =
            |key: &str, holds: fn(f64, f64) -> bool| match (schema[key].as_f64(), value.as_f64()) {
                (Some(limit), Some(number)) => holds(number, limit),
                _ => true,
            };
        is_of_type && within("minimum", |a, b| a >= b) && within("maximum", |a, b| a <= b)
    }

    /// What a schema takes, for people.
    fn describe(&self, schema: &'a Json) -> String {
        if let Some(branches) = branches(schema) {
            let described = branches.iter().map(|branch| self.resolve(branch));
            let described = described.filter(|branch| branch["type"] != "null");
            return one_of(described.map(|branch| self.describe(branch)).collect());
        }
        if let Some(constant) = schema.get("const") {
            return constant.to_string();
        }
        if let Some(allowed) = schema["enum"].as_array() {
            return one_of(allowed.iter().map(Json::to_string).collect());
        }
        match &schema["type"] {
            Json::String(name) => self.describe_type(schema, name),
            Json::Array(names) => {
                let names = names.iter().filter_map(Json::as_str).filter(|name| *name != "null");
                one_of(names.map(|name| self.describe_type(schema, name)).collect())
            }
            _ => "another value".to_owned(),
        }
    }

    fn describe_type(&self, schema: &'a Json, name: &str) -> String {
        match name {
            "string" => "a text".to_owned(),
            "boolean" => "true or false".to_owned(),
            "number" => "a number".to_owned(),
            "integer" => match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
                (Some(minimum), Some(maximum)) => {
                    format!("a whole number from {minimum} to {maximum}")
                }
                (Some(minimum), None) => format!("a whole number of at least {minimum}"),
                _ => "a whole number".to_owned(),
            },
            "array" => match self.describe(self.resolve(&schema["items"])).as_str() {
                "a text" => "a list of texts".to_owned(),
                item => format!("a list, each {item}"),
            },
            "object" => match schema["required"].as_array() {
                Some(keys) => {
                    let keys: Vec<_> = keys.iter().filter_map(Json::as_str).collect();
                    format!("a table with `{}`", keys.join("`, `"))
                }
                None => "a table".to_owned(),
            },
            other => other.to_owned(),
        }
    }
}

/// "a", "a or b", "a, b or c".
fn one_of(texts: Vec<String>) -> String {
    match texts.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => texts.concat(),
    }
}

fn branches(schema: &Json) -> Option<&[Json]> {
    schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()).map(Vec::as_slice)
}

fn is_type(name: &str, value: &Json) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// What was found, for people; the value itself only where it can be no secret.
fn describe_value(value: &Json, path: &str) -> String {
    let key = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    let is_secret = ["secret", "token"].iter().any(|word| key.contains(word))
        || key.ends_with("key")
        || ["password", "url", "value", "webhook"].contains(&key.as_str());
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(boolean) => boolean.to_string(),
        Json::Number(_) if is_secret => "a number".to_owned(),
        Json::Number(number) => number.to_string(),
        Json::String(_) if is_secret => "a text".to_owned(),
        Json::String(text) => format!("the text {text:?}"),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "a table".to_owned(),
    }
}

fn nearest(key: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    candidates
        .map(|candidate| (similarity(key, &candidate), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// From 0 to 1; a beginning of a name, such as `schema` of `schemaName`, is as good as a misspelling.
fn similarity(key: &str, candidate: &str) -> f64 {
    let (key, candidate) = (key.to_ascii_lowercase(), candidate.to_ascii_lowercase());
    let is_beginning =
        key.len() >= 4 && (candidate.starts_with(&key) || key.starts_with(&candidate));
    let similarity = strsim::normalized_damerau_levenshtein(&key, &candidate);
    if is_beginning { similarity.max(SIMILARITY) } else { similarity }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
