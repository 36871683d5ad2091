//! `GET /.well-known/jwks.json` and `GET /.well-known/openid-configuration`, at the origin
//!
//! Frameworks that take an authority (`Authority` in .NET, `issuer-uri` in Spring) ask these for the
//! keys, and need to be told nothing else. They describe the issuer that is the base URL's origin.
//!
//! This is no OpenID provider: nobody signs in here by OAuth. Discovery says so by what it leaves out
//! (`authorization_endpoint`, `token_endpoint`) and by an empty list of response types, although
//! OpenID Connect Discovery (3) asks for all of them. What verifies tokens reads none of these.
//! Only algorithms that keys in the set have are named, so RS256 is where a key of RS256 is.

use std::sync::Arc;

use serde::Serialize;
use vestibule_core::prelude::*;
use vestibule_tokens::jose::Algorithm;

use super::Jwt;
use super::jwks::jwks;

pub(super) fn endpoints(plugin: &Arc<Jwt>) -> [Endpoint; 2] {
    [
        Endpoint::get("/.well-known/jwks.json", plugin, jwks).at_origin().id("getWellKnownKeySet"),
        Endpoint::get("/.well-known/openid-configuration", plugin, configuration)
            .at_origin()
            .id("getOpenIDConfiguration"),
    ]
}

#[derive(Serialize, Shape)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
    response_types_supported: Vec<String>,
    grant_types_supported: Vec<String>,
    subject_types_supported: Vec<String>,
    id_token_signing_alg_values_supported: Vec<String>,
}

async fn configuration(plugin: &Jwt, call: &mut Call, (): ()) -> Result<Configuration> {
    let issuer = call.base_url().origin().to_owned();
    let jwks_uri = match &plugin.options.jwks.remote_url {
        Some(url) => url.clone(),
        None => format!("{issuer}/.well-known/jwks.json"),
    };
    let algorithms = plugin.listed_algorithms(call).await?;
    Ok(Configuration {
        issuer,
        jwks_uri,
        response_types_supported: Vec::new(),
        grant_types_supported: Vec::new(),
        subject_types_supported: vec!["public".to_owned()],
        id_token_signing_alg_values_supported: algorithms
            .into_iter()
            .map(|algorithm| algorithm.name().to_owned())
            .collect(),
    })
}

impl Jwt {
    /// The algorithms of the key set; that of the first key, where none was made yet.
    async fn listed_algorithms(&self, call: &Call) -> Result<Vec<Algorithm>> {
        let mut algorithms = vec![self.options.primary()];
        if self.options.jwks.remote_url.is_none() {
            let keys = self.listed_keys(call).await?;
            if !keys.is_empty() {
                algorithms = keys.iter().filter_map(|key| self.algorithm_of(key)).collect();
            }
        }
        algorithms.sort();
        algorithms.dedup();
        Ok(algorithms)
    }
}
