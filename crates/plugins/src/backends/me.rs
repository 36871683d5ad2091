//! `GET /auth/me`

use std::sync::Arc;

use vestibule_core::endpoint::configured;
use vestibule_core::models::User;
use vestibule_core::prelude::*;

use super::Backends;
use super::caller::Known;

pub(super) fn endpoint(plugin: &Arc<Backends>) -> Endpoint {
    Endpoint::get(configured(plugin.options.me_path.clone()), plugin, me)
        .id("getMe")
        .at_origin()
        .no_store()
}

async fn me(_: &Backends, call: &mut Call<Known>, (): ()) -> Result<User> {
    Ok(call.caller.0.user.clone())
}
