//! [`Endpoint`]: a path and a plain async function.
//!
//! ```ignore
//! Endpoint::post("/one-time-token/verify", plugin, verify).id("verifyOneTimeToken")
//!
//! async fn verify(plugin: &OneTimeToken, call: &mut Call, body: Body) -> Result<SessionUser>
//! ```
//!
//! The signature is the contract: the [`Caller`] in `Call<..>` is the session requirement, the
//! [`Input`] the validation, the [`Output`] the answer; OpenAPI comes from the same three.
//! [`Endpoint::new`] is the only place where handlers lose their types.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::call::{Call, Exchange};
use crate::caller::{Access, Caller};
use crate::error::{Error, Result};
use crate::future::BoxFuture;
use crate::redirect;
use crate::shape::{Input, InputTypes, Shape, Type};

/// One endpoint, ready to run.
#[derive(Clone)]
pub struct Endpoint {
    pub method: Method,
    /// Below its [`Place`]; `:name` is a parameter.
    pub path: &'static str,
    pub place: Place,
    /// The operation's name in OpenAPI and in clients.
    pub id: &'static str,
    /// The session requirement.
    pub access: Access,
    pub input: InputTypes,
    pub output: Type,
    pub media_types: MediaTypes,
    /// What its errors look like.
    pub error_form: ErrorForm,
    /// The request may create a session, so its origin is checked even without cookies.
    pub checks_form_origin: bool,
    /// It redirects to what the query names, so those targets are checked on GET too.
    pub redirects: bool,
    /// Every answer says `no-store`: it carries a credential.
    pub no_store: bool,
    pub(crate) run: Arc<Run>,
}

/// A handler without its types. The call comes back, for what it collected.
pub(crate) type Run =
    dyn Fn(Exchange) -> BoxFuture<'static, (Exchange, Result<Reply>)> + Send + Sync;

/// Where the path of an endpoint begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// At the base path, such as `/api/auth`: everything that a Better Auth client asks for.
    BasePath,
    /// At the origin: what others look for where their specifications or habits say, such as
    /// `/.well-known/jwks.json`. Such a path has no parameters, and is looked up before the base path.
    Origin,
}

/// A path that the configuration chose, for an [`Endpoint`].
///
/// Paths are declared as literals nearly everywhere, so endpoints hold `&'static str`; the few that
/// options name are kept until the process ends.
pub fn configured(path: String) -> &'static str {
    Box::leak(path.into_boxed_str())
}

/// Whether a path can be that of an endpoint at the origin: such as `/auth/token`, without parameters.
pub fn is_plain_path(path: &str) -> bool {
    path.len() > 1 && path.starts_with('/') && !path.contains([':', '*', '{', '}', '?', '#', '%'])
}

/// Which request bodies an endpoint takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaTypes {
    Json,
    JsonOrForm,
}

/// What the errors of an endpoint look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorForm {
    /// `{"message","code"}`.
    #[default]
    BetterAuth,
    /// The same with `error` and `error_description` beside them, as RFC 6749 (5.2) has it: see
    /// [`oauth_error`](crate::oauth_error).
    OAuth,
}

/// An async function that can be a handler. Implemented for every function of that form.
pub trait Handler<'a, P, C, I, O>: Send + Sync {
    type Future: Future<Output = Result<O>> + Send + 'a;

    fn call(&self, plugin: &'a P, call: &'a mut Call<C>, input: I) -> Self::Future;
}

impl<'a, F, Fut, P, C, I, O> Handler<'a, P, C, I, O> for F
where
    F: Fn(&'a P, &'a mut Call<C>, I) -> Fut + Send + Sync,
    Fut: Future<Output = Result<O>> + Send + 'a,
    P: 'a,
    C: 'a,
{
    type Future = Fut;

    fn call(&self, plugin: &'a P, call: &'a mut Call<C>, input: I) -> Fut {
        self(plugin, call, input)
    }
}

