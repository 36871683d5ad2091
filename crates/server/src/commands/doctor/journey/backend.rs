//! The backend's protected path: asked without anything, with the cookie, and with a token.

use http::{Method, StatusCode, header};
use serde_json::json;

use super::super::exchange::{Answer, Outgoing, send};
use super::super::finding::Finding;
use super::super::place::Place;
use super::{CHECK, Journey, allowed};

/// Where tokens are, unless `backend.tokenPath` says otherwise.
const TOKEN_PATH: &str = "/auth/token";

pub(super) async fn visit(journey: &mut Journey<'_>, backend: &Place) {
    let url = backend.at(&journey.route.backend_path);
    if !is_protected(journey, &url).await {
        return;
    }
    let mut token = Token::None;
    for audience in audiences(journey) {
        if by_token(journey, backend, &url, &audience).await {
            token = Token::Accepted;
        }
    }
    by_cookie(journey, backend, &url, token).await;
}

/// Whether the backend knows users by a token, so that it need not by the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Accepted,
    /// It was refused, or there is none.
    None,
}

/// Whether it is there and refuses who shows nothing.
async fn is_protected(journey: &mut Journey<'_>, url: &str) -> bool {
    let answer = match send(Outgoing::new(Method::GET, url)).await {
        Ok(answer) => answer,
        Err(error) => {
            journey.findings.push(Finding::problem(
                CHECK,
                "backend-away",
                format!("GET {url}: {error}"),
                "the page shows \"Failed to fetch\"",
                "start the backend, or correct `--backend`",
            ));
            return false;
        }
    };
    let finding = match answer.status {
        status if is_refusal(status) => {
            Finding::fine(CHECK, format!("GET {url} without a session: {}", answer.status))
        }
        StatusCode::NOT_FOUND => Finding::problem(
            CHECK,
            "backend-path",
            format!("GET {url}: {}", answer.summary()),
            "the backend has no such path",
            "`--backend-path` with a path that only those who are signed in may read",
        ),
        status if status.is_server_error() => Finding::problem(
            CHECK,
            "backend-fails",
            format!("GET {url} without a session: {}", answer.summary()),
            "who is not signed in is to be answered 401; an error hides what is wrong",
            "look at the backend's log: the check of the session throws where there is none",
        ),
        status if status.is_success() => Finding::problem(
            CHECK,
            "unprotected",
            format!("GET {url} without a session: {status}"),
            "the path is open to everybody, or it is not the one that checks the session",
            "`--backend-path` with a path that only those who are signed in may read",
        ),
        _ => Finding::notice(
            CHECK,
            "backend-odd",
            format!("GET {url} without a session: {}", answer.summary()),
            "an API answers 401 to who is not signed in; a page that is redirected reads as HTML what should be JSON",
            "answer 401 with `WWW-Authenticate: Bearer`",
        ),
    };
    let is_missing = answer.status == StatusCode::NOT_FOUND;
    journey.findings.push(finding);
    !is_missing
}

async fn by_cookie(journey: &mut Journey<'_>, backend: &Place, url: &str, token: Token) {
    let path = &journey.route.backend_path;
    let page = &journey.route.frontend;
    let withheld = journey.jar.withheld(backend, path, page);
    let withheld: Vec<_> =
        withheld.into_iter().map(|(name, reason)| (name.to_owned(), reason.to_string())).collect();
    let Some(line) = journey.jar.line(backend, path, page) else {
        if token == Token::Accepted {
            let found = format!("GET {url}: the browser sends no cookie there; the token does it");
            return journey.findings.push(Finding::fine(CHECK, found));
        }
        return by_withheld_cookie(journey, url, &withheld).await;
    };
    let names = names(&line);
    match send(journey.as_page(Method::GET, backend, path)).await {
        Ok(answer) if token == Token::Accepted && is_refusal(answer.status) => {
            journey.findings.push(Finding::notice(
                CHECK,
                "takes-tokens-only",
                format!("GET {url} with the cookie `{names}`: {}", answer.status),
                "the backend knows users by tokens alone, so every request of a page has to carry one",
                "nothing, if it is meant so; otherwise let it take the cookie too",
            ));
        }
        Ok(answer) => {
            let is_accepted = report(journey, url, &format!("the cookie `{names}`"), &answer);
            if is_accepted && backend.origin() != page.origin() && !journey.allows(&answer) {
                journey.findings.push(Finding::problem(
                    CHECK,
                    "backend-cors",
                    format!("GET {url} with `Origin: {}`: {}", page.origin(), allowed(&answer)),
                    "the backend answers, the browser does not let the page read it, and the page shows \"Failed to fetch\"",
                    format!("in the backend: allow the origin {} with credentials (not `*`)", page.origin()),
                ));
            }
        }
        Err(error) => report_silence(journey, url, &error),
    }
}

