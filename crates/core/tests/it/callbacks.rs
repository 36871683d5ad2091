use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::StatusCode;
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value as Json, json};
use vestibule_core::callback::{Callback, CallbackError, Delivery, Webhooks};
use vestibule_testkit::{PASSWORD, TestAuth};

/// Somebody's application: keeps what it was told, and answers by the address.
#[derive(Clone, Default)]
struct Application(Arc<Mutex<Vec<Json>>>);

#[async_trait]
impl Webhooks for Application {
    async fn call(&self, delivery: Delivery) -> Result<Json, CallbackError> {
        let email = delivery.data["user"]["email"].clone();
        self.0.lock().unwrap().push(serde_json::to_value(&delivery).unwrap());
        match email.as_str() {
            Some("banned@example.com") => Ok(json!({ "error": "BANNED" })),
            Some("down@example.com") => {
                Err(CallbackError::Failed { reason: "connection refused".to_owned() })
            }
            Some("odd@example.com") => Ok(json!("not an object")),
            Some("thrown@example.com") => Err(CallbackError::Refused {
                status: StatusCode::IM_A_TEAPOT,
                message: "Short and stout".to_owned(),
                code: Some("TEAPOT".to_owned()),
            }),
            _ => Ok(Json::Null),
        }
    }

    async fn notify(&self, delivery: Delivery) {
        self.0.lock().unwrap().push(serde_json::to_value(&delivery).unwrap());
    }
}

#[tokio::test]
async fn a_webhook_stands_in_for_a_function() {
    let application = Application::default();
    let told = application.clone();
    let app = TestAuth::builder()
        .json(json!({
            "emailAndPassword": { "enabled": true },
            "user": { "validateUserInfo": { "webhook": "https://app.example/hooks" } },
        }))
        .configure(move |builder| builder.webhooks(Arc::new(application)))
        .start()
        .await;

    let mut visitor = app.anyone().with_header("authorization", "Bearer secret");
    let body = json!({ "name": "A", "email": "alice@example.com", "password": PASSWORD });
    visitor.post("/sign-up/email", body).await.expect_ok();
    assert_json_snapshot!(told.0.lock().unwrap()[0], @r#"
    {
      "type": "user.validateUserInfo",
      "data": {
        "user": {
          "name": "A",
          "email": "alice@example.com",
          "emailVerified": false,
          "createdAt": "2030-01-01T00:00:00.123Z",
          "updatedAt": "2030-01-01T00:00:00.123Z"
        },
        "source": {
          "action": "create-user",
          "method": "email-password"
        }
      },
      "request": {
        "method": "POST",
        "url": "http://localhost:3000/api/auth/sign-up/email",
        "headers": {
          "content-type": "application/json"
        }
      }
    }
    "#);
}

#[tokio::test]
async fn a_webhook_that_fails_closes_the_door() {
    let app = TestAuth::builder()
        .json(json!({
            "emailAndPassword": { "enabled": true },
            "user": { "validateUserInfo": { "webhook": "https://app.example/hooks" } },
        }))
        .configure(|builder| builder.webhooks(Arc::new(Application::default())))
        .start()
        .await;
    let mut lines = Vec::new();
    for name in ["banned", "down", "odd", "thrown"] {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email, "password": PASSWORD });
        let answer = app.anyone().post("/sign-up/email", body).await;
        lines.push(format!("{name}: {}", answer.line()));
    }
    assert_snapshot!(lines.join("\n"), @r#"
    banned: 403 {"message":"BANNED","code":"BANNED"}
    down: 403 {"message":"User validation failed","code":"validation_failed"}
    odd: 200 {"token":"HSDqypUyTqha9O1KKVCQYCFka5R8X5r6","user":{"name":"odd","email":"odd@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","id":"RugpwYzS5Y0qw78NapPT57Nyk80LYfdm"}}
    thrown: 403 {"message":"User validation failed","code":"validation_failed"}
    "#);
}

#[test]
fn a_webhook_has_an_url() {
    let options = json!({ "user": { "validateUserInfo": { "webhook": "app.example" } } });
    let error = serde_json::from_value::<vestibule_core::options::Options>(options).unwrap_err();
    assert_snapshot!(error, @r#"expected an http or https URL for `webhook`, found "app.example""#);
}

#[tokio::test]
async fn several_arguments_stand_beside_the_first() {
    let application = Application::default();
    let told = application.clone();
    let app = TestAuth::builder()
        .configure(move |builder| builder.webhooks(Arc::new(application)))
        .start()
        .await;
    let call = app.auth.unrequested().unwrap();
    let function: Callback<(Json, Option<u8>, Json), Json> = Callback::webhook("https://a.example");
    let arguments = (json!({ "sub": "u1" }), None, json!({}));
    function.call_with_arguments(&call, "jwt.sign", arguments.clone()).await.unwrap();
    let mut delivery = told.0.lock().unwrap()[0].clone();
    delivery.as_object_mut().unwrap().remove("request");
    assert_snapshot!(delivery, @r#"{"type":"jwt.sign","data":{"sub":"u1"},"args":[{"sub":"u1"},null,{}]}"#);

    let code = Callback::new(|(first, _, _): (Json, Option<u8>, Json)| async move { Ok(first) });
    let answer: Json = code.call_with_arguments(&call, "jwt.sign", arguments).await.unwrap();
    assert_eq!(answer, json!({ "sub": "u1" }));
}
