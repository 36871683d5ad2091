pub(crate) mod email;
