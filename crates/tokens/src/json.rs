//! JSON exactly as JavaScript's `JSON.stringify` writes it.
//!
//! What the reference signs as JSON is signed as this text, so it must be the same to the byte.
//! Strings come out of `serde_json` as they come out of `JSON.stringify`; numbers and the order
//! of keys do not.
//!
//! Rules: ECMA-262, 25.5.2 (`JSON.stringify`), 6.1.6.1.20 (`Number::toString`) and 10.1.11.1 (the
//! order of keys).

use serde_json::{Map, Number, Value};

/// The largest integer up to which a JavaScript number has them all.
const EXACT_INTEGER_LIMIT: u64 = 1 << 53;

/// The text of a value, without whitespace.
pub fn stringify(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// The text of an object, without whitespace.
pub fn stringify_object(fields: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_object(fields, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::String(string) => write_string(string, text),
        Value::Null | Value::Bool(_) => text.push_str(&value.to_string()),
        Value::Number(number) => text.push_str(&number_text(number)),
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                separate(position, text);
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => write_object(fields, text),
    }
}

fn write_object(fields: &Map<String, Value>, text: &mut String) {
    // Keys that are array indices come first, in their order.
    let mut indices: Vec<(u32, &String, &Value)> =
        fields.iter().filter_map(|(key, value)| Some((array_index(key)?, key, value))).collect();
    indices.sort_unstable_by_key(|&(index, ..)| index);
    let named = fields.iter().filter(|(key, _)| array_index(key).is_none());
    let ordered = indices.into_iter().map(|(_, key, value)| (key, value)).chain(named);
    text.push('{');
    for (position, (key, value)) in ordered.enumerate() {
        separate(position, text);
        write_string(key, text);
        text.push(':');
        write(value, text);
    }
    text.push('}');
}

fn write_string(string: &str, text: &mut String) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if string.bytes().all(is_plain) {
        text.push('"');
        text.push_str(string);
        text.push('"');
    } else {
        text.push_str(&Value::from(string).to_string());
    }
}

fn separate(position: usize, text: &mut String) {
    if position > 0 {
        text.push(',');
    }
}

/// The number that a key is, if JavaScript takes it for the index of an array.
fn array_index(key: &str) -> Option<u32> {
    if !key.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let index: u32 = key.parse().ok()?;
    (index != u32::MAX && (key.len() == 1 || !key.starts_with('0'))).then_some(index)
}

fn number_text(number: &Number) -> String {
    let magnitude = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
    match (magnitude, number.as_f64()) {
        (Some(magnitude), _) if magnitude <= EXACT_INTEGER_LIMIT => number.to_string(),
        (_, Some(double)) => double_text(double),
        // Only with a feature of `serde_json` that keeps numbers as text.
        (_, None) => number.to_string(),
    }
}

fn double_text(double: f64) -> String {
    if double == 0.0 {
        return "0".to_owned(); // Minus nothing, too.
    }
    let sign = if double < 0.0 { "-" } else { "" };
    // The shortest digits that mean this number, as JavaScript takes them.
    let scientific = format!("{:e}", double.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(|&character| character != '.').collect();
    let exponent: i32 = exponent.parse().expect("an exponent of a double is a small integer");
    let count = i32::try_from(digits.len()).expect("a double has 17 digits at most");
    // Where the point is, counted in digits from the left.
    let point = exponent + 1;
    let zeros = |number: i32| "0".repeat(usize::try_from(number).unwrap_or(0));
    let split_at = |at: i32| digits.split_at(usize::try_from(at).unwrap_or(0));
    match point {
        1..=21 if count <= point => format!("{sign}{digits}{}", zeros(point - count)),
        1..=21 => {
            let (whole, fraction) = split_at(point);
            format!("{sign}{whole}.{fraction}")
        }
        -5..=0 => format!("{sign}0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = split_at(1);
            let fraction = if rest.is_empty() { String::new() } else { format!(".{rest}") };
            format!("{sign}{first}{fraction}e{exponent:+}")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::json;

    use super::*;

    fn again(text: &str) -> String {
        stringify(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn numbers_are_written_as_in_javascript() {
        // Each pair is what `JSON.stringify(JSON.parse(left))` gives in Node.js 22.
        for (text, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("-1.50", "-1.5"),
            ("100", "100"),
            ("1893456000123", "1893456000123"),
            ("9007199254740992", "9007199254740992"),
            ("9007199254740993", "9007199254740992"),
            ("-9007199254740993", "-9007199254740992"),
            ("18446744073709551615", "18446744073709552000"),
            ("123456789012345680000", "123456789012345680000"),
            ("1e20", "100000000000000000000"),
            ("1e21", "1e+21"),
            ("1.5e300", "1.5e+300"),
            ("0.1", "0.1"),
            ("0.000001", "0.000001"),
            ("0.00000123", "0.00000123"),
            ("0.0000001", "1e-7"),
            ("-1.25e-7", "-1.25e-7"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ] {
            assert_eq!(again(text), expected, "{text}");
        }
    }

    #[test]
    fn keys_that_are_indices_come_first() {
        assert_eq!(
            again(r#"{"b":1,"10":2,"2":3,"a":4,"01":5,"-1":6,"4294967295":7,"4294967294":8,"":9}"#),
            r#"{"2":3,"10":2,"4294967294":8,"b":1,"a":4,"01":5,"-1":6,"4294967295":7,"":9}"#
        );
    }

    #[test]
    fn strings_are_escaped_as_in_javascript() {
        assert_eq!(
            stringify(&json!("\u{8}\t\n\u{c}\r\"\\/\u{0}\u{1f}\u{7f}é\u{2028}🦀")),
            "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0000\\u001f\u{7f}é\u{2028}🦀\""
        );
    }

    #[test]
    fn what_is_nested_is_written_without_whitespace() {
        assert_eq!(again(r#" { "a" : [ 1 , null , { } , [ ] ] } "#), r#"{"a":[1,null,{},[]]}"#);
    }

    proptest! {
        #[test]
        fn doubles_mean_what_they_meant(double in any::<f64>()) {
            if double.is_finite() {
                prop_assert_eq!(double_text(double).parse::<f64>().unwrap(), double);
            }
        }
    }
}
