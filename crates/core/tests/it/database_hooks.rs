use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use insta::assert_snapshot;
use serde_json::json;
use vestibule_core::call::Exchange;
use vestibule_core::hook::{DatabaseHook, Verdict};
use vestibule_core::models::{Account, User};
use vestibule_core::prelude::*;
use vestibule_core::store::{Changes, Row};
use vestibule_testkit::{PASSWORD, TestAuth};

/// Writes down what happens to users, and keeps Mallory out.
#[derive(Clone, Default)]
struct Guard(Arc<Mutex<Vec<String>>>);

impl Guard {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

#[async_trait]
impl DatabaseHook for Guard {
    fn model(&self) -> &'static str {
        User::MODEL
    }

    async fn before_create(&self, row: &mut Row, call: &mut Exchange) -> Result<Verdict> {
        let count =
            call.store().count(row.model.clone(), vestibule_core::store::Filter::EVERYTHING);
        self.note(format!("before create, {} there", count.await?));
        if row.values[User::NAME.position] == "Mallory".into() {
            return Ok(Verdict::Cancel);
        }
        row.set("image", "https://images.example/default.png".into());
        Ok(Verdict::Continue)
    }

    async fn after_create(&self, row: &Row, call: &mut Exchange) -> Result<()> {
        let filter = Account::USER_ID.eq(User::from_row(row.clone())?.id);
        let accounts = call.store().count(call.model(Account::MODEL).clone(), filter).await?;
        self.note(format!("after create, {accounts} account"));
        Ok(())
    }

    async fn before_update(&self, changes: &mut Changes, _: &mut Exchange) -> Result<Verdict> {
        let renames = changes.iter().any(|(field, _)| *field == User::NAME.position);
        self.note(format!("before update, renames: {renames}"));
        Ok(Verdict::Continue)
    }

    async fn after_update(&self, row: &Row, _: &mut Exchange) -> Result<()> {
        self.note(format!("after update to {}", User::from_row(row.clone())?.name));
        Ok(())
    }
}

#[tokio::test]
async fn hooks_see_writes_and_run_after_the_commit() {
    let guard = Guard::default();
    let kept = guard.clone();
    let app = TestAuth::builder().configure(|builder| builder.database_hook(guard)).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    alice.post("/update-user", json!({ "name": "Alice" })).await.expect_ok();
    assert_eq!(
        alice.get("/get-session").await.json()["user"]["image"],
        "https://images.example/default.png"
    );
    assert_snapshot!(kept.0.lock().unwrap().join("\n"), @r"
    before create, 0 there
    after create, 1 account
    before update, renames: true
    after update to Alice
    ");
}

#[tokio::test]
async fn a_cancelled_create_leaves_nothing_behind() {
    let guard = Guard::default();
    let app = TestAuth::builder().configure(|builder| builder.database_hook(guard)).start().await;
    let body = json!({ "name": "Mallory", "email": "m@example.com", "password": PASSWORD });
    let refused = app.anyone().post("/sign-up/email", body).await;
    assert_snapshot!(refused.line(), @r#"400 {"message":"Failed to create user","code":"FAILED_TO_CREATE_USER"}"#);
    assert!(refused.set_cookies().is_empty());
    let body = json!({ "email": "m@example.com", "password": PASSWORD });
    assert_eq!(app.anyone().post("/sign-in/email", body).await.status, 401);
}

/// Lets nobody have a password.
struct NoPasswords;

#[async_trait]
impl DatabaseHook for NoPasswords {
    fn model(&self) -> &'static str {
        Account::MODEL
    }

    async fn before_create(&self, _: &mut Row, _: &mut Exchange) -> Result<Verdict> {
        Ok(Verdict::Cancel)
    }
}

// Difference: no-half-made-users.
#[tokio::test]
async fn a_cancelled_account_undoes_its_user() {
    let app =
        TestAuth::builder().configure(|builder| builder.database_hook(NoPasswords)).start().await;
    let body = json!({ "name": "A", "email": "a@example.com", "password": PASSWORD });
    assert_eq!(app.anyone().post("/sign-up/email", body.clone()).await.status, 400);
    let again = app.anyone().post("/sign-up/email", body).await;
    assert_eq!(again.json()["code"], "FAILED_TO_CREATE_USER", "the address is still free");
}
