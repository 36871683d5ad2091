//! Numbers as JavaScript has them.

use vestibule_core::Value;

/// Integers up to here are whole in JavaScript, and reals of that size are integers in all but type.
const SAFE_INTEGER: f64 = 9_007_199_254_740_992.0;

/// JavaScript has one type of number: what is whole is an integer.
#[expect(clippy::cast_possible_truncation, reason = "the number is whole and in range")]
pub(crate) fn number_of(real: f64) -> Value {
    if real.fract() == 0.0 && real.abs() < SAFE_INTEGER {
        Value::Integer(real as i64)
    } else {
        Value::Real(real)
    }
}
