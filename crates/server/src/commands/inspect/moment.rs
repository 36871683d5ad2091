//! Moments as people read them.

use std::time::Duration;

use vestibule_core::Timestamp;

/// "in 6 days", "3 minutes ago".
pub(super) fn relative(time: Timestamp, now: Timestamp) -> String {
    if time > now {
        format!("in {}", rough(time.since(now)))
    } else {
        format!("{} ago", rough(now.since(time)))
    }
}

/// A duration in its largest unit.
fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        86_400..63_072_000 => (seconds / 86_400, "day"),
        _ => (seconds / 31_536_000, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// A `NumericDate` of a token; `None` for what is no number.
pub(super) fn of_seconds(value: &serde_json::Value) -> Option<Timestamp> {
    let seconds = value.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "a float beyond the range is its end")]
    Some(Timestamp::from_millis((seconds * 1000.0) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_their_largest_unit() {
        let now = Timestamp::from_millis(1_893_456_000_000);
        let at =
            |seconds: i64| relative(Timestamp::from_millis(now.as_millis() + seconds * 1000), now);
        assert_eq!(at(0), "0 seconds ago");
        assert_eq!(at(1), "in 1 second");
        assert_eq!(at(-119), "1 minute ago");
        assert_eq!(at(7_200), "in 2 hours");
        assert_eq!(at(604_799), "in 6 days");
        assert_eq!(at(-100_000_000), "3 years ago");
    }
}
