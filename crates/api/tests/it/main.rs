//! The core's endpoints through the front door.

mod change_email;
mod email_verification;
mod error_page;
mod events;
mod password;
mod routing;
mod session;
mod session_cache;
mod sign_in;
mod sign_out;
mod sign_up;
mod update_session;
mod update_user;
