//! What stands before the server, and whom it calls: proxies, webhooks.

use http::Method;
use serde_json::Value as Json;
use vestibule_core::options::IpAddressOptions;

use super::Subject;
use super::exchange::{Outgoing, send};
use super::finding::Finding;
use crate::site;

const PROXY: &str = "proxy";
const WEBHOOKS: &str = "webhooks";

/// More are not called.
const WEBHOOKS_LIMIT: usize = 20;

pub(super) fn check_proxy(subject: &Subject<'_>) -> Vec<Finding> {
    let options = &subject.settings.options;
    let peers: Vec<_> = subject.document["trustedPeers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let mut findings = Vec::new();
    if let Some(wide) = peers.iter().find(|peer| peer.ends_with("/0")) {
        findings.push(Finding::problem(
            PROXY,
            "everybody",
            format!("`trustedPeers` has {wide}, which is everybody"),
            "any client may claim any address, and so escape every rate limit",
            "trustedPeers = [\"private\"] # or the proxy's own address",
        ));
    }
    if !peers.is_empty() {
        if findings.is_empty() {
            findings.push(Finding::fine(
                PROXY,
                format!("`X-Forwarded-*` are believed from {}", peers.join(", ")),
            ));
        }
        return findings;
    }
    let is_https =
        subject.auth.base_urls().fixed().is_some_and(|url| url.as_str().starts_with("https://"));
    let reads = options.advanced.trusted_proxy_headers
        || options.advanced.ip_address.ip_address_headers
            != IpAddressOptions::default().ip_address_headers
        || !options.advanced.ip_address.trusted_proxies.is_empty();
    if is_https {
        // This server speaks http alone, so something else answers at that address.
        findings.push(Finding::problem(
            PROXY,
            "unnamed",
            "the baseURL is https, so a proxy stands before this server, and `trustedPeers` names none",
            "all users come from the proxy's address: they share one rate limit, and sessions show the wrong address",
            "trustedPeers = [\"loopback\"] # or \"private\", \"cloudflare\", \"10.1.2.0/24\"",
        ));
    } else if reads {
        findings.push(Finding::problem(
            PROXY,
            "unbelieved",
            "the configuration reads `X-Forwarded-*`, and `trustedPeers` names nobody whose headers are believed",
            "the headers are ignored",
            "trustedPeers = [\"loopback\"] # or \"private\", \"cloudflare\", \"10.1.2.0/24\"",
        ));
    } else {
        findings
            .push(Finding::fine(PROXY, "none is named: clients are whoever is at the other end"));
    }
    findings
}

pub(super) async fn check_webhooks(subject: &Subject<'_>) -> Vec<Finding> {
    let mut endpoints = Vec::new();
    collect(subject.document, "", &mut endpoints);
    let mut findings = Vec::new();
    for (option, url) in endpoints.iter().take(WEBHOOKS_LIMIT) {
        findings.push(webhook(subject, option, url).await);
    }
    if endpoints.is_empty() {
        findings.push(Finding::fine(WEBHOOKS, "none"));
    }
    findings
}

/// Everything in the configuration that is called: `{ webhook = "…" }`, and the endpoints of events.
fn collect(value: &Json, path: &str, endpoints: &mut Vec<(String, String)>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Json::Object(members) => {
            for (key, value) in members {
                match value {
                    Json::String(url) if key == "webhook" => {
                        endpoints.push((path.to_owned(), url.clone()))
                    }
                    Json::String(url) if key == "url" && path.starts_with("webhooks.endpoints") => {
                        endpoints.push((path.to_owned(), url.clone()));
                    }
                    value => collect(value, &join(key), endpoints),
                }
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{path}[{index}]"), endpoints);
            }
        }
        _ => {}
    }
}

/// Asks for the head of it: that runs nothing there, and any answer shows that somebody is there.
async fn webhook(subject: &Subject<'_>, option: &str, url: &str) -> Finding {
    let host = url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    let host = host.unwrap_or_default();
    if subject.settings.options.production
        && url.starts_with("http://")
        && !site::is_loopback(&host)
    {
        return Finding::problem(
            WEBHOOKS,
            "http",
            format!("`{option}`: {url} is not https"),
            "users' data goes there in clear: the signature keeps nobody from reading it",
            format!("`{option}` with an https URL"),
        );
    }
    match send(Outgoing::new(Method::HEAD, url)).await {
        Ok(answer) => {
            Finding::fine(WEBHOOKS, format!("`{option}`: {url} answers ({})", answer.status))
        }
        Err(error) => Finding::problem(
            WEBHOOKS,
            "unreachable",
            format!("`{option}`: {url} does not answer ({error})"),
            "what it is told is lost after some retries; what it is asked fails",
            format!("start what listens there, or correct `{option}`"),
        ),
    }
}
