//! Hashes of passwords: the reference's, and those that come along with users of other systems.
//!
//! No secret is part of them, so a hash is valid when this server could compare a password with it.

use super::report::Report;

const SALT_LENGTH: usize = 32;
const KEY_LENGTH: usize = 128;

/// Other formats, by their start.
const FOREIGN: [(&str, &str); 16] = [
    ("$2a$", "bcrypt"),
    ("$2b$", "bcrypt"),
    ("$2x$", "bcrypt"),
    ("$2y$", "bcrypt"),
    ("$argon2id$", "Argon2id"),
    ("$argon2i$", "Argon2i"),
    ("$argon2d$", "Argon2d"),
    ("$scrypt$", "scrypt in the PHC format"),
    ("$pbkdf2", "PBKDF2 in the PHC format"),
    ("pbkdf2_", "PBKDF2 of Django"),
    ("bcrypt_sha256$", "bcrypt of Django"),
    ("argon2$", "Argon2 of Django"),
    ("scrypt:", "scrypt of Werkzeug"),
    ("pbkdf2:", "PBKDF2 of Werkzeug"),
    ("$6$", "SHA-512 crypt"),
    ("$5$", "SHA-256 crypt"),
];

pub(super) fn is_one(text: &str) -> bool {
    inspect(text).is_some()
}

pub(super) fn inspect(text: &str) -> Option<Report> {
    if let Some((_, name)) = FOREIGN.iter().find(|(start, _)| text.starts_with(start)) {
        return Some(foreign(name, text));
    }
    let (salt, key) = text.split_once(':')?;
    let is_hex = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex(salt) && is_hex(key) && key.len() >= 32).then(|| own(salt, key))
}

fn own(salt: &str, key: &str) -> Report {
    let mut report = Report::new("password-hash", "a password's hash, as Better Auth makes it");
    report.text("format", "salt:key, scrypt with N=16384, r=16, p=1, both in hex");
    report.text("salt", format!("{} characters, taken as the text that they are", salt.len()));
    report.text("secret", "none: no secret is part of a hash");
    if salt.len() != SALT_LENGTH || key.len() != KEY_LENGTH {
        report.problem(
            "length",
            format!(
                "it has {} characters before the colon and {} after it, Better Auth's have {SALT_LENGTH} and {KEY_LENGTH}",
                salt.len(),
                key.len()
            ),
            "compare it with the row of the database: it may be cut short (`account.password` needs 161 characters), \
             or made by another scrypt",
        );
    } else if text_has_capitals(key) {
        report.problem(
            "case",
            "the key is in capitals, and Better Auth compares it as text, in lower case",
            "write it in lower case",
        );
    }
    report
}

fn text_has_capitals(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn foreign(name: &str, text: &str) -> Report {
    let mut report = Report::new(
        "foreign-password-hash",
        format!("a password's hash of another system: {name}"),
    );
    report.text("format", name);
    if let Some(cost) = cost(text) {
        report.text("cost", cost);
    }
    report.text("secret", "none: no secret is part of a hash");
    report.problem(
        "foreign-hash",
        format!("Better Auth cannot compare a password with it: it makes scrypt hashes, this is {name}"),
        "`[emailAndPassword.password]` with `verify = { webhook = \"…\" }` that knows both formats, and `hash` for \
         new ones; or let those users set a new password",
    );
    report
}

/// The parameters, which stand before the salt.
fn cost(text: &str) -> Option<String> {
    let mut fields = text.split('$').filter(|field| !field.is_empty());
    let first = fields.next()?;
    let fields: Vec<_> = fields.collect();
    match first {
        "2a" | "2b" | "2x" | "2y" => Some(format!("2^{} rounds", fields.first()?)),
        _ => fields.iter().find(|field| field.contains("t=") || field.contains("n=")).map_or_else(
            || {
                fields
                    .first()
                    .filter(|it| it.parse::<u64>().is_ok())
                    .map(|it| format!("{it} rounds"))
            },
            |field| Some((*field).to_owned()),
        ),
    }
}
