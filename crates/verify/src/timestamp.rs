//! [`Timestamp`]: a moment in UTC, read from every spelling that databases and JSON have for one.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// A moment to the millisecond, in UTC; written as `2030-01-01T00:00:00.123Z`.
///
/// There is no naive time here: text without an offset is UTC, as Better Auth's own adapters take it.
/// `SystemTime::from(timestamp)` leads to the time library of your choice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const DAY_MILLIS: i64 = 86_400_000;

impl Timestamp {
    /// The last moment of the year 9999; PostgreSQL's `infinity` becomes it.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The first moment of the year 0.
    pub const MIN: Self = Self(-62_167_219_200_000);

    /// From milliseconds since 1970; what lies outside the years 0 to 9999 is brought to the nearest end.
    pub const fn from_millis(millis: i64) -> Self {
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// From seconds since 1970, as JWTs have them.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads what databases and JSON hold: with or without a fraction, `T` or a space, any offset; a
    /// date alone is midnight, and a time without an offset is UTC.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "infinity" => return Some(Self::MAX),
            "-infinity" => return Some(Self::MIN),
            _ => {}
        }
        let mut rest = Text(text.as_bytes());
        let (year, month, day) = (rest.number(4)?, rest.after(b'-', 2)?, rest.after(b'-', 2)?);
        let days = days_of_date(year, month, day);
        if date_of_days(days) != (year, month, day) {
            return None;
        }
        let mut millis = days * DAY_MILLIS;
        if !rest.0.is_empty() {
            millis += rest.time_of_day()?;
        }
        rest.0.is_empty().then(|| Self::from_millis(millis))
    }
}

/// What is left to be read.
struct Text<'t>(&'t [u8]);

impl Text<'_> {
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    }

    fn after(&mut self, separator: u8, digits: usize) -> Option<i64> {
        self.0 = self.0.strip_prefix(&[separator])?;
        self.number(digits)
    }

    /// Milliseconds since midnight in UTC, from `T10:00`, ` 10:00:00.123+02:00` and what lies between.
    fn time_of_day(&mut self) -> Option<i64> {
        let [b'T' | b't' | b' ', rest @ ..] = self.0 else { return None };
        self.0 = rest;
        let (hour, minute) = (self.number(2)?, self.after(b':', 2)?);
        let second = if self.0.starts_with(b":") { self.after(b':', 2)? } else { 0 };
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let millis = ((hour * 60 + minute) * 60 + second) * 1000 + self.fraction()?;
        Some(millis - self.offset_minutes()? * 60_000)
    }

    /// Milliseconds; what is finer is cut off.
    fn fraction(&mut self) -> Option<i64> {
        let Some(rest) = self.0.strip_prefix(b".") else { return Some(0) };
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at(count);
        self.0 = rest;
        let millis = digits.iter().chain(b"00").take(3);
        (count > 0).then(|| millis.fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0')))
    }

    fn offset_minutes(&mut self) -> Option<i64> {
        let sign = match self.0 {
            [] => return Some(0),
            [b'Z' | b'z', rest @ ..] => {
                self.0 = rest;
                return Some(0);
            }
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.number(2)?;
        self.0 = self.0.strip_prefix(b":").unwrap_or(self.0);
        let minutes = if self.0.is_empty() { 0 } else { self.number(2)? };
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }
}

/// Year, month and day of the proleptic Gregorian calendar, from days since 1970.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
const fn date_of_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + (month <= 2) as i64, month, day)
}

/// The other way round: `days_from_civil`.
const fn days_of_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of_days(self.0.div_euclid(DAY_MILLIS));
        let millis = self.0.rem_euclid(DAY_MILLIS);
        let (hour, minute) = (millis / 3_600_000, millis / 60_000 % 60);
        let (second, milli) = (millis / 1000 % 60, millis % 1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            Err(before) => -millis(before.duration()),
        })
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let distance = Duration::from_millis(timestamp.0.unsigned_abs());
        if timestamp.0 < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_moment_are_that_moment() {
        for text in [
            "2030-01-01T00:00:00.123Z",
            "2030-01-01T00:00:00.123456Z",
            "2030-01-01 00:00:00.123+00",
            "2030-01-01T00:00:00.123",
            "2030-01-01T01:00:00.123+01:00",
            "2029-12-31T18:30:00.123-0530",
        ] {
            let moment = Timestamp::parse(text);
            assert_eq!(moment, Some(Timestamp::from_millis(1_893_456_000_123)), "{text}");
        }
        assert_eq!(Timestamp::parse("2030-01-01"), Some(Timestamp::from_seconds(1_893_456_000)));
        assert_eq!(
            Timestamp::parse("2030-01-01T00:00"),
            Some(Timestamp::from_seconds(1_893_456_000))
        );
        assert_eq!(Timestamp::parse("infinity"), Some(Timestamp::MAX));
    }

    #[test]
    fn what_is_no_moment_is_not_guessed_at() {
        for text in [
            "",
            "yesterday",
            "1893456000",
            "2030-02-29",
            "2030-13-01",
            "2030-01-01T24:00",
            "2030-01-01T00:00:00.Z",
            "2030-01-01T00:00:00Zz",
            "2030-01-01T00:00:00+99",
            "2030-01-01T",
            "2030-1-1",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_written_as_javascript_writes_it_and_read_back() {
        for millis in [0, -1, 951_782_400_000, 4_107_542_399_999, 1_709_164_800_001] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
            assert_eq!(Timestamp::from(SystemTime::from(moment)), moment);
        }
        assert_eq!(Timestamp::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }
}
