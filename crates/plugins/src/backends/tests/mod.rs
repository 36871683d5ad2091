//! Through the front door: actors ask, answers are compared.

mod introspect;
mod me;
mod start;
mod token;
mod verify;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use vestibule_core::call::Exchange;
use vestibule_core::key_set::{Expected, KeySet};
use vestibule_core::plugin::{Contribution, Plugin};
use vestibule_core::service_key::Service;
use vestibule_core::{Error, Result};
use vestibule_testkit::{TestAuth, TestAuthBuilder};
use vestibule_tokens::encoding::{base64url, decode_base64url};
use vestibule_tokens::jose::Algorithm;

use super::audience::{AudienceOptions, SigningAlgorithm};
use super::{BackendOptions, Backends};

/// `TestAuth`'s.
const SECRET: &str = "a-secret-for-tests-of-32-characters!";

/// A server with the audience `api`, whose tokens are HS256, and the services `api` and `shop`.
fn server() -> TestAuthBuilder {
    server_with(Backends::new(BackendOptions::default()).audience("api", shared()))
}

fn server_with(backends: Backends) -> TestAuthBuilder {
    let service = |name: &str| Service { name: name.to_owned(), key_versions: vec![1] };
    TestAuth::builder().configure(move |builder| {
        builder.plugin(backends).services([service("api"), service("shop")])
    })
}

fn shared() -> AudienceOptions {
    AudienceOptions::new(SigningAlgorithm::Hs256)
}

/// An audience as the configuration has it.
fn audience(options: Json) -> AudienceOptions {
    serde_json::from_value(options).unwrap()
}

fn parts(token: &str) -> (Json, Json) {
    let mut parts = token.split('.').map(|part| decode_base64url(part).unwrap());
    let mut part = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (part(), part())
}

/// Keys that are none: what it signs says so, and it knows its own signature.
struct PretendedKeys;

impl PretendedKeys {
    fn signature(signed: &str) -> String {
        base64url(format!("signed:{}", signed.len()))
    }
}

impl Plugin for PretendedKeys {
    fn id(&self) -> &'static str {
        "pretended-keys"
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        Contribution { key_set: Some(self), ..Contribution::default() }
    }
}

#[async_trait]
impl KeySet for PretendedKeys {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDsa
    }

    async fn sign(
        &self,
        _: &mut Exchange,
        algorithm: Algorithm,
        token_type: Option<&'static str>,
        claims: Map<String, Json>,
    ) -> Result<String> {
        let header = json!({ "alg": algorithm, "kid": "pretended", "typ": token_type });
        let signed = format!(
            "{}.{}",
            base64url(header.to_string()),
            base64url(Json::from(claims).to_string())
        );
        let signature = Self::signature(&signed);
        Ok(format!("{signed}.{signature}"))
    }

    async fn verify(
        &self,
        call: &mut Exchange,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<Option<Map<String, Json>>> {
        let Some((signed, signature)) = token.rsplit_once('.') else { return Ok(None) };
        if signature != Self::signature(signed) {
            return Ok(None);
        }
        let (header, claims) = parts(token);
        let holds = header["typ"].as_str() == expected.token_type
            && claims["aud"].as_str() == expected.audience
            && claims["exp"].as_i64() > Some(call.now().as_seconds());
        match claims {
            Json::Object(claims) if holds => Ok(Some(claims)),
            Json::Object(_) => Ok(None),
            _ => Err(Error::internal("read claims")),
        }
    }
}
