//! Names as other languages write them.

use std::collections::HashSet;

/// The words of a name of ours: `emailVerified` and `email-verified` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let characters: Vec<_> = name.chars().collect();
    for (index, &character) in characters.iter().enumerate() {
        if !character.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = index.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(index + 1);
        // In `totpURI` a word starts at the U, in `JWTToken` at the T that a small letter follows.
        let starts = character.is_ascii_uppercase()
            && (before.is_some_and(|before| !before.is_ascii_uppercase())
                || after.is_some_and(char::is_ascii_lowercase));
        if starts {
            words.push(String::new());
        }
        let last = words.last_mut().expect("there is one from the start");
        last.push(character.to_ascii_lowercase());
    }
    words.retain(|word| !word.is_empty());
    // Nowhere may a name start with a digit, or be empty.
    if words.first().is_none_or(|word| word.starts_with(|first: char| first.is_ascii_digit())) {
        words.insert(0, "field".to_owned());
    }
    words
}

pub(super) fn snake_case(name: &str) -> String {
    words(name).join("_")
}

pub(super) fn pascal_case(name: &str) -> String {
    words(name).iter().map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

pub(super) fn camel_case(name: &str) -> String {
    let pascal = pascal_case(name);
    pascal[..1].to_ascii_lowercase() + &pascal[1..]
}

/// The name itself where JavaScript takes it, so that it is the one that answers have.
pub(super) fn as_in_answers(name: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphabetic();
    let is_name =
        name.starts_with(is_letter) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { name.to_owned() } else { camel_case(name) }
}

/// Whether one of the words, or some in a row, stand in the name.
pub(super) fn contains_words(name: &str, wanted: &[&[&str]]) -> bool {
    let words = words(name);
    wanted.iter().any(|wanted| words.windows(wanted.len()).any(|found| found == *wanted))
}

/// Hands out names that are free in one scope.
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// `reserved` are words that the language or its library has for itself.
    pub(super) fn new(reserved: &[&str]) -> Self {
        Self { taken: reserved.iter().map(|&word| word.to_owned()).collect() }
    }

    /// The name that is wanted, with underscores behind it where it is taken.
    pub(super) fn take(&mut self, wanted: String) -> String {
        let mut name = wanted;
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_name_elsewhere() {
        for (name, snake, pascal, camel) in [
            ("emailVerified", "email_verified", "EmailVerified", "emailVerified"),
            ("user_name", "user_name", "UserName", "userName"),
            ("totpURI", "totp_uri", "TotpUri", "totpUri"),
            ("JWTToken", "jwt_token", "JwtToken", "jwtToken"),
            ("2fa-on", "field_2fa_on", "Field2faOn", "field2faOn"),
            ("größe", "gr_e", "GrE", "grE"),
            ("☃", "field", "Field", "field"),
        ] {
            let found = (snake_case(name), pascal_case(name), camel_case(name));
            assert_eq!(found, (snake.to_owned(), pascal.to_owned(), camel.to_owned()), "{name}");
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut names = Names::new(&["class"]);
        let taken: Vec<_> =
            ["class", "a", "a", "a_"].map(|name| names.take(name.to_owned())).into();
        assert_eq!(taken, ["class_", "a", "a_", "a__"]);
    }
}
