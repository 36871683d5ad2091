//! One throw-away user through frontend, auth server and backend, as a browser takes them.
//!
//! The frontend's page calls the auth server by the frontend's own rewrite where there is one, else
//! directly, as another origin. The [`jar`] keeps and sends cookies as a browser would; where it
//! keeps one back, the backend is asked once more with it, so that a wrong cookie and a wrong
//! secret are told apart. At the end the user is deleted.

mod backend;
mod jar;
mod user;

use std::net::IpAddr;

use http::{Method, StatusCode, header};
use serde_json::json;

use self::jar::Jar;
use super::Subject;
use super::exchange::{Answer, Outgoing, send};
use super::finding::{Finding, Findings};
use super::place::Place;
use crate::settings::Settings;

const CHECK: &str = "journey";

/// What the command line says about where everything is.
pub(super) struct Route {
    pub(super) frontend: Place,
    pub(super) backend: Option<Place>,
    pub(super) backend_path: String,
    /// Origin and base path of the auth server, where the frontend has no rewrite.
    pub(super) auth: Option<Place>,
}

/// Where everything is, once that is known.
struct Journey<'a> {
    route: &'a Route,
    /// None where the configuration cannot be used.
    subject: Option<&'a Subject<'a>>,
    /// Where requests of the page go.
    auth: Place,
    jar: Jar,
    user: user::ThrowAway,
    findings: &'a mut Findings,
}

/// The base path where nobody says another.
const DEFAULT_BASE_PATH: &str = "/api/auth";

pub(super) async fn follow(route: &Route, subject: Option<&Subject<'_>>, findings: &mut Findings) {
    let Some(auth) = find_auth(route, subject, findings).await else { return };
    let user = user::ThrowAway::new();
    let mut journey = Journey { route, subject, auth, jar: Jar::default(), user, findings };
    if journey.auth.origin() != route.frontend.origin() {
        journey.preflight().await;
    }
    if !journey.sign_up().await {
        return;
    }
    journey.session().await;
    if let Some(backend) = &route.backend {
        backend::visit(&mut journey, backend).await;
    }
    journey.leave().await;
}

/// The auth server as the frontend reaches it.
async fn find_auth(
    route: &Route,
    subject: Option<&Subject<'_>>,
    findings: &mut Findings,
) -> Option<Place> {
    let direct = route.auth.clone().or_else(|| configured_auth(subject?, &route.frontend));
    let path = direct.as_ref().map_or(DEFAULT_BASE_PATH, |place| place.path.as_str()).to_owned();
    let rewrite = route.frontend.clone().with_path(&path);
    let ok = rewrite.at(&format!("{path}/ok"));
    let by_rewrite = match ask_ok(&rewrite).await {
        Ok(answer) if is_ok(&answer) => {
            let found = format!(
                "{}{path} is the auth server, by the frontend's own origin",
                rewrite.origin()
            );
            findings.push(Finding::fine(CHECK, found));
            return Some(rewrite);
        }
        Ok(answer) => answer.summary(),
        Err(error) => {
            findings.push(Finding::problem(
                CHECK,
                "frontend-away",
                format!("GET {ok}: {error}"),
                "the frontend does not answer",
                "start the frontend, or correct `--frontend`",
            ));
            error
        }
    };
    let Some(direct) = direct else {
        findings.push(no_auth(&format!("GET {ok}: {by_rewrite}")));
        return None;
    };
    let itself = direct.at(&format!("{path}/ok"));
    match ask_ok(&direct).await {
        Ok(answer) if is_ok(&answer) => {
            let found =
                format!("GET {ok}: {by_rewrite}; so pages call {} directly", direct.origin());
            findings.push(no_rewrite(subject, &route.frontend, &direct, found));
            Some(direct)
        }
        outcome => {
            let said = outcome.map_or_else(|error| error, |answer| answer.summary());
            findings.push(no_auth(&format!("GET {ok}: {by_rewrite}; GET {itself}: {said}")));
            None
        }
    }
}

/// A frontend may do without a rewrite, unless the configuration counts on one.
fn no_rewrite(
    subject: Option<&Subject<'_>>,
    frontend: &Place,
    direct: &Place,
    found: String,
) -> Finding {
    let path = &direct.path;
    let fix = format!(
        "in next.config:\n  rewrites: async () => [{{ source: \"{path}/:path*\", destination: \"{}\" }}]",
        direct.at(&format!("{path}/:path*"))
    );
    let base_url = subject.and_then(|subject| subject.auth.base_urls().fixed());
    if base_url.is_some_and(|url| url.origin() == frontend.origin()) {
        let why =
            "the baseURL is the frontend's origin: links in mails lead there, and nobody answers";
        return Finding::problem(CHECK, "no-rewrite", found, why, fix);
    }
    let why = "it works as long as both are one site and the frontend is in `trustedOrigins`; a rewrite needs neither";
    Finding::notice(CHECK, "no-rewrite", found, why, fix)
}

