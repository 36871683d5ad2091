//! The one checker of inputs, with zod's wording: the only place that knows it.

use serde_json::Value as Json;

use super::{Object, Type};

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Such as `body.email`.
    pub path: String,
    pub message: String,
}

/// Where an input came from; the first word of an issue's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Body,
    Query,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Query => "query",
        }
    }
}

/// Compares a value with a type and returns every issue, in the order of the properties.
pub fn check(ty: &Type, value: Option<&Json>, source: Source) -> Vec<Issue> {
    let mut issues = Vec::new();
    check_at(ty, value, source.name(), &mut issues);
    issues
}

fn check_at(ty: &Type, value: Option<&Json>, path: &str, issues: &mut Vec<Issue>) {
    let mut issue = |message: String| issues.push(Issue { path: path.to_owned(), message });
    match (ty, value) {
        (Type::Any | Type::Truthy, _)
        | (Type::Optional(_), None)
        | (Type::Nullable(_), Some(Json::Null))
        | (Type::Boolean, Some(Json::Bool(_)))
        | (Type::Number, Some(Json::Number(_)))
        | (Type::Record | Type::Model(_), Some(Json::Object(_))) => {}
        (Type::Optional(inner) | Type::Nullable(inner), value) => {
            check_at(inner, value, path, issues);
        }
        (Type::String { min_length }, Some(Json::String(text))) => {
            if *min_length > 0 && text.encode_utf16().count() < *min_length {
                issue(format!("Too small: expected string to have >={min_length} characters"));
            }
        }
        (Type::Email, Some(Json::String(text))) => {
            if !is_email(text) {
                issue("Invalid email address".to_owned());
            }
        }
        (Type::Enum(options), Some(Json::String(text))) if options.contains(&text.as_str()) => {}
        (Type::Enum(options), _) => {
            let options: Vec<_> = options.iter().map(|option| format!("\"{option}\"")).collect();
            issue(format!("Invalid option: expected one of {}", options.join("|")));
        }
        (Type::Array(item), Some(Json::Array(values))) => {
            for (index, value) in values.iter().enumerate() {
                check_at(item, Some(value), &format!("{path}.{index}"), issues);
            }
        }
        (Type::Object(object), Some(Json::Object(map))) => {
            for property in &object.properties {
                let value = map.get(property.name.as_ref());
                if value.is_none() && property.optional {
                    continue;
                }
                check_at(&property.ty, value, &format!("{path}.{}", property.name), issues);
            }
        }
        (ty, value) => {
            let received = received(value);
            issue(format!("Invalid input: expected {}, received {received}", expected(ty)));
            // Reference quirk: the length of an empty array is measured as a string's is.
            if let (Type::String { min_length: 1.. }, Some(Json::Array(items))) = (ty, value)
                && items.is_empty()
            {
                issue("Too small: expected array to have >=1 items".to_owned());
            }
            // An object that keeps unknown keys is two types in the reference, and both complain.
            if matches!(ty, Type::Object(Object { keeps_unknown: true, .. })) {
                issue(format!("Invalid input: expected record, received {received}"));
            }
        }
    }
}

fn expected(ty: &Type) -> &'static str {
    match ty {
        Type::String { .. } | Type::Email | Type::Enum(_) => "string",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::Array(_) => "array",
        Type::Record => "record",
        Type::Object(_) | Type::Model(_) => "object",
        Type::Nullable(inner) | Type::Optional(inner) => expected(inner),
        Type::Any | Type::Truthy => "any",
    }
}

fn received(value: Option<&Json>) -> &'static str {
    match value {
        None => "undefined",
        Some(Json::Null) => "null",
        Some(Json::Bool(_)) => "boolean",
        Some(Json::Number(_)) => "number",
        Some(Json::String(_)) => "string",
        Some(Json::Array(_)) => "array",
        Some(Json::Object(_)) => "object",
    }
}

/// Better Auth's (zod's) idea of an e-mail address:
/// `^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`,
/// without a leading dot or two dots in a row.
///
/// Written out, because it is linear in the address where a backtracking engine need not be.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    is_local_part(local) && is_domain(domain)
}

fn is_local_part(local: &str) -> bool {
    let word =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\'' | b'+' | b'-');
    local.split('.').all(|label| !label.is_empty() && label.bytes().all(word))
        && !local.ends_with('\'')
}

fn is_domain(domain: &str) -> bool {
    let Some((labels, top)) = domain.rsplit_once('.') else { return false };
    let label = |label: &str| {
        label.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    top.len() >= 2
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && labels.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shape::Property;

    fn body() -> Type {
        let property = |name: &'static str, ty, optional| Property {
            name: name.into(),
            ty,
            optional,
            description: "".into(),
        };
        Type::Object(Object {
            properties: vec![
                property("name", Type::String { min_length: 0 }, false),
                property("email", Type::Email, false),
                property("password", Type::String { min_length: 1 }, false),
                property("rememberMe", Type::Boolean, true),
            ],
            keeps_unknown: true,
            extended_by: None,
        })
    }

    fn messages(value: Option<Json>) -> String {
        let issues = check(&body(), value.as_ref(), Source::Body);
        let lines = issues.iter().map(|issue| format!("[{}] {}", issue.path, issue.message));
        lines.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn collects_every_issue_in_the_references_words() {
        assert_eq!(
            messages(Some(json!({ "email": "no", "password": "", "rememberMe": "true" }))),
            "[body.name] Invalid input: expected string, received undefined; \
             [body.email] Invalid email address; \
             [body.password] Too small: expected string to have >=1 characters; \
             [body.rememberMe] Invalid input: expected boolean, received string"
        );
        assert_eq!(
            messages(None),
            "[body] Invalid input: expected object, received undefined; \
             [body] Invalid input: expected record, received undefined"
        );
        assert_eq!(
            messages(Some(json!({ "name": "", "email": "a@b.co", "password": "x", "more": 1 }))),
            ""
        );
    }

    #[test]
    fn knows_an_address_when_it_sees_one() {
        for good in ["a@b.co", "o'neil+tag@sub.example.com", "a.b@1-x.io", "A_B@EXAMPLE.COM"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.co",
            "a@",
            "a@b",
            "a@b.c",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.co",
            "a'@b.co",
            "a@-b.co",
            "a@b..co",
            "a@b.c0",
            "a b@c.co",
            "ä@b.co",
            "a@b.co ",
            "a@b@c.co",
            "a＠b.co",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