/// The browser sends the backend nothing: says why, and what the backend would say.
async fn by_withheld_cookie(journey: &mut Journey<'_>, url: &str, withheld: &[(String, String)]) {
    let Some(line) = journey.jar.whole_line() else { return };
    let reasons: Vec<_> =
        withheld.iter().map(|(name, reason)| format!("`{name}`: {reason}")).collect();
    let outgoing = Outgoing::new(Method::GET, url).header(header::COOKIE, line);
    let would = match send(outgoing).await {
        Ok(answer) if answer.status.is_success() => {
            "with the cookie it would be accepted".to_owned()
        }
        Ok(answer) => format!("even with the cookie it is refused: {}", answer.summary()),
        Err(error) => error,
    };
    journey.findings.push(Finding::problem(
        CHECK,
        "cookie-withheld",
        format!("GET {url}: the browser sends no cookie there ({}); {would}", reasons.join("; ")),
        "auth login worked, backend login failed: the backend sees a request of nobody",
        "put both below one domain with `advanced.crossSubDomainCookies`; or let the frontend pass the backend's paths \
         on (a rewrite); or send a token (`POST /auth/token`) as `Authorization: Bearer`",
    ));
}

/// Whether the backend accepted a token for this audience.
async fn by_token(journey: &mut Journey<'_>, backend: &Place, url: &str, audience: &str) -> bool {
    let path = journey
        .subject
        .and_then(|it| it.document["backend"]["tokenPath"].as_str())
        .unwrap_or(TOKEN_PATH);
    let outgoing = journey.as_page(Method::POST, &journey.auth, path);
    let token_url = journey.auth.at(path);
    let answer = send(outgoing.json(json!({ "audience": audience }))).await;
    let granted = answer.as_ref().ok().and_then(Answer::json);
    let token = granted.as_ref().and_then(|it| it["access_token"].as_str());
    let Some(token) = token else {
        let said = answer.map_or_else(|error| error, |answer| answer.summary());
        journey.findings.push(Finding::problem(
            CHECK,
            "no-token",
            format!("POST {token_url} for the audience \"{audience}\": {said}"),
            "without a token a backend that takes no cookie knows nobody",
            format!(
                "let the frontend pass {path} on to the auth server, as it does with the base path"
            ),
        ));
        return false;
    };
    let outgoing = Outgoing::new(Method::GET, backend.at(&journey.route.backend_path))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::ORIGIN, journey.route.frontend.origin());
    match send(outgoing).await {
        Ok(answer) => {
            report(journey, url, &format!("a token for the audience \"{audience}\""), &answer)
        }
        Err(error) => {
            report_silence(journey, url, &error);
            false
        }
    }
}

/// Says what the backend made of the user; whether it let the user in.
fn report(journey: &mut Journey<'_>, url: &str, with: &str, answer: &Answer) -> bool {
    let said = answer.summary();
    if answer.status.is_success() {
        let finding = match names_user(journey, answer) {
            true => Finding::fine(
                CHECK,
                format!("GET {url} with {with}: {}, and it knows the user", answer.status),
            ),
            false => Finding::notice(
                CHECK,
                "no-name",
                format!("GET {url} with {with}: {said}"),
                "the answer names neither the user's id nor the address, so it may be anybody's",
                "`--backend-path` with a path that answers who is signed in",
            ),
        };
        journey.findings.push(finding);
        return true;
    }
    let (code, why, fix) = match answer.status {
        status if status.is_server_error() => (
            "backend-fails",
            "auth login worked, backend login failed: the backend fails for a user that only the auth server knows",
            "make the backend's row at first sight, by the user's id (`insert … on conflict do nothing`); its log has the error",
        ),
        status if is_refusal(status) => (
            "backend-refuses",
            "auth login worked, backend login failed: another secret, another algorithm, another format, or the cookie \
             looked up whole instead of split and verified",
            "ask `vestibule inspect` with the backend's own variables (`--secret-env`); in Rust use vestibule-verify",
        ),
        _ => (
            "backend-odd",
            "auth login worked, and the backend answers with something else than the user",
            "look at the backend's log",
        ),
    };
    journey.findings.push(Finding::problem(
        CHECK,
        code,
        format!("GET {url} with {with}: {said}"),
        why,
        fix,
    ));
    false
}

fn report_silence(journey: &mut Journey<'_>, url: &str, error: &str) {
    journey.findings.push(Finding::problem(
        CHECK,
        "backend-away",
        format!("GET {url}: {error}"),
        "the page shows \"Failed to fetch\"",
        "look at the backend's log: it ended the connection",
    ));
}

fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn names_user(journey: &Journey<'_>, answer: &Answer) -> bool {
    let Some(json) = answer.json() else { return false };
    let text = json.to_string();
    let id = journey.user.id.as_deref();
    text.contains(&journey.user.email) || id.is_some_and(|id| text.contains(&format!("\"{id}\"")))
}

fn names(line: &str) -> String {
    let names = line.split("; ").filter_map(|pair| pair.split('=').next());
    names.collect::<Vec<_>>().join("`, `")
}

/// The audiences of the configuration.
fn audiences(journey: &Journey<'_>) -> Vec<String> {
    let tokens = journey.subject.and_then(|subject| subject.document["tokens"].as_object());
    tokens.map(|tokens| tokens.keys().cloned().collect()).unwrap_or_default()
}
