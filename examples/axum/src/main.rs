//! A notes backend that knows its users by Better Auth's sessions, and has tables of its own beside
//! Better Auth's. Everything about who somebody is comes from `vestibule-verify`.
//!
//! [`app`] is the whole of it, [`notes`] is what the service is for, and [`store`] keeps it in
//! PostgreSQL or SQLite.

mod app;
mod notes;
mod problem;
mod settings;
mod store;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use crate::app::App;
use crate::settings::Settings;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().init();
    // The file that the frontend and `vestibule serve` read as well, if there is one.
    let _ = dotenvy::dotenv();
    let settings = Settings::read()?;
    let app = App::start(&settings).await?;
    let listener = TcpListener::bind(&settings.address)
        .await
        .with_context(|| format!("failed to listen on {}", settings.address))?;
    tracing::info!("listening on http://{}", settings.address);
    axum::serve(listener, app.router(&settings)?).await?;
    Ok(())
}