fn no_auth(found: &str) -> Finding {
    Finding::problem(
        CHECK,
        "no-auth",
        found,
        "no auth server answers there: a page shows \"Failed to fetch\" or 404",
        "start `vestibule serve`, or say where it is: `--auth http://127.0.0.1:4000/api/auth`",
    )
}

/// Where the auth server is by the configuration: at its base URL, unless that is the frontend's own
/// origin, else at its socket.
fn configured_auth(subject: &Subject<'_>, frontend: &Place) -> Option<Place> {
    let path = subject.auth.base_urls().path();
    let by_url = subject.auth.base_urls().fixed().and_then(|url| url.origin().parse().ok());
    let by_url = by_url.filter(|place: &Place| place.origin() != frontend.origin());
    let place = by_url.or_else(|| socket(subject.settings).parse().ok())?;
    Some(place.with_path(path))
}

/// The server's own address, as somebody on this computer reaches it.
fn socket(settings: &Settings) -> String {
    let host = match settings.host.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => settings.host.clone(),
    };
    format!("http://{host}:{}", settings.port)
}

async fn ask_ok(place: &Place) -> Result<Answer, String> {
    send(Outgoing::new(Method::GET, place.at(&format!("{}/ok", place.path)))).await
}

/// Whether it is a Better Auth server that answered.
fn is_ok(answer: &Answer) -> bool {
    answer.status == StatusCode::OK && answer.json().is_some_and(|json| json["ok"] == true)
}

