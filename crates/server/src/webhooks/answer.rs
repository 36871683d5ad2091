//! What a webhook's answer means for the function that it stands for.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value as Json;
use vestibule_core::callback::CallbackError;

/// 2xx: what the function returned.
#[derive(Deserialize)]
struct Returned {
    /// Null where it returned nothing.
    #[serde(default)]
    result: Json,
}

/// 4xx and 5xx: what the function threw.
#[derive(Deserialize)]
struct Thrown {
    error: ThrownError,
    /// An API error of this status; a plain error without.
    status: Option<u16>,
}

#[derive(Deserialize)]
struct ThrownError {
    message: String,
    code: Option<String>,
}

pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Json, CallbackError> {
    let failed = |reason: String| Err(CallbackError::Failed { reason });
    if status.is_success() {
        if body.trim_ascii().is_empty() {
            return Ok(Json::Null);
        }
        return match serde_json::from_slice::<Returned>(body) {
            Ok(returned) => Ok(returned.result),
            Err(_) => failed("the answer is not of the form {\"result\": ..}".to_owned()),
        };
    }
    let Ok(Thrown { error, status: wanted }) = serde_json::from_slice::<Thrown>(body) else {
        return failed(format!("the answer has the status {status}"));
    };
    let wanted = wanted.and_then(|wanted| StatusCode::from_u16(wanted).ok());
    match wanted.filter(|wanted| wanted.is_client_error() || wanted.is_server_error()) {
        Some(status) => {
            Err(CallbackError::Refused { status, message: error.message, code: error.code })
        }
        None => failed(format!("the function threw: {}", error.message)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_as(status: u16, body: &str) -> Result<Json, String> {
        read(StatusCode::from_u16(status).unwrap(), body.as_bytes()).map_err(|e| e.to_string())
    }

    #[test]
    fn success_is_what_the_function_returned() {
        assert_eq!(read_as(200, r#"{"result":{"a":1}}"#), Ok(json!({ "a": 1 })));
        assert_eq!(read_as(200, "{}"), Ok(Json::Null));
        assert_eq!(read_as(204, " \n"), Ok(Json::Null));
        assert!(read_as(200, "true").is_err());
        assert!(read_as(200, "<html>").is_err());
    }

    #[test]
    fn a_status_in_the_body_makes_an_api_error() {
        let body = r#"{"error":{"message":"Not you","code":"NOT_YOU"},"status":403}"#;
        let Err(CallbackError::Refused { status, message, code }) =
            read(StatusCode::BAD_REQUEST, body.as_bytes())
        else {
            panic!("no refusal");
        };
        assert_eq!(
            (status.as_u16(), &*message, code.as_deref()),
            (403, "Not you", Some("NOT_YOU"))
        );
    }

    #[test]
    fn everything_else_is_a_plain_error() {
        let thrown = r#"{"error":{"message":"boom"}}"#;
        assert_eq!(
            read_as(500, thrown),
            Err("the webhook failed: the function threw: boom".to_owned())
        );
        let no_error_status = r#"{"error":{"message":"boom"},"status":200}"#;
        assert!(read_as(500, no_error_status).is_err());
        assert_eq!(
            read_as(302, ""),
            Err("the webhook failed: the answer has the status 302 Found".to_owned())
        );
    }
}
