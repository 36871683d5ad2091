//! What stops the start, and what the description says.

use insta::{assert_json_snapshot, assert_snapshot};
use vestibule_core::Auth;
use vestibule_core::options::Options;
use vestibule_core::store::memory::MemoryStore;

use super::*;

fn refusal(audiences: &[(&str, Json)]) -> String {
    let backends = audiences
        .iter()
        .fold(Backends::new(BackendOptions::default()), |backends, (name, options)| {
            backends.audience(*name, audience(options.clone()))
        });
    let options: Options = serde_json::from_value(json!({
        "user": { "additionalFields": {
            "role": { "type": "string" },
            "pin": { "type": "string", "returned": false },
            "sid": { "type": "string" },
        } },
    }))
    .unwrap();
    let builder = Auth::builder(options).plugin(vestibule_api::Core).plugin(backends);
    let store = Arc::new(MemoryStore::new(&builder.schema().unwrap()));
    match builder.store(store).build() {
        Ok(_) => "none".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn claims(names: &[&str]) -> Vec<(&'static str, Json)> {
    vec![("api", json!({ "algorithm": "HS256", "claims": names }))]
}

#[test]
fn claims_that_the_framework_would_take_for_its_own_stop_the_start() {
    for claim in ["email", "updateTo", "session", "user"] {
        assert!(refusal(&claims(&[claim])).starts_with(&format!(
            "`tokens.api.claims`: `{claim}` cannot be a claim of an HS256 token"
        )));
    }
    let dangerous = json!({
        "algorithm": "HS256", "claims": ["email"], "dangerouslySignWithAuthSecret": true,
    });
    assert_snapshot!(refusal(&[("api", dangerous)]), @"`tokens.api.claims`: `email` cannot be a claim of an HS256 token: Better Auth would take such a token for one of its own, which can open a session");
}

#[test]
fn claims_that_cannot_be_stop_the_start() {
    assert_eq!(refusal(&claims(&["name", "role", "emailVerified", "id"])), "none");
    assert_snapshot!(refusal(&claims(&["sid"])), @"`tokens.api.claims`: `sid` says something about the token itself, and cannot be replaced");
    assert_snapshot!(refusal(&claims(&["shoeSize"])), @"`tokens.api.claims`: `shoeSize` is not a field of users");
    assert_snapshot!(refusal(&claims(&["pin"])), @"`tokens.api.claims`: `pin` is never shown (`returned = false`)");
    for claim in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"] {
        assert!(refusal(&claims(&[claim])).contains("cannot be replaced"));
    }
}

#[test]
fn an_algorithm_without_its_keys_stops_the_start() {
    assert_snapshot!(refusal(&[("api", json!({ "algorithm": "ES256" }))]), @r#"`tokens.api.algorithm`: "ES256" needs a key set: add `[plugins.jwt]` to the configuration, or say "HS256""#);
    let dangerous = json!({ "algorithm": "EdDSA", "dangerouslySignWithAuthSecret": true });
    assert_snapshot!(refusal(&[("api", dangerous)]), @r#"`tokens.api.dangerouslySignWithAuthSecret`: is for `algorithm = "HS256"`, found "EdDSA""#);
}

#[test]
fn names_must_be_names_and_differ() {
    let shared = |audience: &str| json!({ "algorithm": "HS256", "audience": audience });
    assert_snapshot!(refusal(&[("my api", shared("x"))]), @"`tokens.my api`: expected a name of letters, digits, `-` and `.`");
    assert_snapshot!(refusal(&[("api", shared(""))]), @r#"`tokens.api.audience`: expected a text of 1 to 256 characters, found """#);
    assert_snapshot!(refusal(&[("api", shared("a\nb"))]), @r#"`tokens.api.audience`: expected a text of 1 to 256 characters, found "a\nb""#);
    assert_snapshot!(refusal(&[("a", shared("x")), ("b", shared("x"))]), @"`tokens.b`: `tokens.a` has the same name or audience");
    assert_snapshot!(refusal(&[("a", shared("b")), ("b", shared("c"))]), @"`tokens.b`: `tokens.a` has the same name or audience");
    assert_snapshot!(refusal(&[("b", shared("c")), ("a", shared("b"))]), @"`tokens.a`: `tokens.b` has the same name or audience");
    assert_eq!(refusal(&[("a", shared("a")), ("b", shared("c"))]), "none");
}

#[tokio::test]
async fn the_description_has_all_four() {
    let app = server().start().await;
    let description = app.auth.openapi();
    let paths = ["/auth/token", "/auth/me", "/verify", "/introspect"];
    let described: Map<_, _> =
        paths.iter().map(|path| ((*path).to_owned(), description["paths"][path].clone())).collect();
    assert_json_snapshot!(described, @r##"
    {
      "/auth/token": {
        "post": {
          "operationId": "exchangeToken",
          "responses": {
            "200": {
              "description": "Success",
              "content": {
                "application/json": {
                  "schema": {
                    "type": "object",
                    "properties": {
                      "access_token": {
                        "type": "string"
                      },
                      "token_type": {
                        "type": "string",
                        "description": "\"Bearer\""
                      },
                      "expires_in": {
                        "type": "number",
                        "description": "Seconds"
                      },
                      "issued_token_type": {
                        "type": "string"
                      }
                    },
                    "required": [
                      "access_token",
                      "token_type",
                      "expires_in",
                      "issued_token_type"
                    ]
                  }
                }
              }
            },
            "default": {
              "description": "Refusal",
              "content": {
                "application/json": {
                  "schema": {
                    "$ref": "#/components/schemas/OAuthRefusal"
                  }
                }
              }
            }
          },
          "security": [
            {
              "session": []
            }
          ],
          "requestBody": {
            "required": false,
            "content": {
              "application/json": {
                "schema": {
                  "anyOf": [
                    {
                      "type": "object",
                      "properties": {
                        "audience": {
                          "type": "string",
                          "description": "The name of a service, or its audience. May be left out where there is but one"
                        },
                        "resource": {
                          "type": "string",
                          "description": "The same, as RFC 8707 calls it"
                        },
                        "grant_type": {
                          "type": "string",
                          "description": "\"urn:ietf:params:oauth:grant-type:token-exchange\", or nothing"
                        },
                        "subject_token": {
                          "type": "string",
                          "description": "The token of a session, with or without its signature; without it the cookie proves the session"
                        },
                        "subject_token_type": {
                          "type": "string",
                          "description": "\"urn:ietf:params:oauth:token-type:access_token\", or nothing"
                        },
                        "requested_token_type": {
                          "type": "string",
                          "description": "\"urn:ietf:params:oauth:token-type:access_token\" or \"…:jwt\", or nothing"
                        },
                        "actor_token": {
                          "type": "string",
                          "description": "Not supported: nobody acts for somebody else"
                        },
                        "scope": {
                          "type": "string",
                          "description": "Not supported: a token says who somebody is, and your service what they may do"
                        }
                      },
                      "required": []
                    },
                    {
                      "type": "null"
                    }
                  ]
                }
              },
              "application/x-www-form-urlencoded": {
                "schema": {
                  "anyOf": [
                    {
                      "type": "object",
                      "properties": {
                        "audience": {
                          "type": "string",
                          "description": "The name of a service, or its audience. May be left out where there is but one"
                        },
                        "resource": {
                          "type": "string",
                          "description": "The same, as RFC 8707 calls it"
                        },
                        "grant_type": {
                          "type": "string",
                          "description": "\"urn:ietf:params:oauth:grant-type:token-exchange\", or nothing"
                        },
                        "subject_token": {
                          "type": "string",
                          "description": "The token of a session, with or without its signature; without it the cookie proves the session"
                        },
                        "subject_token_type": {
                          "type": "string",
                          "description": "\"urn:ietf:params:oauth:token-type:access_token\", or nothing"
                        },
                        "requested_token_type": {
                          "type": "string",
                          "description": "\"urn:ietf:params:oauth:token-type:access_token\" or \"…:jwt\", or nothing"
                        },
                        "actor_token": {
                          "type": "string",
                          "description": "Not supported: nobody acts for somebody else"
                        },
                        "scope": {
                          "type": "string",
                          "description": "Not supported: a token says who somebody is, and your service what they may do"
                        }
                      },
                      "required": []
                    },
                    {
                      "type": "null"
                    }
                  ]
                }
              }
            }
          }
        },
        "servers": [
          {
            "url": "http://localhost:3000"
          }
        ]
      },
      "/auth/me": {
        "get": {
          "operationId": "getMe",
          "responses": {
            "200": {
              "description": "Success",
              "content": {
                "application/json": {
                  "schema": {
                    "$ref": "#/components/schemas/user"
                  }
                }
              }
            },
            "default": {
              "description": "Refusal",
              "content": {
                "application/json": {
                  "schema": {
                    "$ref": "#/components/schemas/Refusal"
                  }
                }
              }
            }
          },
          "security": [
            {
              "session": []
            }
          ]
        },
        "servers": [
          {
            "url": "http://localhost:3000"
          }
        ]
      },
      "/verify": {
        "get": {
          "operationId": "verifyRequest",
          "responses": {
            "200": {
              "description": "Success",
              "content": {
                "application/json": {
                  "schema": {
                    "type": "object",
                    "properties": {
                      "userId": {
                        "type": "string"
                      },
                      "sessionId": {
                        "type": "string"
                      },
                      "expiresAt": {
                        "type": "string"
                      }
                    },
                    "required": [
                      "userId",
                      "sessionId",
                      "expiresAt"
                    ]
                  }
                }
              }
            },
            "default": {
              "description": "Refusal",
              "content": {
                "application/json": {
                  "schema": {
                    "$ref": "#/components/schemas/Refusal"
                  }
                }
              }
            }
          },
          "security": [
            {
              "session": []
            }
          ]
        }
      },
      "/introspect": {
        "post": {
          "operationId": "introspectToken",
          "responses": {
            "200": {
              "description": "Success",
              "content": {
                "application/json": {
                  "schema": {
                    "type": "object",
                    "properties": {
                      "active": {
                        "type": "boolean"
                      }
                    },
                    "required": [
                      "active"
                    ]
                  }
                }
              }
            },
            "default": {
              "description": "Refusal",
              "content": {
                "application/json": {
                  "schema": {
                    "$ref": "#/components/schemas/OAuthRefusal"
                  }
                }
              }
            }
          },
          "security": [
            {
              "service": []
            }
          ],
          "requestBody": {
            "required": true,
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "token": {
                      "type": "string",
                      "description": "The token of a session, or an access token"
                    },
                    "token_type_hint": {
                      "type": "string",
                      "description": "Ignored: what kind of token it is can be seen"
                    }
                  },
                  "required": [
                    "token"
                  ]
                }
              },
              "application/x-www-form-urlencoded": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "token": {
                      "type": "string",
                      "description": "The token of a session, or an access token"
                    },
                    "token_type_hint": {
                      "type": "string",
                      "description": "Ignored: what kind of token it is can be seen"
                    }
                  },
                  "required": [
                    "token"
                  ]
                }
              }
            }
          }
        }
      }
    }
    "##);
}
