//! `GET /ok`

use std::sync::Arc;

use serde::Serialize;
use vestibule_core::prelude::*;

use crate::Core;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::get("/ok", core, ok).id("ok")
}

#[derive(Serialize, Shape)]
struct Body {
    ok: bool,
}

async fn ok(_: &Core, _: &mut Call, (): ()) -> Result<Body> {
    Ok(Body { ok: true })
}
