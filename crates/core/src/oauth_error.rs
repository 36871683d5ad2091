//! The names that OAuth's specifications have for errors.
//!
//! An endpoint with [`oauth_errors`](crate::endpoint::Endpoint::oauth_errors) answers
//! `{"message","code","error","error_description"}`: the first two for whoever knows Better Auth, the
//! others for whoever knows OAuth. A refusal of one of [`CODES`] has its name as `error`; for what the
//! pipeline refuses by itself (a body that is no JSON, a foreign origin) the status decides.

use http::StatusCode;

use crate::error::{Error, ErrorCode, Outcome};
use crate::service_key::INVALID_SERVICE_KEY;

/// RFC 6749, 5.2: a parameter is missing, unknown, or said twice.
pub const INVALID_REQUEST: ErrorCode =
    ErrorCode { code: "INVALID_REQUEST", message: "The request is not valid" };

/// RFC 6749, 5.2: the client did not prove who it is.
pub const INVALID_CLIENT: ErrorCode =
    ErrorCode { code: "INVALID_CLIENT", message: "The client did not prove who it is" };

/// RFC 6749, 5.2: what should prove something has expired or was revoked.
pub const INVALID_GRANT: ErrorCode =
    ErrorCode { code: "INVALID_GRANT", message: "The grant is not valid" };

/// RFC 6749, 5.2.
pub const UNSUPPORTED_GRANT_TYPE: ErrorCode =
    ErrorCode { code: "UNSUPPORTED_GRANT_TYPE", message: "The grant type is not supported" };

/// RFC 6749, 5.2.
pub const INVALID_SCOPE: ErrorCode =
    ErrorCode { code: "INVALID_SCOPE", message: "The scope is not valid" };

/// RFC 8707, 2: the audience is missing or unknown.
pub const INVALID_TARGET: ErrorCode =
    ErrorCode { code: "INVALID_TARGET", message: "The audience is not known" };

/// Codes with a name of their own in OAuth, which is theirs in lower case.
pub const CODES: &[ErrorCode] = &[
    INVALID_REQUEST,
    INVALID_CLIENT,
    INVALID_GRANT,
    UNSUPPORTED_GRANT_TYPE,
    INVALID_SCOPE,
    INVALID_TARGET,
];

/// What OAuth calls an error.
pub(crate) fn name(error: &Error) -> String {
    if error.is(INVALID_SERVICE_KEY) {
        return name(&Error::unauthorized(INVALID_CLIENT));
    }
    if let Some(known) = CODES.iter().find(|known| error.is(**known)) {
        return known.code.to_ascii_lowercase();
    }
    let name = match error.outcome() {
        Outcome::Unavailable { .. } => "temporarily_unavailable",
        Outcome::Internal => "server_error",
        Outcome::Refusal(refusal) => match refusal.status {
            // RFC 6749 has no name for it; what should have proved a session did not.
            StatusCode::UNAUTHORIZED => "invalid_grant",
            StatusCode::FORBIDDEN => "access_denied",
            StatusCode::TOO_MANY_REQUESTS => "temporarily_unavailable",
            _ => "invalid_request",
        },
    };
    name.to_owned()
}

/// A message in the characters that `error_description` may have: printable ASCII without `"` and `\`.
pub(crate) fn description(message: &str) -> String {
    let replace = |character: char| match character {
        '"' => '\'',
        ' '..='~' if character != '\\' => character,
        _ => '?',
    };
    message.chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_error_has_a_name() {
        for (error, expected) in [
            (Error::bad_request(INVALID_TARGET), "invalid_target"),
            (Error::unauthorized(INVALID_CLIENT), "invalid_client"),
            (Error::unauthorized(INVALID_SERVICE_KEY), "invalid_client"),
            (Error::unauthorized("Sign in"), "invalid_grant"),
            (Error::bad_request("No JSON").with_code("BAD_REQUEST"), "invalid_request"),
            (Error::unsupported_media_type("Only JSON"), "invalid_request"),
            (Error::forbidden("Foreign origin"), "access_denied"),
            (Error::too_many_requests(Duration::from_secs(1)), "temporarily_unavailable"),
            (Error::unavailable("read", Duration::from_secs(1)), "temporarily_unavailable"),
            (Error::internal("sign"), "server_error"),
        ] {
            assert_eq!(name(&error), expected, "{error}");
        }
    }

    #[test]
    fn descriptions_keep_to_their_characters() {
        assert_eq!(description("Content-Type \"é\\\n\" is"), "Content-Type '???' is");
    }
}
