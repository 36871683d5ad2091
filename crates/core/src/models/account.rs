use crate::Timestamp;
use crate::models::Model;
use crate::store::Extra;

/// A way to sign in: a password (`providerId` is `credential`) or an account at a provider.
#[derive(Debug, Clone, Model)]
#[model(name = "account")]
pub struct Account {
    #[field(id)]
    pub id: String,
    /// The provider's name for the user; the user's own id where it is a password.
    pub account_id: String,
    pub provider_id: String,
    #[field(references = "user", index)]
    pub user_id: String,
    #[field(returned = false)]
    pub access_token: Option<String>,
    #[field(returned = false)]
    pub refresh_token: Option<String>,
    #[field(returned = false)]
    pub id_token: Option<String>,
    #[field(returned = false)]
    pub access_token_expires_at: Option<Timestamp>,
    #[field(returned = false)]
    pub refresh_token_expires_at: Option<Timestamp>,
    pub scope: Option<String>,
    /// The hash, in the reference's format unless `emailAndPassword.password` says otherwise.
    #[field(returned = false)]
    pub password: Option<String>,
    #[field(default = now)]
    pub created_at: Timestamp,
    #[field(touched)]
    pub updated_at: Timestamp,
    pub extra: Extra,
}

impl Account {
    /// The provider id of accounts that are a password.
    pub const CREDENTIAL: &'static str = "credential";
}
