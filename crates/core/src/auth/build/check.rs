//! What types cannot say about options.

use super::{Auth, BuildError};
use crate::endpoint::Place;
use crate::key_set::KeySet;
use crate::options::{CookieCacheStrategy, Options, RefreshCache};
use crate::redirect::append_query_params;

pub(super) fn check_options(options: &Options) -> Result<(), BuildError> {
    let fail = |option: &str, reason: String| {
        Err(BuildError::Option { option: option.to_owned(), reason })
    };
    let limit = vestibule_tokens::cookie::MAX_AGE_LIMIT_SECONDS;
    let expires_in = options.session.expires_in;
    if expires_in == 0 || expires_in > limit {
        return fail(
            "session.expiresIn",
            format!(
                "expected 1 to {limit} seconds (400 days, browsers keep no cookie longer), found {expires_in}"
            ),
        );
    }
    let max_age = options.session.cookie_cache.max_age;
    if max_age > limit {
        return fail(
            "session.cookieCache.maxAge",
            format!("expected at most {limit} seconds, which is 400 days, found {max_age}"),
        );
    }
    let cross = &options.advanced.cross_sub_domain_cookies;
    if cross.enabled && cross.domain.is_none() && options.base_url.is_none() {
        return fail(
            "advanced.crossSubDomainCookies",
            "expected `domain`, or a `baseURL` to take it from".to_owned(),
        );
    }
    let passwords = &options.email_and_password;
    if passwords.min_password_length > passwords.max_password_length {
        return fail(
            "emailAndPassword.minPasswordLength",
            format!(
                "expected at most `maxPasswordLength`, which is {}, found {}",
                passwords.max_password_length, passwords.min_password_length
            ),
        );
    }
    if passwords.password.hash.is_some() != passwords.password.verify.is_some() {
        return fail(
            "emailAndPassword.password",
            "expected both `hash` and `verify`, found one of them".to_owned(),
        );
    }
    if options.base_path.contains(['{', '}', ':', '*']) {
        return fail(
            "basePath",
            format!("expected a plain path such as \"/api/auth\", found {:?}", options.base_path),
        );
    }
    if let Some(url) = &options.on_api_error.error_url
        && append_query_params(url, &[]).is_err()
    {
        return fail("onAPIError.errorURL", format!("expected a URL or a path, found {url:?}"));
    }
    if let Some(path) = options.disabled_paths.iter().find(|path| !path.starts_with('/')) {
        return fail(
            "disabledPaths",
            format!("expected paths such as \"/sign-up/email\", found {path:?}"),
        );
    }
    let advanced = &options.advanced;
    let names = advanced.cookies.iter().filter_map(|(key, cookie)| {
        Some((format!("advanced.cookies.{key}.name"), cookie.name.as_deref()?))
    });
    let prefix =
        advanced.cookie_prefix.iter().map(|it| ("advanced.cookiePrefix".to_owned(), it.as_str()));
    for (option, name) in prefix.chain(names) {
        if !name.bytes().all(is_token_character) {
            return fail(
                &option,
                format!("expected letters, digits, `-`, `_` and `.`, found {name:?}"),
            );
        }
    }
    for (key, cookie) in &advanced.cookies {
        if cookie.attributes.max_age.is_some_and(|max_age| max_age > limit) {
            return fail(
                &format!("advanced.cookies.{key}.attributes.maxAge"),
                format!("expected at most {limit} seconds, which is 400 days"),
            );
        }
    }
    Ok(())
}

/// Paths at the origin are looked up first: one that spells an endpoint below the base path would hide it.
pub(super) fn check_origin_paths(auth: &Auth) -> Result<(), BuildError> {
    let base_path = auth.base_urls().path();
    for origin in auth.endpoints().filter(|endpoint| endpoint.place == Place::Origin) {
        let Some(below) = origin.path.strip_prefix(base_path) else { continue };
        if ["", "/"].contains(&below) {
            return Err(BuildError::ShadowedEndpoint(origin.path));
        }
        if auth.route(Place::BasePath, &origin.method, below).is_some() {
            return Err(BuildError::ShadowedEndpoint(origin.path));
        }
    }
    Ok(())
}

/// What options and a plugin's keys say about the session cache.
pub(super) fn check_session_cache(
    options: &Options,
    key_set: Option<&dyn KeySet>,
) -> Result<(), BuildError> {
    let cache = &options.session.cookie_cache;
    if cache.refresh_cache != RefreshCache::Switch(false) {
        tracing::warn!(
            "`session.cookieCache.refreshCache` is for servers without a database and changes nothing here: remove it"
        );
    }
    if key_set.is_some_and(KeySet::signs_session_cache)
        && cache.strategy != CookieCacheStrategy::Jwt
    {
        return Err(BuildError::Option {
            option: "session.cookieCache.strategy".to_owned(),
            reason: "expected \"jwt\", because a plugin's keys are to sign the cache".to_owned(),
        });
    }
    Ok(())
}

/// What names of cookies are made of (RFC 6265, 4.1.1).
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