impl Endpoint {
    pub fn get<P, C, I, O, H>(path: &'static str, plugin: &Arc<P>, handler: H) -> Self
    where
        P: Send + Sync + 'static,
        C: Caller,
        I: Input + 'static,
        O: Output + 'static,
        H: for<'a> Handler<'a, P, C, I, O> + 'static,
    {
        Self::new(Method::GET, path, plugin, handler)
    }

    pub fn post<P, C, I, O, H>(path: &'static str, plugin: &Arc<P>, handler: H) -> Self
    where
        P: Send + Sync + 'static,
        C: Caller,
        I: Input + 'static,
        O: Output + 'static,
        H: for<'a> Handler<'a, P, C, I, O> + 'static,
    {
        Self::new(Method::POST, path, plugin, handler)
    }

    fn new<P, C, I, O, H>(method: Method, path: &'static str, plugin: &Arc<P>, handler: H) -> Self
    where
        P: Send + Sync + 'static,
        C: Caller,
        I: Input + 'static,
        O: Output + 'static,
        H: for<'a> Handler<'a, P, C, I, O> + 'static,
    {
        let plugin = Arc::clone(plugin);
        let handler = Arc::new(handler);
        let input_method = method.clone();
        let run = move |mut exchange: Exchange| -> BoxFuture<'static, _> {
            let (plugin, handler) = (plugin.clone(), handler.clone());
            let input = I::take(&exchange.received, &input_method);
            Box::pin(async move {
                let caller = match C::resolve(&mut exchange).await {
                    Ok(caller) => caller,
                    Err(error) => return (exchange, Err(error)),
                };
                let input = match input {
                    Ok(input) => input,
                    Err(error) => return (exchange, Err(error)),
                };
                let mut call = Call { exchange, caller };
                let answer = handler.call(&plugin, &mut call, input).await;
                let mut exchange = call.exchange;
                let reply = match answer {
                    Ok(output) => output.reply(&mut exchange),
                    Err(error) => Err(error),
                };
                (exchange, reply)
            })
        };
        Self {
            input: I::types(&method),
            method,
            path,
            place: Place::BasePath,
            id: path,
            access: C::ACCESS,
            output: O::shape(),
            media_types: MediaTypes::Json,
            error_form: ErrorForm::BetterAuth,
            checks_form_origin: false,
            redirects: false,
            no_store: false,
            run: Arc::new(run),
        }
    }

    /// Names the operation.
    #[must_use]
    pub fn id(mut self, id: &'static str) -> Self {
        self.id = id;
        self
    }

    /// Puts the path at the origin instead of the base path.
    #[must_use]
    pub fn at_origin(mut self) -> Self {
        self.place = Place::Origin;
        self
    }

    /// Takes HTML forms as well as JSON.
    #[must_use]
    pub fn accepts_forms(mut self) -> Self {
        self.media_types = MediaTypes::JsonOrForm;
        self
    }

    /// Checks the origin of requests without cookies too: for everything that signs in or sends mail.
    #[must_use]
    pub fn checks_form_origin(mut self) -> Self {
        self.checks_form_origin = true;
        self
    }

    /// Checks the redirect targets of the query, whatever the method: for everything that redirects.
    #[must_use]
    pub fn redirects(mut self) -> Self {
        self.redirects = true;
        self
    }

    /// Answers errors as OAuth has them, too: for endpoints of its specifications.
    #[must_use]
    pub fn oauth_errors(mut self) -> Self {
        self.error_form = ErrorForm::OAuth;
        self
    }

    /// Forbids caches to keep the answer.
    #[must_use]
    pub fn no_store(mut self) -> Self {
        self.no_store = true;
        self
    }
}

/// An answer of a handler, as data.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn json(value: &impl Serialize) -> Result<Self> {
        Self::json_with_status(StatusCode::OK, value)
    }

    pub fn json_with_status(status: StatusCode, value: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Error::internal("serialize the answer").with_source(error))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { status, headers, body: body.into() })
    }

    pub fn html(page: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        Self { status: StatusCode::OK, headers, body: page.into() }
    }

    /// 302. Fails where the target cannot stand in a header.
    pub fn redirect(location: &str) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, redirect::header_value(location)?);
        // Reference quirk: redirects have a JSON content type and no body.
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { status: StatusCode::FOUND, headers, body: Bytes::new() })
    }
}

/// What a handler may return.
pub trait Output: Send {
    fn shape() -> Type;

    fn reply(self, call: &mut Exchange) -> Result<Reply>;
}

impl<T: Serialize + Shape + Send> Output for T {
    fn shape() -> Type {
        T::shape()
    }

    fn reply(self, _: &mut Exchange) -> Result<Reply> {
        Reply::json(&self)
    }
}

impl Output for Reply {
    fn shape() -> Type {
        Type::Any
    }

    fn reply(self, _: &mut Exchange) -> Result<Reply> {
        Ok(self)
    }
}
