//! Vestibule inside an axum application: people sign up, and one route is theirs alone.
//!
//! ```text
//! cargo run -p embedded
//! curl -c jar -H 'content-type: application/json' http://localhost:3000/api/auth/sign-up/email \
//!     -d '{"name":"Ada","email":"ada@example.com","password":"correct horse"}'
//! curl -b jar http://localhost:3000/hello
//! ```

use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use vestibule::Session;
use vestibule::options::{BaseUrlOption, EmailAndPasswordOptions, Options, Secret};
use vestibule::sql::Database;
use vestibule::sql::url::DatabaseUrl;

#[tokio::main]
async fn main() -> Result<()> {
    let builder = vestibule::builder(Options {
        base_url: Some(BaseUrlOption::Static("http://localhost:3000".to_owned())),
        // Yours is 32 random bytes that stand in no repository.
        secret: Some(Secret::new("an example's secret is known to everybody")),
        email_and_password: EmailAndPasswordOptions { enabled: true, ..Default::default() },
        ..Options::default()
    });
    let database =
        Database::connect(&DatabaseUrl::parse("sqlite:///embedded.db")?, &builder.schema()?)?;
    database.migrate().await?;
    let auth = builder.store(database.store()).build()?;

    let app = Router::new()
        .route("/", get(home))
        .route("/hello", get(hello))
        .merge(vestibule::router(auth.clone()))
        .with_state(auth);
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// For everybody.
async fn home(session: Option<Session>) -> String {
    match session {
        Some(Session(found)) => format!("Welcome back, {}", found.user.name),
        None => "Welcome, stranger".to_owned(),
    }
}

/// For whoever is signed in; others get 401.
async fn hello(Session(found): Session) -> String {
    format!("Hello, {}", found.user.name)
}
