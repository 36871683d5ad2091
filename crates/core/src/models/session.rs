use serde::Serialize;

use super::User;
use crate::Timestamp;
use crate::models::Model;
use crate::shape::Shape;
use crate::store::Extra;

/// One sign-in of a user on one device.
#[derive(Debug, Clone, Model)]
#[model(name = "session")]
pub struct Session {
    #[field(id)]
    pub id: String,
    pub expires_at: Timestamp,
    /// The secret of the session cookie, in clear; 32 letters and digits.
    #[field(unique)]
    pub token: String,
    #[field(default = now)]
    pub created_at: Timestamp,
    #[field(touched)]
    pub updated_at: Timestamp,
    /// Empty when unknown.
    pub ip_address: Option<String>,
    /// Empty when unknown.
    pub user_agent: Option<String>,
    #[field(references = "user", index)]
    pub user_id: String,
    pub extra: Extra,
}

/// A session and whose it is: the answer of `/get-session`.
#[derive(Debug, Clone, Serialize, Shape)]
pub struct SessionUser {
    pub session: Session,
    pub user: User,
}
