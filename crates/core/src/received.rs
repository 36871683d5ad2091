//! What a request brings, read: query parameters, JSON and forms.
//!
//! Reference: better-call 1.4.0, `getBody`.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value as Json};

use crate::endpoint::MediaTypes;
use crate::error::{Error, Result};

/// The query; a repeated parameter becomes an array.
pub(crate) fn read_query(query: &str) -> Json {
    let mut values = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = Json::String(value.into_owned());
        match values.get_mut(name.as_ref()) {
            None => {
                values.insert(name.into_owned(), value);
            }
            Some(Json::Array(several)) => several.push(value),
            Some(single) => *single = Json::Array(vec![single.take(), value]),
        }
    }
    Json::Object(values)
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The body, of a media type that the endpoint takes; `None` where there is none.
pub(crate) fn read_body(
    headers: &HeaderMap,
    body: &Bytes,
    media_types: MediaTypes,
) -> Result<Option<Json>> {
    let allowed = match media_types {
        MediaTypes::Json => JSON.to_owned(),
        MediaTypes::JsonOrForm => format!("{FORM}, {JSON}"),
    };
    let refuse = |what: &str| {
        let message = format!("Content-Type {what}. Allowed types: {allowed}");
        Err(Error::unsupported_media_type(message).with_code("UNSUPPORTED_MEDIA_TYPE"))
    };
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let Some(content_type) = content_type.map(String::from_utf8_lossy) else {
        return if body.is_empty() { Ok(None) } else { refuse("is required") };
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence.contains(JSON) {
        read_json(body).map(Some)
    } else if essence.contains(FORM) && media_types == MediaTypes::JsonOrForm {
        let pairs = form_urlencoded::parse(body).into_owned();
        Ok(Some(Json::Object(pairs.map(|(name, value)| (name, value.into())).collect())))
    } else {
        refuse(&format!("\"{content_type}\" is not allowed"))
    }
}

/// As JavaScript reads it: a byte order mark is skipped, and bytes that are no UTF-8 are replaced.
fn read_json(body: &Bytes) -> Result<Json> {
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    serde_json::from_str(text)
        .or_else(|error| match replace_lone_surrogates(text) {
            Some(text) => serde_json::from_str(&text),
            None => Err(error),
        })
        .map_err(|_| Error::bad_request("Invalid JSON in request body").with_code("BAD_REQUEST"))
}

/// JavaScript's strings may hold half of a surrogate pair, which becomes U+FFFD where it is stored.
/// Ours hold no such thing, so it becomes that here; `None` where there is none.
fn replace_lone_surrogates(text: &str) -> Option<String> {
    let code_unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let mut replaced = text.to_owned();
    let mut at = 0;
    let mut found = false;
    while let Some(next) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += next;
        match (code_unit(at), code_unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 12,
            (Some(0xD800..=0xDFFF), _) => {
                // As long as what it replaces, so that positions stay.
                replaced.replace_range(at..at + 6, "\\ufffd");
                found = true;
                at += 6;
            }
            (Some(_), _) => at += 6,
            // An escape of one character, which may be a backslash.
            (None, _) => at += 2,
        }
    }
    found.then_some(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_surrogate_pair_is_replaced() {
        let replaced = |text| replace_lone_surrogates(text);
        assert_eq!(replaced(r#""\ud83e\udd80""#), None);
        assert_eq!(replaced(r#""\\ud800""#), None);
        assert_eq!(replaced(r#""\ud800""#).as_deref(), Some(r#""\ufffd""#));
        assert_eq!(replaced(r#""\udd80\ud83e""#).as_deref(), Some(r#""\ufffd\ufffd""#));
        assert_eq!(replaced(r#""\ud83e\ud83e\udd80""#).as_deref(), Some(r#""\ufffd\ud83e\udd80""#));
        assert_eq!(replaced(r#""ü\ud800ü\""#).as_deref(), Some(r#""ü\ufffdü\""#));
    }
}
