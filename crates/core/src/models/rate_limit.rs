use crate::models::Model;
use crate::store::Extra;

/// The requests of one client on one path. The table exists with `rateLimit.storage = "database"` alone.
#[derive(Debug, Clone, Model)]
#[model(name = "rateLimit")]
pub struct RateLimit {
    #[field(id)]
    pub id: String,
    /// `<ip>|<path>`.
    #[field(unique)]
    pub key: String,
    pub count: i64,
    /// Milliseconds since 1970.
    #[field(big)]
    pub last_request: i64,
    pub extra: Extra,
}
