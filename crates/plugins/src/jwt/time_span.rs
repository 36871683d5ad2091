//! [`TimeSpan`], a duration as people write it: "15m", "7 days", "2 hours ago".

use std::borrow::Cow;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// Whole seconds, forward or back. Reference: better-auth 1.7.7, utils/time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    pub seconds: i64,
}

/// A text that says no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time span such as \"15m\", \"1 hour\" or \"7d\"")]
pub struct NotATimeSpan;

impl FromStr for TimeSpan {
    type Err = NotATimeSpan;

    fn from_str(text: &str) -> Result<Self, NotATimeSpan> {
        let lower = text.to_ascii_lowercase();
        let (sign, rest) = match lower.strip_prefix(['+', '-']) {
            Some(rest) => (lower.chars().next(), rest.strip_prefix(' ').unwrap_or(rest)),
            None => (None, lower.as_str()),
        };
        let (rest, direction) = match rest {
            rest if rest.ends_with(" ago") => (&rest[..rest.len() - 4], Some(-1.0)),
            rest if rest.ends_with(" from now") => (&rest[..rest.len() - 9], Some(1.0)),
            rest => (rest, None),
        };
        if sign.is_some() && direction.is_some() {
            return Err(NotATimeSpan);
        }
        let split = rest.find(|character: char| !character.is_ascii_digit() && character != '.');
        let (number, unit) = rest.split_at(split.ok_or(NotATimeSpan)?);
        let is_number = !number.starts_with('.')
            && !number.ends_with('.')
            && number.bytes().filter(|byte| *byte == b'.').count() <= 1;
        let number: f64 = number.parse().ok().filter(|_| is_number).ok_or(NotATimeSpan)?;
        let seconds = number * seconds_of(unit.strip_prefix(' ').unwrap_or(unit))?;
        let sign = if sign == Some('-') { -1.0 } else { direction.unwrap_or(1.0) };
        // Far beyond any date, and still exact.
        let seconds = (sign * seconds).round().clamp(-1e15, 1e15);
        Ok(Self { seconds: seconds as i64 })
    }
}

fn seconds_of(unit: &str) -> Result<f64, NotATimeSpan> {
    Ok(match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        "mo" | "month" | "months" => 2_592_000.0,
        "y" | "yr" | "yrs" | "year" | "years" => 31_557_600.0,
        _ => return Err(NotATimeSpan),
    })
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(format!("{error}, found {text:?}")))
    }
}

impl JsonSchema for TimeSpan {
    fn schema_name() -> Cow<'static, str> {
        "TimeSpan".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration such as \"15m\", \"1 hour\" or \"7d\"",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_mean_what_the_reference_makes_of_them() {
        for (text, seconds) in [
            ("15m", 900),
            ("15 m", 900),
            ("1 hour", 3600),
            ("2 HRS", 7200),
            ("1.5h", 5400),
            ("0.4s", 0),
            ("0.6 sec", 1),
            ("7d", 604_800),
            ("1w", 604_800),
            ("1mo", 2_592_000),
            ("1 year", 31_557_600),
            ("-30s", -30),
            ("- 30s", -30),
            ("+30s", 30),
            ("2 hours ago", -7200),
            ("2 hours from now", 7200),
            ("99999999999999999999y", 1_000_000_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(TimeSpan { seconds }), "{text}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "15",
            "m",
            "15 parsecs",
            "1.h",
            ".5h",
            "1.2.3h",
            "15  m",
            " 15m",
            "15m ",
            "-2h ago",
            "2hago",
            "1h 30m",
            "é",
            "--1s",
            "15m from",
            "1e3s",
        ] {
            assert_eq!(text.parse::<TimeSpan>(), Err(NotATimeSpan), "{text:?}");
        }
    }
}
