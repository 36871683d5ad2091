//! Keys that backends hold, derived from the server's secret.
//!
//! Whoever has the root secret can forge cookies and decrypt every stored token, so no backend needs
//! to. What it gets is derived by HKDF-SHA256 (RFC 5869) for one purpose and one name, and tells
//! nothing about the secret or about another's key. `vestibule secret derive` prints them.

use hkdf::Hkdf;
use sha2::Sha256;

use crate::encoding::base64url;

/// What every service key begins with, so that scanners and people know one when they see it.
pub const SERVICE_KEY_PREFIX: &str = "vsk_";

const AUDIENCE_KEY: &str = "vestibule:audience-key:v1";

const SERVICE_KEY: &str = "vestibule:service-key:v1";

/// The key that signs HS256 tokens for one audience.
///
/// The text itself is the HMAC key, as UTF-8: every JWT library takes it where it asks for a secret.
pub fn audience_key(secret: &str, audience: &str) -> String {
    base64url(derive(secret, AUDIENCE_KEY, &format!("vestibule:{audience}")))
}

/// The key by which a service says who it is: `vsk_<service>_<version>_<43 characters>`.
pub fn service_key(secret: &str, service: &str, version: u32) -> String {
    let key = derive(secret, SERVICE_KEY, &format!("vestibule:{service}:{version}"));
    format!("{SERVICE_KEY_PREFIX}{service}_{version}_{}", base64url(key))
}

fn derive(secret: &str, purpose: &str, info: &str) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(purpose.as_bytes()), secret.as_bytes())
        .expand(info.as_bytes(), &mut key)
        .expect("HKDF gives up to 8160 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "better-auth-dossier-secret-0123456789abcdef";

    /// Backends hold these: whatever changes one locks them out.
    #[test]
    fn derived_keys_never_change() {
        assert_eq!(audience_key(SECRET, "api"), "GHdMoz5P4MDLAJUtns0IrwhPEcsHM531USqLngI5uFo");
        assert_eq!(
            service_key(SECRET, "api", 1),
            "vsk_api_1_Hbs2zQr1YEK_kWn13E1oY27hl3RCSbkBvoS0qSfSBgo"
        );
    }

    #[test]
    fn each_purpose_name_and_version_has_its_own() {
        let keys = [
            audience_key(SECRET, "api"),
            audience_key(SECRET, "api:1"),
            audience_key(SECRET, "notes"),
            audience_key("another secret", "api"),
            service_key(SECRET, "api", 1),
            service_key(SECRET, "api", 2),
            service_key(SECRET, "notes", 1),
            service_key("another secret", "api", 1),
        ];
        let last = |key: &String| key[key.len() - 43..].to_owned();
        let distinct: std::collections::HashSet<_> = keys.iter().map(last).collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
