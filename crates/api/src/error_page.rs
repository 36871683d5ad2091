//! `GET /error`

use std::sync::Arc;

use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value as Json;
use vestibule_core::prelude::*;
use vestibule_core::redirect::append_query_params;

use crate::Core;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::get("/error", core, error).id("error")
}

#[derive(Deserialize, Shape)]
struct Code {
    /// What went wrong
    error: Option<Json>,
    /// In words
    error_description: Option<Json>,
}

async fn error(_: &Core, call: &mut Call, code: Code) -> Result<Reply> {
    // Of a parameter that is there several times, the first counts.
    let text = |value: &Option<Json>| match value {
        Some(Json::Array(values)) => values.first().and_then(Json::as_str).map(str::to_owned),
        Some(value) => value.as_str().map(str::to_owned),
        None => None,
    };
    let description = text(&code.error_description).filter(|description| !description.is_empty());
    let code =
        text(&code.error).filter(|code| is_code(code)).unwrap_or_else(|| "UNKNOWN".to_owned());
    let mut params = vec![("error", code.as_str())];
    if let Some(description) = &description {
        params.push(("error_description", description));
    }
    let options = call.auth().options();
    let target = match &options.on_api_error.error_url {
        Some(url) => url,
        None if options.production => "/",
        None => {
            let mut reply = Reply::html(page(&code, description.as_deref()));
            reply.headers.insert(CONTENT_SECURITY_POLICY, POLICY);
            return Ok(reply);
        }
    };
    let location = append_query_params(target, &params)
        .map_err(|error| Error::internal("redirect to `onAPIError.errorURL`").with_source(error))?;
    let mut reply = Reply::redirect(&location)?;
    // Reference quirk: unlike other redirects, this one has no content type.
    reply.headers.remove(CONTENT_TYPE);
    Ok(reply)
}

/// The page needs its style and nothing else.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");

const STYLE: &str = ":root{color-scheme:light dark}\
    body{margin:0;font:1rem/1.5 system-ui,sans-serif;background:#f7f9f8;color:#17201c}\
    main{max-width:34rem;margin:15vh auto 0;padding:0 1.5rem;overflow-wrap:anywhere}\
    h1{font-size:1.75rem;line-height:1.2}\
    a{color:#0b6b4f}\
    @media(prefers-color-scheme:dark){body{background:#101513;color:#e6ece9}a{color:#6fcfae}}";

/// No other code is ever shown; the description is, as text.
fn is_code(code: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'\'' | b'_' | b'-');
    !code.is_empty() && code.bytes().all(allowed)
}

fn page(code: &str, description: Option<&str>) -> String {
    let description = description.unwrap_or("Something went wrong while you were being signed in.");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Error</title>\
         <style>{STYLE}</style></head>\
         <body><main><h1>Error</h1><p>{}</p><p>Code: <code>{}</code></p>\
         <p><a href=\"/\">Go home</a></p></main></body></html>\n",
        escape(description),
        escape(code),
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            character => escaped.push(character),
        }
    }
    escaped
}
