//! What a session cache carries.

use std::fmt;

use serde_json::{Map, Value};

use crate::jwt::Claims;

/// A session and its user as they were when the cache was written.
///
/// Both are rows as `/get-session` answers them, fields of the configuration included. What every
/// reader relies on is there and has its type.
#[derive(Clone, PartialEq)]
pub struct Payload {
    session: Map<String, Value>,
    user: Map<String, Value>,
    updated_at: i64,
    version: Option<String>,
    session_expires_at: i64,
}

/// Which part of a payload is missing or has the wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPayload(pub &'static str);

impl fmt::Display for InvalidPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its `{}` is missing, or has the wrong type", self.0)
    }
}

impl std::error::Error for InvalidPayload {}

impl Payload {
    /// The payload of two rows. `updated_at` is now, in milliseconds since the epoch; `version` is
    /// `session.cookieCache.version`, which is `"1"` where it is not set.
    pub fn new(
        session: Map<String, Value>,
        user: Map<String, Value>,
        updated_at: i64,
        version: String,
    ) -> Result<Self, InvalidPayload> {
        Self::check(session, user, updated_at, Some(version))
    }

    /// The payload among the claims of a token, or in the JSON of a compact cache.
    pub fn from_claims(mut claims: Claims) -> Result<Self, InvalidPayload> {
        let mut row = |name| match claims.remove(name) {
            Some(Value::Object(row)) => Ok(row),
            _ => Err(InvalidPayload(name)),
        };
        let (session, user) = (row("session")?, row("user")?);
        let updated_at = claims.get("updatedAt").and_then(Value::as_f64);
        let version = match claims.remove("version") {
            None => None,
            Some(Value::String(version)) => Some(version),
            Some(_) => return Err(InvalidPayload("version")),
        };
        let updated_at = updated_at.ok_or(InvalidPayload("updatedAt"))? as i64;
        Self::check(session, user, updated_at, version)
    }

    fn check(
        mut session: Map<String, Value>,
        mut user: Map<String, Value>,
        updated_at: i64,
        version: Option<String>,
    ) -> Result<Self, InvalidPayload> {
        // The reference coerces this one.
        if let Some(Value::Number(number)) = session.get("userId") {
            let text = number.to_string();
            session.insert("userId".to_owned(), text.into());
        }
        text(&session, "id", "session.id")?;
        text(&session, "token", "session.token")?;
        text(&session, "userId", "session.userId")?;
        optional_text(&session, "ipAddress", "session.ipAddress")?;
        optional_text(&session, "userAgent", "session.userAgent")?;
        let session_expires_at = date(&session, "expiresAt", "session.expiresAt")?;
        // The reference takes now for dates that are missing, so that the session is always fresh.
        date(&session, "createdAt", "session.createdAt")?;
        date(&session, "updatedAt", "session.updatedAt")?;

        text(&user, "id", "user.id")?;
        text(&user, "name", "user.name")?;
        text(&user, "email", "user.email")?;
        optional_text(&user, "image", "user.image")?;
        date(&user, "createdAt", "user.createdAt")?;
        date(&user, "updatedAt", "user.updatedAt")?;
        if let Some(Value::String(email)) = user.get_mut("email") {
            *email = email.to_lowercase();
        }
        match user.get("emailVerified") {
            Some(Value::Bool(_)) => {}
            None => {
                user.insert("emailVerified".to_owned(), false.into());
            }
            Some(_) => return Err(InvalidPayload("user.emailVerified")),
        }
        Ok(Self { session, user, updated_at, version, session_expires_at })
    }

    pub fn session(&self) -> &Map<String, Value> {
        &self.session
    }

    pub fn user(&self) -> &Map<String, Value> {
        &self.user
    }

    /// The session's token. The cookie of the session carries the same, or the cache is not its.
    pub fn token(&self) -> &str {
        self.session["token"].as_str().unwrap_or_default()
    }

    pub fn user_id(&self) -> &str {
        self.user["id"].as_str().unwrap_or_default()
    }

    /// When the session, not the cache, ends; milliseconds since the epoch.
    pub fn session_expires_at(&self) -> i64 {
        self.session_expires_at
    }

    /// When the cache was written; milliseconds since the epoch.
    pub fn updated_at(&self) -> i64 {
        self.updated_at
    }

    /// `session.cookieCache.version` when the cache was written.
    pub fn version(&self) -> &str {
        // Reference quirk: an empty one is none.
        self.version.as_deref().filter(|version| !version.is_empty()).unwrap_or("1")
    }

    /// The JSON of the payload, in the reference's order.
    pub(super) fn claims(&self) -> Claims {
        let mut claims = Claims::new();
        claims.insert("session".to_owned(), self.session.clone().into());
        claims.insert("user".to_owned(), self.user.clone().into());
        claims.insert("updatedAt".to_owned(), self.updated_at.into());
        if let Some(version) = &self.version {
            claims.insert("version".to_owned(), version.as_str().into());
        }
        claims
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payload([redacted])")
    }
}

fn text(row: &Map<String, Value>, field: &str, path: &'static str) -> Result<(), InvalidPayload> {
    if row.get(field).is_some_and(Value::is_string) { Ok(()) } else { Err(InvalidPayload(path)) }
}

fn optional_text(
    row: &Map<String, Value>,
    field: &str,
    path: &'static str,
) -> Result<(), InvalidPayload> {
    match row.get(field) {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(_) => Err(InvalidPayload(path)),
    }
}

fn date(row: &Map<String, Value>, field: &str, path: &'static str) -> Result<i64, InvalidPayload> {
    row.get(field).and_then(Value::as_str).and_then(millis).ok_or(InvalidPayload(path))
}

/// Milliseconds since the epoch of a date as JSON has it: `2030-01-01T00:00:00.123Z`, with any
/// number of fractional digits or none.
fn millis(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?;
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bytes: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|&(at, separator)| bytes[at] != separator) {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0i64, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let milli = format!("{fraction:0<3}")[..3].parse::<i64>().ok()?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        _ => return None,
    };
    if !(1..=month_days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
        + day_of_year
        - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_json_has_them() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("2030-01-01T00:00:00.123Z", Some(1_893_456_000_123)),
            ("2030-01-01T00:00:00.1Z", Some(1_893_456_000_100)),
            ("2030-01-01T00:00:00.123999Z", Some(1_893_456_000_123)),
            ("2030-01-01T00:00:00Z", Some(1_893_456_000_000)),
            ("2024-02-29T23:59:59.999Z", Some(1_709_251_199_999)),
            ("1969-12-31T23:59:59.999Z", Some(-1)),
            ("2030-02-29T00:00:00.000Z", None),
            ("2030-13-01T00:00:00.000Z", None),
            ("2030-01-01T24:00:00.000Z", None),
            ("2030-01-01T00:00:00.Z", None),
            ("2030-01-01T00:00:00.000", None),
            ("2030-01-01 00:00:00.000Z", None),
            ("2030-01-01T00:00:00.000+00:00", None),
            ("+030-01-01T00:00:00.000Z", None),
            ("", None),
            ("Z", None),
        ] {
            assert_eq!(millis(text), expected, "{text}");
        }
    }
}
