//! Everything that a plugin can contribute, by one that does.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use insta::assert_snapshot;
use serde::{Deserialize, Serialize};
use serde_json::json;
use vestibule_core::auth::BuildError;
use vestibule_core::error::ErrorCode;
use vestibule_core::models::Model;
use vestibule_core::options::{Options, RateRule};
use vestibule_core::plugin::{Contribution, ModelDeclaration, ModelNames, Plugin, RateLimitRule};
use vestibule_core::prelude::*;
use vestibule_core::schema::{Field, FieldKind};
use vestibule_core::store::Extra;
use vestibule_testkit::TestAuth;

const EMPTY_NOTE: ErrorCode = ErrorCode { code: "EMPTY_NOTE", message: "A note has a text" };

/// Notes of users.
#[derive(Default)]
struct Notes {
    limit_bytes: usize,
    names: ModelNames,
}

#[derive(Debug, Clone, Model)]
#[model(name = "note")]
struct Note {
    #[field(id)]
    id: String,
    text: String,
    #[field(references = "user", index)]
    user_id: String,
    extra: Extra,
}

impl Plugin for Notes {
    fn id(&self) -> &'static str {
        "notes"
    }

    fn check(&self, options: &Options) -> Result<(), BuildError> {
        if !options.email_and_password.enabled {
            return Err(BuildError::Option {
                option: "plugins.notes".to_owned(),
                reason: "it needs `emailAndPassword.enabled`".to_owned(),
            });
        }
        Ok(())
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        let motto = Field { required: false, ..Field::new("motto", FieldKind::String) };
        Contribution {
            endpoints: vec![
                Endpoint::post("/notes/add", &self, add).id("addNote"),
                Endpoint::get("/notes/:id", &self, read).id("readNote"),
            ],
            models: vec![ModelDeclaration::of::<Note>().named(&self.names)],
            fields: vec![("user", motto)],
            rate_limits: vec![RateLimitRule {
                matches: |path| path == "/notes/add",
                rule: RateRule { window: 60, max: 2 },
            }],
            trusted_origins: vec!["https://notes.example".to_owned()],
            error_codes: const { &[EMPTY_NOTE] },
            ..Contribution::default()
        }
    }
}

#[derive(Deserialize, Shape)]
struct Body {
    /// The text of the note
    text: String,
}

#[derive(Serialize, Shape)]
struct Added {
    id: String,
}

async fn add(plugin: &Notes, call: &mut Call<SignedIn>, body: Body) -> Result<Added> {
    if body.text.is_empty() {
        return Err(Error::bad_request(EMPTY_NOTE));
    }
    if body.text.len() > plugin.limit_bytes {
        return Err(Error::bad_request("The note is too long"));
    }
    let mut row = call.new_row(Note::MODEL);
    row.values[Note::TEXT.position] = body.text.into();
    row.values[Note::USER_ID.position] = call.caller.0.user.id.as_str().into();
    let Some(row) = call.create(row).await? else {
        return Err(Error::internal("add a note"));
    };
    for name in ["x-note", "x-count", "x-note"] {
        call.set_exposed_header(HeaderName::from_static(name), HeaderValue::from_static("1"));
    }
    Ok(Added { id: Note::from_row(row)?.id })
}

async fn read(_: &Notes, call: &mut Call<SignedIn>, (): ()) -> Result<Note> {
    let (_, id) = call.params[0].clone();
    let own = Note::ID.eq(id).and(Note::USER_ID.eq(call.caller.0.user.id.as_str()));
    let note = call.table::<Note>().find_one(own).await?;
    note.ok_or_else(|| Error::not_found("There is no such note"))
}

async fn app() -> TestAuth {
    TestAuth::builder()
        .configure(|builder| builder.plugin(Notes { limit_bytes: 10, ..Notes::default() }))
        .start()
        .await
}

#[tokio::test]
async fn its_endpoints_tables_and_errors_are_there() {
    let app = app().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let added = alice.post("/notes/add", json!({ "text": "hello" })).await;
    assert_eq!(added.headers["access-control-expose-headers"], "x-note, x-count");
    let path = format!("/notes/{}", added.json()["id"].as_str().unwrap());
    assert_eq!(alice.get(&path).await.json()["text"], "hello");

    let mut bob = app.sign_up("bob@example.com").await;
    assert_snapshot!(bob.get(&path).await.line(), @r#"404 {"message":"There is no such note"}"#);
    assert_snapshot!(bob.post("/notes/add", json!({ "text": "" })).await.line(), @r#"400 {"message":"A note has a text","code":"EMPTY_NOTE"}"#);
    assert_snapshot!(bob.post("/notes/add", json!({})).await.line(), @r#"400 {"message":"[body.text] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}"#);
    assert_snapshot!(app.anyone().post("/notes/add", json!({ "text": "x" })).await.line(), @r#"401 {"message":"Unauthorized","code":"UNAUTHORIZED"}"#);
}

#[tokio::test]
async fn its_fields_are_part_of_the_user() {
    let app = app().await;
    let mut alice = app.sign_up("alice@example.com").await;
    alice.post("/update-user", json!({ "motto": "carpe diem" })).await.expect_ok();
    assert_eq!(alice.get("/get-session").await.json()["user"]["motto"], "carpe diem");
}

#[tokio::test]
async fn its_origins_are_trusted_and_its_limits_hold() {
    let app = TestAuth::builder()
        .options(|options| options.rate_limit.enabled = Some(true))
        .configure(|builder| builder.plugin(Notes { limit_bytes: 10, ..Notes::default() }))
        .start()
        .await;
    let alice = app.sign_up("alice@example.com").await;
    let mut page = alice.with_header("origin", "https://notes.example");
    for status in [200, 200, 429] {
        assert_eq!(page.post("/notes/add", json!({ "text": "x" })).await.status, status);
    }
}

#[tokio::test]
async fn a_plugin_is_there_once_and_a_path_is_one_plugins() {
    let twice = vestibule_core::Auth::builder(Default::default())
        .plugin(Notes::default())
        .plugin(Notes::default())
        .build();
    assert_snapshot!(twice.unwrap_err(), @"the plugin `notes` is there twice");
}

#[tokio::test]
async fn it_may_ask_something_of_the_other_options() {
    let built = vestibule_core::Auth::builder(Default::default()).plugin(Notes::default()).build();
    assert_snapshot!(built.unwrap_err(), @"`plugins.notes`: it needs `emailAndPassword.enabled`");
}

#[tokio::test]
async fn its_tables_and_columns_have_the_names_of_the_options() {
    let names = json!({ "modelName": "memos", "fields": { "userId": "owner_id" } });
    let names: ModelNames = serde_json::from_value(names).unwrap();
    let named = Notes { names, ..Notes::default() };
    let schema = vestibule_core::Auth::builder(Default::default()).plugin(named).schema().unwrap();
    let model = schema.model("note").unwrap();
    assert_eq!(model.table, "memos");
    assert_eq!(model.field("userId").unwrap().column, "owner_id");

    let names =
        ModelNames { fields: [("owner".to_owned(), "x".to_owned())].into(), ..Default::default() };
    let misnamed = Notes { names, ..Notes::default() };
    let schema = vestibule_core::Auth::builder(Default::default()).plugin(misnamed).schema();
    assert_snapshot!(schema.unwrap_err(), @"the schema does not fit together: `note` has no field `owner` to rename; it has text, userId");
}
