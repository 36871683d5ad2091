//! The alphabets of random strings, and the fair way to draw from them.
//!
//! Lengths belong to whoever draws: 32 for a row id, a session token or an OAuth state,
//! 24 for a password-reset token, and so on.
//!
//! Reference: @better-auth/utils 0.4.2, `random`.

/// Row ids, session tokens, password-reset tokens, device codes.
pub const ALPHANUMERIC: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// OAuth states and code verifiers, one-time tokens, nonces, two-factor and trust-device ids,
/// TOTP secrets.
pub const URL_SAFE: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

/// Magic-link tokens and API keys.
pub const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Delete-account tokens.
pub const LOWER_ALPHANUMERIC: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

/// Backup codes.
pub const BACKUP_CODE: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// One-time passwords.
pub const DIGITS: &str = "0123456789";

/// User codes of the device flow: no letter or digit that looks like another.
pub const USER_CODE: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Draws `length` characters of an ASCII alphabet, all equally likely.
///
/// `fill` overwrites the slice it is given with random bytes. A byte past the last multiple of
/// the alphabet's size is thrown away: keeping it would favour the first characters.
pub fn pick(alphabet: &str, length: usize, fill: &mut dyn FnMut(&mut [u8])) -> String {
    let alphabet = alphabet.as_bytes();
    assert!(
        (1..=128).contains(&alphabet.len()) && alphabet.is_ascii(),
        "an alphabet is one to 128 ASCII characters"
    );
    let fair = 256 / alphabet.len() * alphabet.len();
    let mut drawn = String::with_capacity(length);
    let mut bytes = [0; 64];
    while drawn.len() < length {
        fill(&mut bytes);
        for byte in bytes.map(usize::from) {
            if byte < fair && drawn.len() < length {
                drawn.push(char::from(alphabet[byte % alphabet.len()]));
            }
        }
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte value in turn, again and again.
    fn counter() -> impl FnMut(&mut [u8]) {
        let mut next = 0u8;
        move |bytes| {
            for byte in bytes {
                *byte = next;
                next = next.wrapping_add(1);
            }
        }
    }

    #[test]
    fn alphabets_hold_no_character_twice() {
        for (alphabet, size) in [
            (ALPHANUMERIC, 62),
            (URL_SAFE, 64),
            (LETTERS, 52),
            (LOWER_ALPHANUMERIC, 36),
            (BACKUP_CODE, 62),
            (DIGITS, 10),
            (USER_CODE, 32),
        ] {
            let mut characters: Vec<char> = alphabet.chars().collect();
            characters.sort_unstable();
            characters.dedup();
            assert_eq!(characters.len(), size, "{alphabet}");
        }
    }

    #[test]
    fn every_character_is_equally_likely() {
        // One full turn of the counter holds 250 usable bytes for ten digits.
        let drawn = pick(DIGITS, 250, &mut counter());
        for digit in DIGITS.chars() {
            assert_eq!(drawn.chars().filter(|&it| it == digit).count(), 25, "{digit}");
        }
    }

    #[test]
    fn unfair_bytes_are_thrown_away() {
        let mut first = true;
        let drawn = pick(DIGITS, 2, &mut |bytes| {
            bytes.fill(if first { 255 } else { 7 });
            first = false;
        });
        assert_eq!(drawn, "77");
    }

    #[test]
    fn the_length_is_as_asked() {
        for length in [0, 1, 32, 64, 65, 128] {
            assert_eq!(pick(ALPHANUMERIC, length, &mut counter()).len(), length);
        }
    }
}
