//! The kit against a real auth server: its tables in SQLite and PostgreSQL, and its endpoints over
//! loopback.

mod attacks;
mod axum_router;
mod database;
mod database_faults;
mod issued;
mod key_sets;
mod mirror;
mod modes;
mod reference;
mod remote;
mod world;
