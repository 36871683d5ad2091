//! JSON objects, read strictly: a member that occurs twice is an error.
//!
//! RFC 7515 (4) and RFC 7519 (4) let a reader choose between an error and the last one. Readers that
//! choose differently see different tokens under one signature.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Object;

/// The object of a text, or what is wrong with the text.
pub(super) fn parse(json: &[u8]) -> Result<Object, &'static str> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let mut duplicate = false;
    let value = Strict { duplicate: &mut duplicate }.deserialize(&mut reader);
    let whole = reader.end().is_ok();
    match value {
        Ok(Value::Object(object)) if whole => Ok(object),
        Ok(_) if whole => Err("it is not a JSON object"),
        Err(_) if duplicate => Err("a member occurs twice"),
        _ => Err("it is not JSON"),
    }
}

/// Any value whose objects have each member once.
struct Strict<'a> {
    duplicate: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict { duplicate: self.duplicate })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Object::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                *self.duplicate = true;
                return Err(A::Error::custom("a member occurs twice"));
            }
            let value = members.next_value_seed(Strict { duplicate: self.duplicate })?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_read_as_they_are() {
        let value =
            json!({ "z": [1, -2, 2.5, null, true, { "a": "é\n" }], "a": {}, "big": u64::MAX });
        assert_eq!(parse(value.to_string().as_bytes()), Ok(value.as_object().unwrap().clone()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (json, what) in [
            (r#"{"a":1,"a":1}"#, "a member occurs twice"),
            (r#"{"a":[{"b":{"c":1,"d":2,"c":3}}]}"#, "a member occurs twice"),
            (r#"{"a":1,"\u0061":2}"#, "a member occurs twice"),
            ("[]", "it is not a JSON object"),
            ("\"text\"", "it is not a JSON object"),
            ("{}{}", "it is not JSON"),
            ("{} x", "it is not JSON"),
            ("{", "it is not JSON"),
            ("", "it is not JSON"),
            ("\u{feff}{}", "it is not JSON"),
        ] {
            assert_eq!(parse(json.as_bytes()), Err(what), "{json}");
        }
        assert_eq!(parse(b"{\"a\":\"\xff\"}"), Err("it is not JSON"));
        let deep = format!("{}{}", "{\"a\":".repeat(500), "}".repeat(500));
        assert_eq!(parse(deep.as_bytes()), Err("it is not JSON"));
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_plain_reader(text in any::<String>()) {
            let plain = serde_json::from_str::<Object>(&text).ok();
            if parse(text.as_bytes()) != Err("a member occurs twice") {
                prop_assert_eq!(parse(text.as_bytes()).ok(), plain);
            }
        }
    }
}
