//! Access tokens: made of a session, and read again for introspection.
//!
//! The claims are `iss` (the base origin), `aud`, `sub` (the user's id), `sid` (the id of the session's
//! row, which is no secret), `jti`, `iat`, `exp`, and what the audience's configuration adds.

use serde_json::{Map, Value as Json};
use vestibule_core::call::Exchange;
use vestibule_core::key_set::Expected;
use vestibule_core::models::SessionUser;
use vestibule_core::{Error, Result};
use vestibule_tokens::encoding::decode_base64url;
use vestibule_tokens::jwt;

use super::audience::Audience;

/// A token that was minted.
pub(super) struct Minted {
    pub(super) token: String,
    pub(super) expires_in_seconds: i64,
}

/// Mints a token for an audience; `None` where the session ends before a second is over.
pub(super) async fn mint(
    call: &mut Exchange,
    audience: &Audience,
    proved: &SessionUser,
) -> Result<Option<Minted>> {
    let now = call.now().as_seconds();
    let wanted = (call.now() + audience.options.expires_in.0).as_seconds();
    let expires_at = wanted.min(proved.session.expires_at.as_seconds());
    if expires_at <= now {
        return Ok(None);
    }
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Json| claims.insert(name.to_owned(), value);
    claim("iss", call.base_url().origin().into());
    claim("aud", audience.claim().into());
    claim("sub", proved.user.id.as_str().into());
    claim("sid", proved.session.id.as_str().into());
    claim("jti", call.random().id().into());
    claim("iat", now.into());
    claim("exp", expires_at.into());
    let user = serde_json::to_value(&proved.user)
        .map_err(|error| Error::internal("write the claims of a user").with_source(error))?;
    for name in &audience.options.claims {
        // An absent claim says what null would, and is what verifiers expect.
        if let Some(value) = user.get(name).filter(|value| !value.is_null()) {
            claim(name, value.clone());
        }
    }
    let token = sign(call, audience, claims).await?;
    Ok(Some(Minted { token, expires_in_seconds: expires_at - now }))
}

async fn sign(
    call: &mut Exchange,
    audience: &Audience,
    claims: Map<String, Json>,
) -> Result<String> {
    let token_type = audience.options.r#type.as_str();
    let Some(algorithm) = audience.options.algorithm.asymmetric() else {
        let keys = audience.shared_keys(call.auth().secrets());
        return Ok(jwt::sign_as(&keys[0], token_type, claims));
    };
    let auth = call.auth().clone();
    let key_set = auth.key_set().ok_or_else(|| {
        Error::internal(format!("sign for `tokens.{}`: there is no key set", audience.name))
    })?;
    key_set.sign(call, algorithm, Some(token_type), claims).await
}

/// The claims of a token that this server minted for one of the audiences and that has not expired.
pub(super) async fn read(
    call: &mut Exchange,
    audiences: &[Audience],
    token: &str,
) -> Result<Option<Map<String, Json>>> {
    let Some(asserted) = asserted_audience(token) else { return Ok(None) };
    // By its own word the token is of this audience; whether that is true, its key says.
    let Some(audience) = audiences.iter().find(|audience| audience.claim() == asserted) else {
        return Ok(None);
    };
    let token_type = audience.options.r#type.as_str();
    if audience.options.algorithm.asymmetric().is_none() {
        let now = call.now().as_seconds();
        let keys = audience.shared_keys(call.auth().secrets());
        return Ok(keys.iter().find_map(|key| jwt::verify_as(key, token_type, token, now).ok()));
    }
    let auth = call.auth().clone();
    let Some(key_set) = auth.key_set() else { return Ok(None) };
    let expected = Expected {
        token_type: Some(token_type),
        audience: Some(audience.claim()),
        ..Expected::default()
    };
    key_set.verify(call, token, expected).await
}

/// What a token says its audience is, not yet verified.
fn asserted_audience(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let mut claims: Map<String, Json> = serde_json::from_slice(&decode_base64url(payload)?).ok()?;
    match claims.remove("aud")? {
        Json::String(audience) => Some(audience),
        _ => None,
    }
}
