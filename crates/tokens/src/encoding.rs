//! Text forms of bytes: base64, base64url, hex, and JavaScript's URI components.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// Standard base64 with padding, as in signed cookies.
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of standard, padded, canonical base64.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Base64url without padding, as in tokens and stored hashes.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of unpadded, canonical base64url.
pub fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The SHA-256 of a text in base64url: how the reference stores hashed identifiers, codes and keys.
pub fn sha256_base64url(text: &str) -> String {
    base64url(Sha256::digest(text))
}

/// Lower-case hex.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes = bytes.as_ref();
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The bytes of hex in either case.
pub fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| hex_byte(high, low)).collect()
}

/// JavaScript's `encodeURIComponent`.
///
/// Borrows when there is nothing to encode.
pub fn encode_uri_component(text: &str) -> Cow<'_, str> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let Some(first) = text.bytes().position(|byte| !is_unreserved(byte)) else {
        return Cow::Borrowed(text);
    };
    let mut encoded = String::with_capacity(text.len() + 16);
    // The first byte to encode is ASCII or starts a character, so the cut is at a boundary.
    encoded.push_str(&text[..first]);
    for byte in text[first..].bytes() {
        if is_unreserved(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    Cow::Owned(encoded)
}

/// JavaScript's `decodeURIComponent`; `None` where that throws.
///
/// Borrows when there is nothing to decode. A `+` stays a `+`.
pub fn decode_uri_component(text: &str) -> Option<Cow<'_, str>> {
    let Some(first) = text.find('%') else { return Some(Cow::Borrowed(text)) };
    let (plain, mut rest) = text.as_bytes().split_at(first);
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(plain);
    while let [byte, tail @ ..] = rest {
        if *byte != b'%' {
            decoded.push(*byte);
            rest = tail;
            continue;
        }
        let [high, low, tail @ ..] = tail else { return None };
        decoded.push(hex_byte(*high, *low)?);
        rest = tail;
    }
    // Characters that were not escaped are whole, so no escape can complete or be completed by
    // one: checking the result as UTF-8 is checking each run of escapes, as JavaScript does.
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// The characters that `encodeURIComponent` leaves alone (ECMA-262, 19.2.6.4).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte)
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;
    use crate::vectors;

    #[test]
    fn hashes_match_the_reference() {
        let vectors = &vectors()["deterministic"];
        for case in vectors["sha256_base64url_nopad"]["cases"].as_array().unwrap() {
            assert_eq!(sha256_base64url(case["input"].as_str().unwrap()), case["output"]);
        }
        for case in vectors["api_key_hash"].as_array().unwrap() {
            assert_eq!(sha256_base64url(case["key"].as_str().unwrap()), case["hash"]);
        }
        for case in vectors["pkce_s256"].as_array().unwrap() {
            assert_eq!(sha256_base64url(case["verifier"].as_str().unwrap()), case["challenge"]);
        }
    }

    #[test]
    fn uri_components_are_encoded_as_in_javascript() {
        assert_eq!(encode_uri_component("azAZ09-_.!~*'()"), "azAZ09-_.!~*'()");
        assert_eq!(encode_uri_component("a b+c/d=é✓\"\n"), "a%20b%2Bc%2Fd%3D%C3%A9%E2%9C%93%22%0A");
        assert!(matches!(encode_uri_component("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn uri_components_are_decoded_as_in_javascript() {
        let decode = |text| decode_uri_component(text).map(Cow::into_owned);
        assert_eq!(decode("a%20b%2bé%C3%A9+").as_deref(), Some("a b+éé+"));
        assert!(matches!(decode_uri_component("plain+"), Some(Cow::Borrowed("plain+"))));
        // Cut short, not hex, a lone continuation, an overlong form, a surrogate, a broken run.
        for malformed in ["%", "%4", "%zz", "%+1", "%80", "%C0%AF", "%ED%A0%80", "%C3é", "%E2%9C"]
        {
            assert_eq!(decode(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn hex_is_read_in_either_case() {
        assert_eq!(decode_hex("00fFA9"), Some(vec![0, 255, 0xa9]));
        assert_eq!(decode_hex("0"), None);
        assert_eq!(decode_hex("0g"), None);
        assert_eq!(decode_hex("é"), None);
    }

    #[test]
    fn base64_must_be_canonical() {
        assert_eq!(decode_base64("AA=="), Some(vec![0]));
        assert_eq!(decode_base64("AB=="), None);
        assert_eq!(decode_base64("AA"), None);
        assert_eq!(decode_base64url("AA"), Some(vec![0]));
        assert_eq!(decode_base64url("AA=="), None);
        assert_eq!(decode_base64url("A A"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_decoded(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            let encoded = encode_uri_component(&text);
            prop_assert_eq!(decode_uri_component(&encoded).unwrap(), text.as_str());
            prop_assert_eq!(decode_hex(&hex(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(decode_base64(&base64(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(decode_base64url(&base64url(&bytes)), Some(bytes));
        }

        #[test]
        fn no_text_stops_the_decoders(text in "[%0-9a-fA-Fxé]{0,40}") {
            let _ = decode_uri_component(&text); // Only that it returns.
            let _ = decode_hex(&text); // Likewise.
        }
    }
}
