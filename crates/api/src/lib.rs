//! The endpoints of Better Auth's core, one file each.
//!
//! To the engine they are one more plugin: [`Core`] contributes them, and nothing else knows them.
//!
//! Reference: better-auth 1.7.7, `api/routes`.

mod email_verification;
mod error_page;
mod events;
mod ok;
mod password;
mod session;
mod sign_in;
mod sign_out;
mod sign_up;
mod status;
mod user;

use std::sync::Arc;

use vestibule_core::error_codes;
use vestibule_core::plugin::{Contribution, Plugin};

/// The core's endpoints, as a plugin.
#[derive(Debug, Default)]
pub struct Core;

impl Plugin for Core {
    fn id(&self) -> &'static str {
        "core"
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        let mut endpoints = vec![
            sign_up::email::endpoint(&self),
            sign_in::email::endpoint(&self),
            sign_out::endpoint(&self),
            session::list::endpoint(&self),
            session::revoke::endpoint(&self),
            session::revoke_all::endpoint(&self),
            session::revoke_others::endpoint(&self),
            session::update::endpoint(&self),
            user::update::endpoint(&self),
            user::change_email::endpoint(&self),
            email_verification::send::endpoint(&self),
            email_verification::verify::endpoint(&self),
            password::change::endpoint(&self),
            password::verify::endpoint(&self),
            ok::endpoint(&self),
            error_page::endpoint(&self),
            events::endpoint(&self),
        ];
        endpoints.extend(session::get::endpoints(&self));
        Contribution { endpoints, error_codes: error_codes::ALL, ..Contribution::default() }
    }
}
