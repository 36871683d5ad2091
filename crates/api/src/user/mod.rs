pub(crate) mod change_email;
pub(crate) mod update;
