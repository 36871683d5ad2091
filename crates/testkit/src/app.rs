//! [`TestAuth`]: the core and its endpoints on a store in memory.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vestibule_api::Core;
use vestibule_core::Auth;
use vestibule_core::auth::Builder;
use vestibule_core::options::{Options, Secret};
use vestibule_core::schema::Schema;
use vestibule_core::store::Store;
use vestibule_core::store::memory::MemoryStore;
use vestibule_tokens::derive::service_key;

use crate::store_suite::Backend;
use crate::{Actor, FrozenClock, SeededRandom};

/// The password of everybody in tests.
pub const PASSWORD: &str = "correct horse battery staple";

const SECRET: &str = "a-secret-for-tests-of-32-characters!";

/// A server in a test: frozen clock, seeded randomness, no network.
pub struct TestAuth {
    pub auth: Auth,
    clock: Arc<FrozenClock>,
}

/// Changes the server before it starts.
pub struct TestAuthBuilder {
    options: Options,
    configure: Box<dyn FnOnce(Builder) -> Builder>,
    store: Option<Arc<dyn Store>>,
}

impl TestAuth {
    /// E-mail and password on, base URL `http://localhost:3000`, everything else as by default.
    pub async fn new() -> Self {
        Self::builder().start().await
    }

    pub fn builder() -> TestAuthBuilder {
        let mut options = Options { secret: Some(Secret::new(SECRET)), ..Options::default() };
        options.base_url = Some(vestibule_core::options::BaseUrlOption::Static(
            "http://localhost:3000".to_owned(),
        ));
        options.email_and_password.enabled = true;
        TestAuthBuilder { options, configure: Box::new(|builder| builder), store: None }
    }

    /// Somebody who has no cookies.
    pub fn anyone(&self) -> Actor {
        Actor::new(self.auth.clone())
    }

    /// Signs somebody up who is signed in afterwards.
    #[track_caller]
    pub fn sign_up(&self, email: &str) -> impl Future<Output = Actor> {
        let mut actor = self.anyone();
        let body = json!({ "name": "Test", "email": email, "password": PASSWORD });
        async move {
            actor.post("/sign-up/email", body).await.expect_ok();
            actor
        }
    }

    /// Signs somebody in who has signed up before.
    #[track_caller]
    pub fn sign_in(&self, email: &str) -> impl Future<Output = Actor> {
        let mut actor = self.anyone();
        let body = json!({ "email": email, "password": PASSWORD });
        async move {
            actor.post("/sign-in/email", body).await.expect_ok();
            actor
        }
    }

    /// A service of one's own, which is among the server's and says so.
    pub fn service(&self, name: &str) -> Actor {
        let key = service_key(SECRET, name, 1);
        self.anyone().with_header("x-vestibule-service-key", &key)
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

impl TestAuthBuilder {
    #[must_use]
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Options as they stand in a configuration file, over those that are set.
    #[must_use]
    pub fn json(mut self, options: serde_json::Value) -> Self {
        let read: Options = serde_json::from_value(options).expect("these are options");
        let kept = self.options;
        self.options = Options { secret: kept.secret, base_url: kept.base_url, ..read };
        self
    }

    #[must_use]
    pub fn configure(mut self, configure: impl FnOnce(Builder) -> Builder + 'static) -> Self {
        let before = self.configure;
        self.configure = Box::new(move |builder| configure(before(builder)));
        self
    }

    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    pub async fn start(self) -> TestAuth {
        self.start_with(async |schema, store| match store {
            Some(store) => (store, ()),
            None => (Arc::new(MemoryStore::new(schema)) as Arc<dyn Store>, ()),
        })
        .await
        .0
    }

    /// On a database with the schema that this server wants.
    pub async fn start_on<B: Backend>(self) -> (TestAuth, B) {
        self.start_with(async |schema, _| {
            let backend = B::open(schema).await;
            (backend.store(), backend)
        })
        .await
    }

    async fn start_with<T>(
        self,
        open: impl AsyncFnOnce(&Schema, Option<Arc<dyn Store>>) -> (Arc<dyn Store>, T),
    ) -> (TestAuth, T) {
        let clock = Arc::new(FrozenClock::default());
        let builder = Auth::builder(self.options)
            .plugin(Core)
            .clock(clock.clone())
            .random(Arc::new(SeededRandom::default()))
            .hash_threads(NonZero::<usize>::MIN);
        let builder = (self.configure)(builder);
        let schema = builder.schema().expect("the schema of a test fits together");
        let (store, kept) = open(&schema, self.store).await;
        let auth = builder.store(store).build().expect("the options of a test make a server");
        (TestAuth { auth, clock }, kept)
    }
}
