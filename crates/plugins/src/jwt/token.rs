//! `GET /token`

use std::sync::Arc;

use serde::Serialize;
use vestibule_core::prelude::*;

use super::Jwt;

pub(super) fn endpoint(plugin: &Arc<Jwt>) -> Endpoint {
    Endpoint::get("/token", plugin, token).id("getJSONWebToken").no_store()
}

#[derive(Serialize, Shape)]
struct Token {
    token: String,
}

async fn token(plugin: &Jwt, call: &mut Call<SignedIn>, (): ()) -> Result<Token> {
    let session = call.caller.0.clone();
    Ok(Token { token: plugin.session_token(call, &session).await? })
}