impl Journey<'_> {
    fn url(&self, path: &str) -> String {
        self.auth.at(&format!("{}{path}", self.auth.path))
    }

    /// A request as a page of the frontend sends it.
    fn as_page(&self, method: Method, to: &Place, path: &str) -> Outgoing {
        let page = &self.route.frontend;
        let mut outgoing = Outgoing::new(method.clone(), to.at(path))
            .header(http::HeaderName::from_static("sec-fetch-site"), to.fetched_from(page))
            .header(http::HeaderName::from_static("sec-fetch-mode"), "cors")
            .header(http::HeaderName::from_static("sec-fetch-dest"), "empty")
            .header(header::REFERER, format!("{}/", page.origin()));
        // Browsers leave it away where it says nothing.
        if method != Method::GET || to.origin() != page.origin() {
            outgoing = outgoing.header(header::ORIGIN, page.origin());
        }
        match self.jar.line(to, path, page) {
            Some(cookies) => outgoing.header(header::COOKIE, cookies),
            None => outgoing,
        }
    }

    /// What a browser asks before it sends JSON to another origin.
    async fn preflight(&mut self) {
        let url = self.url("/sign-up/email");
        let outgoing = Outgoing::new(Method::OPTIONS, &url)
            .header(header::ORIGIN, self.route.frontend.origin())
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type");
        let said = match send(outgoing).await {
            Ok(answer) if self.allows(&answer) && answer.status.is_success() => return,
            Ok(answer) => allowed(&answer),
            Err(error) => error,
        };
        let origin = self.route.frontend.origin();
        self.findings.push(Finding::problem(
            CHECK,
            "cors",
            format!("OPTIONS {url} with `Origin: {origin}`: {said}"),
            "the browser does not even send the sign-up, and the page shows \"Failed to fetch\"",
            format!(
                "trustedOrigins = [\"{origin}\"] in vestibule.toml (or BETTER_AUTH_TRUSTED_ORIGINS)"
            ),
        ));
    }

    /// Whether a page of the frontend may read the answer.
    fn allows(&self, answer: &Answer) -> bool {
        let origin = self.route.frontend.origin();
        answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN) == Some(origin.as_str())
            && answer.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS) == Some("true")
    }

    /// Whether there is a user with a session.
    async fn sign_up(&mut self) -> bool {
        let path = format!("{}/sign-up/email", self.auth.path);
        let body = json!({
            "name": "Vestibule Doctor",
            "email": self.user.email,
            "password": self.user.password,
        });
        let outgoing = self.as_page(Method::POST, &self.auth, &path).json(body);
        let url = self.url("/sign-up/email");
        let answer = match send(outgoing).await {
            Ok(answer) if answer.status.is_success() => answer,
            outcome => {
                let said = outcome.map_or_else(|error| error, |answer| answer.summary());
                self.sign_up_failed(&url, &said);
                if user::is_deleted_by_database(self).await {
                    let found = "the user was made all the same, and is deleted again";
                    self.findings.push(Finding::fine(CHECK, found));
                }
                return false;
            }
        };
        let made = answer.json().unwrap_or_default();
        self.user.id = made["user"]["id"].as_str().map(str::to_owned);
        self.findings.push(Finding::fine(CHECK, format!("POST {url}: {}", answer.status)));
        if made["token"].is_null() {
            self.findings.push(Finding::notice(
                CHECK,
                "no-session",
                format!("POST {url} signed nobody in"),
                "the address must be verified first (`requireEmailVerification`), or `autoSignIn` is off: the journey ends here",
                "try it with `emailAndPassword.requireEmailVerification = false` while you look for the cause",
            ));
            self.leave().await;
            return false;
        }
        self.keep_cookies(&url, &answer);
        true
    }

    fn sign_up_failed(&mut self, url: &str, said: &str) {
        let origin = self.route.frontend.origin();
        let (why, fix) = match said {
            _ if said.contains("INVALID_ORIGIN") || said.contains("MISSING_OR_NULL_ORIGIN") => (
                "the server does not know the frontend's origin",
                format!("trustedOrigins = [\"{origin}\"] in vestibule.toml (or BETTER_AUTH_TRUSTED_ORIGINS)"),
            ),
            _ if said.contains("SIGN_UP_DISABLED") || said.contains("sign up is not enabled") => (
                "nobody can sign up by e-mail and password, so there is no user to follow",
                "[emailAndPassword]\nenabled = true # and no disableSignUp, while you look for the cause".to_owned(),
            ),
            _ if said.starts_with('5') => (
                "a failure of the server or its database; a page often shows it as \"Failed to fetch\"",
                "look for the request in the log of `vestibule serve`; the findings on the database come first".to_owned(),
            ),
            _ => (
                "the page would show this to whoever signs up",
                "the message says what it is; `vestibule doctor` without URLs checks the configuration".to_owned(),
            ),
        };
        self.findings.push(Finding::problem(
            CHECK,
            "sign-up",
            format!("POST {url}: {said}"),
            why,
            fix,
        ));
    }

    /// Keeps what a browser would, and says what it would not.
    fn keep_cookies(&mut self, url: &str, answer: &Answer) {
        let lines = answer.headers.get_all(header::SET_COOKIE).iter();
        let mut is_any = false;
        for line in lines.filter_map(|line| line.to_str().ok()) {
            is_any = true;
            if let Err((name, reason)) = self.jar.keep(line, &self.auth, &self.route.frontend) {
                self.findings.push(Finding::problem(
                    CHECK,
                    "cookie-dropped",
                    format!("the browser drops the cookie `{name}` of POST {url}: {reason}"),
                    "the sign-up succeeds, and the next request is nobody's",
                    cookie_fix(&reason),
                ));
            }
        }
        let names = self.jar.names().join("`, `");
        match (is_any, names.is_empty()) {
            (false, _) => self.findings.push(Finding::problem(
                CHECK,
                "no-cookie",
                format!("POST {url} sets no cookie"),
                "without one the next request is nobody's; a proxy or rewrite may have taken `Set-Cookie` away",
                "let `Set-Cookie` through, line by line, in the frontend's rewrite or proxy",
            )),
            (true, false) => {
                self.findings.push(Finding::fine(CHECK, format!("the browser keeps `{names}`")));
            }
            (true, true) => {}
        }
    }

    async fn session(&mut self) {
        let path = format!("{}/get-session", self.auth.path);
        let outgoing = self.as_page(Method::GET, &self.auth, &path);
        let url = self.url("/get-session");
        let names = self.jar.names().join("`, `");
        if names.is_empty() {
            return; // Why there is none has been said.
        }
        match send(outgoing).await {
            Ok(answer)
                if answer
                    .json()
                    .is_some_and(|json| json["user"]["email"] == self.user.email.as_str()) =>
            {
                self.findings
                    .push(Finding::fine(CHECK, format!("GET {url}: the session of the new user")));
            }
            outcome => {
                let said = outcome.map_or_else(|error| error, |answer| answer.summary());
                self.findings.push(Finding::problem(
                    CHECK,
                    "no-session",
                    format!("GET {url} with `{names}`: {said}"),
                    "the sign-up made a session that the next request does not find: several servers with other \
                     secrets or databases behind one address, or a cookie that was dropped",
                    "give all of them the same BETTER_AUTH_SECRET and DATABASE_URL; give the cookie to `vestibule inspect`",
                ));
            }
        }
    }

    async fn leave(&mut self) {
        let finding = user::delete(self).await;
        self.findings.push(finding);
    }
}

fn cookie_fix(reason: &jar::Dropped) -> &'static str {
    use jar::Dropped;
    match reason {
        Dropped::SecureOverHttp => {
            "baseURL = \"https://…\" everywhere, or advanced.useSecureCookies = false while developing"
        }
        Dropped::PublicSuffix(_) | Dropped::ForeignDomain(_) => {
            "advanced.crossSubDomainCookies.domain = the domain above both hosts that is yours"
        }
        Dropped::AnotherSite => {
            "let the frontend pass /api/auth on by a rewrite, with its origin as baseURL; or put both below one domain"
        }
        Dropped::PrefixWithoutSecure | Dropped::SameSiteNone | Dropped::NoPair => {
            "let the line through as the server wrote it: a proxy or rewrite has changed it"
        }
    }
}

/// What an answer says to pages of other origins.
fn allowed(answer: &Answer) -> String {
    let origin = answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap_or("none");
    let credentials = answer.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS).unwrap_or("none");
    format!(
        "{}, `Access-Control-Allow-Origin: {}`, `Access-Control-Allow-Credentials: {}`",
        answer.status,
        crate::style::harmless(origin),
        crate::style::harmless(credentials)
    )
}
