use crate::Timestamp;
use crate::models::Model;
use crate::store::Extra;

/// A person.
#[derive(Debug, Clone, Model)]
#[model(name = "user")]
pub struct User {
    #[field(id)]
    pub id: String,
    pub name: String,
    /// In lower case.
    #[field(unique)]
    pub email: String,
    #[field(input = false, default = false)]
    pub email_verified: bool,
    pub image: Option<String>,
    #[field(default = now)]
    pub created_at: Timestamp,
    #[field(default = now, touched)]
    pub updated_at: Timestamp,
    pub extra: Extra,
}
