//! Who of your own services sends a request.
//!
//! A backend that asks about sessions is one address with many users behind it: counted by address,
//! they would share one rate limit. With a service key it says who it is, and may then say whose
//! request it is serving:
//!
//! ```text
//! x-vestibule-service-key: vsk_api_1_…
//! x-vestibule-client-address: 203.0.113.7
//! ```
//!
//! Keys are derived from the secret (`vestibule secret derive --service api`), so there is nothing to
//! store; a service lists the versions that it accepts, and one that is taken off the list is
//! revoked. While the server's secret rotates, keys of all its secrets are accepted.
//!
//! A wrong key is refused with 401 rather than ignored: the service would go on as a stranger, and
//! wonder about its limits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use sha2::{Digest as _, Sha256};
use vestibule_tokens::derive::service_key;

use crate::crypto::secrets::Secrets;
use crate::error::{Error, ErrorCode, Result};

/// Carries a service key.
pub const SERVICE_KEY_HEADER: HeaderName = HeaderName::from_static("x-vestibule-service-key");

/// Carries the address of the client whose request a service is serving.
pub const CLIENT_ADDRESS_HEADER: HeaderName = HeaderName::from_static("x-vestibule-client-address");

/// The service key is not one that this server accepts.
pub const INVALID_SERVICE_KEY: ErrorCode =
    ErrorCode { code: "INVALID_SERVICE_KEY", message: "Invalid service key" };

/// The client address of a service is not an IP address.
pub const INVALID_CLIENT_ADDRESS: ErrorCode =
    ErrorCode { code: "INVALID_CLIENT_ADDRESS", message: "Invalid client address" };

/// A service and the versions of its key that are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Letters, digits, `-` and `.`.
    pub name: String,
    /// The first is the current one.
    pub key_versions: Vec<u32>,
}

/// Every accepted key.
///
/// Keys are looked up by their digest, so that the time it takes tells nothing about them.
#[derive(Clone, Default)]
pub struct ServiceKeys(HashMap<[u8; 32], Arc<str>>);

/// A service that said who it is, and perhaps whom it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub service: Arc<str>,
    pub client_address: Option<IpAddr>,
}

impl ServiceKeys {
    pub fn new(services: &[Service], secrets: &Secrets) -> Self {
        let mut keys = HashMap::new();
        for service in services {
            let name: Arc<str> = service.name.as_str().into();
            for secret in secrets.all() {
                for version in &service.key_versions {
                    let key = service_key(secret, &service.name, *version);
                    keys.insert(digest(key.as_bytes()), Arc::clone(&name));
                }
            }
        }
        Self(keys)
    }

    /// The service whose key this is.
    pub fn find(&self, key: &str) -> Option<Arc<str>> {
        self.0.get(&digest(key.as_bytes())).cloned()
    }

    /// Who sent a request with these headers; `None` for everybody who does not say.
    pub fn identify(&self, headers: &HeaderMap) -> Result<Option<Caller>> {
        let Some(key) = headers.get(SERVICE_KEY_HEADER) else { return Ok(None) };
        let service = key.to_str().ok().and_then(|key| self.find(key));
        let service = service.ok_or_else(|| {
            Error::unauthorized(INVALID_SERVICE_KEY).with_hint(
                "`vestibule secret derive --service NAME` prints the key of a service that the \
                 configuration has as `[services.NAME]`",
            )
        })?;
        let client_address = match headers.get(CLIENT_ADDRESS_HEADER) {
            None => None,
            Some(address) => {
                let address = address.to_str().ok().and_then(|text| text.trim().parse().ok());
                Some(address.ok_or_else(|| {
                    Error::bad_request(INVALID_CLIENT_ADDRESS)
                        .with_hint("expected one IP address, without a port")
                })?)
            }
        };
        Ok(Some(Caller { service, client_address }))
    }
}

/// Whether a name can be that of a service, or of an audience.
pub fn is_service_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(versions: &[u32]) -> ServiceKeys {
        let service = Service { name: "api".to_owned(), key_versions: versions.to_vec() };
        ServiceKeys::new(&[service], &Secrets::single("secret"))
    }

    fn identify(keys: &ServiceKeys, key: &str, address: Option<&str>) -> Result<Option<Caller>> {
        let mut headers = HeaderMap::new();
        headers.insert(SERVICE_KEY_HEADER, key.parse().unwrap());
        if let Some(address) = address {
            headers.insert(CLIENT_ADDRESS_HEADER, address.parse().unwrap());
        }
        keys.identify(&headers)
    }

    #[test]
    fn a_service_says_who_it_is_and_whom_it_serves() {
        let caller = identify(&keys(&[1]), &service_key("secret", "api", 1), Some("203.0.113.7"));
        let caller = caller.unwrap().unwrap();
        assert_eq!(&*caller.service, "api");
        assert_eq!(caller.client_address, Some("203.0.113.7".parse().unwrap()));
        assert_eq!(keys(&[1]).identify(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn a_version_that_is_taken_off_the_list_is_revoked() {
        let first = service_key("secret", "api", 1);
        assert!(identify(&keys(&[2, 1]), &first, None).is_ok());
        assert!(identify(&keys(&[2]), &first, None).is_err());
    }

    #[test]
    fn wrong_keys_and_addresses_are_refused() {
        let keys = keys(&[1]);
        for key in [
            String::new(),
            "vsk_api_1_".to_owned(),
            service_key("another", "api", 1),
            service_key("secret", "notes", 1),
            format!("{} ", service_key("secret", "api", 1)),
        ] {
            let refused = identify(&keys, &key, None).unwrap_err();
            assert_eq!(refused.status(), http::StatusCode::UNAUTHORIZED, "{key}");
        }
        for address in ["", "localhost", "203.0.113.7:80", "203.0.113.7, 10.0.0.1"] {
            let key = service_key("secret", "api", 1);
            let refused = identify(&keys, &key, Some(address)).unwrap_err();
            assert_eq!(refused.status(), http::StatusCode::BAD_REQUEST, "{address}");
        }
    }
}
