//! What an endpoint file needs.

pub use crate::call::Call;
pub use crate::caller::{Anyone, Fresh, MaybeSignedIn, Sensitive, SignedIn};
pub use crate::endpoint::{Endpoint, Reply};
pub use crate::error::{Error, Result};
pub use crate::models::SessionUser;
pub use crate::shape::{Query, Shape};
pub use crate::store::ModelRow;
