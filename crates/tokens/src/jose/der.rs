//! The integers of an RSA private key, out of the PKCS#8 that aws-lc writes and reads.
//!
//! aws-lc takes an RSA key apart only as DER. What is read here was written by it a moment before, so
//! this is a reader of four forms and not a parser of ASN.1.

/// The modulus, the exponents, the primes and the CRT parameters, big-endian without leading
/// zeros, in the order of `RSAPrivateKey` (RFC 8017, A.1.2): n, e, d, p, q, dP, dQ, qInv.
pub(super) fn rsa_integers(pkcs8: &[u8]) -> Option<[&[u8]; 8]> {
    let (info, []) = value(SEQUENCE, pkcs8)? else { return None };
    let (_version, info) = value(INTEGER, info)?;
    let (_algorithm, info) = value(SEQUENCE, info)?;
    let (key, _) = value(OCTET_STRING, info)?;
    let (key, []) = value(SEQUENCE, key)? else { return None };
    let (_version, mut key) = value(INTEGER, key)?;
    let mut integers = [&[][..]; 8];
    for integer in &mut integers {
        let (bytes, rest) = value(INTEGER, key)?;
        // A zero in front only says that the number is not negative.
        *integer = bytes.strip_prefix(&[0]).unwrap_or(bytes);
        key = rest;
    }
    Some(integers)
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The content of the value at the start, which must have this tag, and what follows it.
fn value(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [found, length, rest @ ..] = bytes else { return None };
    if *found != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 | 0x82 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        0x80 | 0x83.. => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn truncated_values_are_nothing() {
        assert_eq!(value(INTEGER, &[2, 1, 7, 9]), Some((&[7][..], &[9][..])));
        assert_eq!(value(INTEGER, &[2, 0x81, 1, 7]), Some((&[7][..], &[][..])));
        assert_eq!(value(INTEGER, &[2, 0x82, 0, 1, 7]), Some((&[7][..], &[][..])));
        for bytes in [&[2, 2, 7][..], &[2, 0x81], &[2, 0x83, 0, 0, 1, 7], &[2], &[], &[4, 1, 7]] {
            assert_eq!(value(INTEGER, bytes), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_reader(bytes in any::<Vec<u8>>()) {
            rsa_integers(&bytes);
        }
    }
}
