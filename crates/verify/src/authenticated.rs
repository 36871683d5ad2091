//! [`Authenticated`], the answer: a [`User`] and the [`Session`] that proves them.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Timestamp;

/// Who sends the request, and how that was found out.
///
/// As an argument of an axum handler it refuses strangers, and `Option<Authenticated>` lets them in as
/// `None`. A database or an auth server that is away is 503 for both: nobody is taken for a stranger
/// because of that.
///
/// ```
/// # #[cfg(feature = "axum")] mod example {
/// use vestibule_verify::Authenticated;
///
/// async fn hello(Authenticated { user, .. }: Authenticated) -> String {
///     format!("Hello, {}", user.name.unwrap_or(user.id))
/// }
/// # }
/// ```
///
/// The state of the router must be, or contain (`FromRef`), the [`Verifier`](crate::Verifier).
#[derive(Debug, Clone, PartialEq)]
pub struct Authenticated {
    pub user: User,
    pub session: Session,
    pub mode: Mode,
}

/// How a request was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The tables of the auth server.
    SharedDatabase,
    /// An answer of the auth server, or one that is a few seconds old.
    Remote,
    /// The session's signed copy in a cookie.
    CookieCache,
    /// A signed token for this service.
    Jwt,
}

/// A user of Better Auth. As JSON it is the `user` of `/get-session`, so it can be answered as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// The only thing to key rows by. It never changes; an e-mail address does.
    pub id: String,
    /// A JWT has it only where its audience is configured to carry it; the other modes always do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// All other columns or claims, as they came: SQLite has 0 and 1 for booleans and text for dates.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A session. It does not carry its token: what a handler has not got it cannot leak.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Session {
    /// `None` for a JWT that names none (`sid`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When the session, or the JWT, ends.
    pub expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// All other columns, such as `activeOrganizationId`; of a JWT the claims about the token.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl User {
    /// A boolean among the other columns, whichever way the database has it.
    pub fn flag(&self, field: &str) -> Option<bool> {
        self.extra.get(field).and_then(boolean)
    }

    /// From a row or from JSON, with fields as Better Auth calls them. `None` without an id.
    pub(crate) fn from_fields(mut fields: Map<String, Value>) -> Option<Self> {
        Some(Self {
            id: id(fields.shift_remove("id")?)?,
            email: text(fields.shift_remove("email")),
            email_verified: flag(fields.shift_remove("emailVerified")),
            name: text(fields.shift_remove("name")),
            image: text(fields.shift_remove("image")),
            created_at: moment(fields.shift_remove("createdAt")),
            updated_at: moment(fields.shift_remove("updatedAt")),
            extra: fields,
        })
    }
}

impl Session {
    /// From a row or from JSON. `None` without an id or an expiry: such a session proves nothing.
    pub(crate) fn from_fields(mut fields: Map<String, Value>) -> Option<Self> {
        fields.shift_remove("token");
        Some(Self {
            id: Some(id(fields.shift_remove("id")?)?),
            expires_at: moment(fields.shift_remove("expiresAt"))?,
            created_at: moment(fields.shift_remove("createdAt")),
            updated_at: moment(fields.shift_remove("updatedAt")),
            ip_address: text(fields.shift_remove("ipAddress")).filter(|text| !text.is_empty()),
            user_agent: text(fields.shift_remove("userAgent")).filter(|text| !text.is_empty()),
            extra: fields,
        })
    }
}

/// A session and its user, from whichever source, if they fit together.
pub(crate) fn joined(
    session: Map<String, Value>,
    user: Map<String, Value>,
    mode: Mode,
) -> Option<Authenticated> {
    let owner = session.get("userId").cloned().and_then(id)?;
    let (session, user) = (Session::from_fields(session)?, User::from_fields(user)?);
    (owner == user.id).then_some(Authenticated { user, session, mode })
}

/// Ids are text, whatever the column's type is: the reference answers serial ids as text as well.
fn id(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn flag(value: Option<Value>) -> bool {
    value.as_ref().and_then(boolean).unwrap_or(false)
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(boolean) => Some(*boolean),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        _ => None,
    }
}

/// Text in any spelling, or milliseconds, which some adapters write into SQLite.
fn moment(value: Option<Value>) -> Option<Timestamp> {
    match value? {
        Value::String(text) => Timestamp::parse(&text),
        Value::Number(millis) => {
            #[expect(clippy::cast_possible_truncation, reason = "casts saturate")]
            let of_real = || millis.as_f64().map(|millis| millis as i64);
            millis.as_i64().or_else(of_real).map(Timestamp::from_millis)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_user_is_answered_as_get_session_has_it() {
        let row = json!({
            "id": "u1", "name": "Ada", "email": "ada@example.com", "emailVerified": true,
            "image": null, "createdAt": "2030-01-01T00:00:00.000Z",
            "updatedAt": "2030-01-01T00:00:00.000Z", "role": "admin",
        });
        let user = User::from_fields(map(row.clone())).unwrap();
        assert_eq!(user.extra["role"], "admin");
        let answered = serde_json::to_value(&user).unwrap();
        assert_eq!(answered, row);
    }

    #[test]
    fn numbers_of_sqlite_are_booleans_and_moments() {
        let user = User::from_fields(map(json!({
            "id": 7, "emailVerified": 1, "createdAt": 1_893_456_000_123_i64, "banned": 0,
        })));
        let user = user.unwrap();
        assert_eq!(user.id, "7");
        assert!(user.email_verified);
        assert_eq!(user.flag("banned"), Some(false));
        assert_eq!(user.created_at, Some(Timestamp::from_millis(1_893_456_000_123)));
    }

    #[test]
    fn a_session_forgets_its_token() {
        let session = Session::from_fields(map(json!({
            "id": "s1", "token": "secret", "expiresAt": "2030-01-01T00:00:00Z", "userId": "u1",
        })));
        assert!(!format!("{session:?}").contains("secret"));
    }

    #[test]
    fn what_does_not_fit_together_proves_nothing() {
        let session = json!({ "id": "s1", "expiresAt": "2030-01-01T00:00:00Z", "userId": "u1" });
        let join = |session: &Value, user| joined(map(session.clone()), map(user), Mode::Remote);
        assert!(join(&session, json!({ "id": "u1" })).is_some());
        assert!(join(&session, json!({ "id": "u2" })).is_none());
        assert!(join(&session, json!({ "name": "nobody" })).is_none());
        let endless = json!({ "id": "s1", "expiresAt": "never", "userId": "u1" });
        assert!(join(&endless, json!({ "id": "u1" })).is_none());
    }
}
