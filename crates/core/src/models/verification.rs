use crate::Timestamp;
use crate::models::Model;
use crate::store::Extra;

/// A value that proves something once, until it expires.
#[derive(Debug, Clone, Model)]
#[model(name = "verification")]
pub struct Verification {
    #[field(id)]
    pub id: String,
    #[field(index)]
    pub identifier: String,
    pub value: String,
    pub expires_at: Timestamp,
    #[field(default = now)]
    pub created_at: Timestamp,
    #[field(default = now, touched)]
    pub updated_at: Timestamp,
    pub extra: Extra,
}
