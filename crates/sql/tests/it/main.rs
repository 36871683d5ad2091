//! The stores against real databases: the suite of all stores, migrations beside the reference's, faults.

mod diagnosis;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_faults;
#[cfg(feature = "postgres")]
mod postgres_migrations;
#[cfg(feature = "postgres")]
mod postgres_outbox;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod reconcile;
mod schemas;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_faults;
#[cfg(feature = "sqlite")]
mod sqlite_migrations;
