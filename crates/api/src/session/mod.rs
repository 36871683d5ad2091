pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod revoke_all;
pub(crate) mod revoke_others;
pub(crate) mod update;
