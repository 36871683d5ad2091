//! `POST /introspect` (RFC 7662)
//!
//! A service asks whether a token is active: that of a session, signed or not, or one that
//! `/auth/token` minted. The latter is active only while the session is that it came from, so whoever
//! asks sees a sign-out at once. Asking prolongs nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use vestibule_core::models::Session;
use vestibule_core::prelude::*;

use super::Backends;
use super::access_token::read;
use super::caller::{Client, session_of};

pub(super) fn endpoint(plugin: &Arc<Backends>) -> Endpoint {
    Endpoint::post("/introspect", plugin, introspect)
        .id("introspectToken")
        .accepts_forms()
        .oauth_errors()
        .no_store()
}

#[derive(Deserialize, Shape)]
struct Body {
    /// The token of a session, or an access token
    token: String,
    /// Ignored: what kind of token it is can be seen
    #[expect(dead_code, reason = "it must be a text, and is of no use")]
    token_type_hint: Option<String>,
}

#[derive(Serialize, Shape)]
struct Introspected {
    active: bool,
    /// With an active token: `sub`, `sid`, `iss`, `iat`, `exp`; an access token's other claims too
    #[serde(flatten)]
    claims: Map<String, Json>,
}

async fn introspect(
    plugin: &Backends,
    call: &mut Call<Client>,
    body: Body,
) -> Result<Introspected> {
    let token = body.token.trim();
    let claims = match token.matches('.').count() {
        2 => claims_of_access_token(plugin, call, token).await?,
        _ => claims_of_session(call, token).await?,
    };
    Ok(Introspected { active: claims.is_some(), claims: claims.unwrap_or_default() })
}

async fn claims_of_access_token(
    plugin: &Backends,
    call: &mut Call<Client>,
    token: &str,
) -> Result<Option<Map<String, Json>>> {
    let Some(mut claims) = read(call, &plugin.audiences, token).await? else { return Ok(None) };
    let text = |name: &str| claims.get(name).and_then(Json::as_str);
    let (Some(user_id), Some(session_id)) = (text("sub"), text("sid")) else { return Ok(None) };
    let is_it = Session::ID.eq(session_id).and(Session::USER_ID.eq(user_id));
    let session = call.table::<Session>().find_one(is_it).await?;
    if session.is_none_or(|session| session.expires_at <= call.now()) {
        return Ok(None);
    }
    claims.insert("token_type".to_owned(), "Bearer".into());
    Ok(Some(claims))
}

async fn claims_of_session(
    call: &mut Call<Client>,
    token: &str,
) -> Result<Option<Map<String, Json>>> {
    let Some((SessionUser { session, .. }, _)) = session_of(call, token).await? else {
        return Ok(None);
    };
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Json| claims.insert(name.to_owned(), value);
    claim("iss", call.base_url().origin().into());
    claim("sub", session.user_id.into());
    claim("sid", session.id.into());
    claim("iat", session.created_at.as_seconds().into());
    claim("exp", session.expires_at.as_seconds().into());
    claim("token_type", "session".into());
    Ok(Some(claims))
}
