//! `vestibule init next`: the files are the templates in `templates/next`, filled from the endpoints
//! and the schema that the configuration makes.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use http::Method;
use serde_json::{Value as Json, json};
use vestibule_core::Auth;
use vestibule_core::endpoint::{Endpoint, Place};
use vestibule_core::schema::{Field, FieldKind};

use super::{ConfigFile, Draft, Existing, Written, fill};
use crate::environment::Environment;
use crate::output::{print, warn};

/// Where the reference's `auth.api` has another name than its OpenAPI, by path.
const API_NAMES: &[(&str, &str)] = &[
    ("/admin/list-user-sessions", "listUserSessions"),
    ("/admin/set-role", "setRole"),
    ("/email-otp/change-email", "changeEmailEmailOTP"),
    ("/email-otp/check-verification-otp", "checkVerificationOTP"),
    ("/email-otp/request-email-change", "requestEmailChangeEmailOTP"),
    ("/email-otp/request-password-reset", "requestPasswordResetEmailOTP"),
    ("/email-otp/reset-password", "resetPasswordEmailOTP"),
    ("/email-otp/send-verification-otp", "sendVerificationOTP"),
    ("/forget-password/email-otp", "forgetPasswordEmailOTP"),
    ("/jwks", "getJwks"),
    ("/list-sessions", "listSessions"),
    ("/magic-link/verify", "magicLinkVerify"),
    ("/oauth-proxy-callback", "oAuthProxy"),
    ("/organization/invite-member", "createInvitation"),
    ("/organization/update-member-role", "updateMemberRole"),
    ("/reset-password/:token", "requestPasswordResetCallback"),
    ("/sign-in/email-otp", "signInEmailOTP"),
    ("/sign-in/magic-link", "signInMagicLink"),
    ("/sign-in/social", "signInSocial"),
    ("/sign-up/email", "signUpEmail"),
    ("/token", "getToken"),
];

/// Endpoints of ours for backends and proxies: Better Auth's API has no such names.
const FOR_SERVICES: [&str; 3] = ["/events", "/introspect", "/verify"];

/// What a request says of its caller, beside the headers that may carry an address.
const FORWARDED: [&str; 6] = [
    "authorization",
    "cookie",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

const DEFAULT_COOKIE_PREFIX: &str = "better-auth";

/// Write what a Next.js project needs to use this server
///
/// `auth.api.…` calls in server code then go to it, by the same names and with the same answers as
/// if Better Auth ran in the project.
#[derive(Args)]
pub(in crate::commands) struct Next {
    /// The folder of the Next.js project
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

impl Next {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        let auth = config.load(environment)?.try_out()?;
        if !self.dir.is_dir() {
            bail!("the folder `{}` does not exist", self.dir.display());
        }
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let mut kept = 0;
        for draft in self.drafts(&auth) {
            let path = self.dir.join(&draft.path);
            let path = path.display();
            match draft.write(&self.dir, existing)? {
                Written::New => print(format!("wrote {path}"))?,
                Written::Replaced => print(format!("replaced {path}"))?,
                Written::Kept => {
                    kept += 1;
                    warn(format!("{path} is there and was kept; `--force` replaces it"));
                }
            }
        }
        print(advice(auth.options().base_path.as_str()))?;
        Ok(if kept == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// `lib` and `proxy.ts` stand beside `app`, wherever that is.
    fn drafts(&self, auth: &Auth) -> [Draft; 4] {
        let source = if self.dir.join("src").is_dir() { "src" } else { "" };
        let source = PathBuf::from(source);
        let base_path = auth.options().base_path.as_str();
        let draft = |path, text| Draft { path, text };
        [
            draft(source.join("lib/auth.ts"), server(auth)),
            draft(source.join("lib/auth-client.ts"), client(auth)),
            draft(source.join("proxy.ts"), proxy(auth)),
            draft(
                PathBuf::from(".env.example"),
                fill(
                    include_str!("../../../templates/next/env.example"),
                    &[("base_path", base_path)],
                ),
            ),
        ]
    }
}

fn advice(base_path: &str) -> String {
    format!(
        "\nNext:\n  1. npm install better-auth@1.7.7\n  2. cp .env.example .env.local, and set the addresses in it\n  \
         3. let Next.js hand `{base_path}` to this server, in next.config.ts:\n     \
         rewrites: async () => [\n       {{ source: \"{base_path}/:path*\", destination: \
         `${{process.env.AUTH_SERVER_URL}}{base_path}/:path*` }},\n     ],\n  \
         4. start this server with `baseURL` (or BETTER_AUTH_URL) set to the origin of the pages"
    )
}

fn server(auth: &Auth) -> String {
    let mut endpoints = String::new();
    let of_better_auth = auth.endpoints().filter(|endpoint| {
        endpoint.place == Place::BasePath && !FOR_SERVICES.contains(&endpoint.path)
    });
    for endpoint in of_better_auth {
        let (name, method) = (api_name(endpoint), endpoint.method.as_str());
        // One name, one call: of a path with two methods the reference's API has the first.
        let is_second = auth.endpoints().any(|other| {
            other.path == endpoint.path
                && other.method == Method::GET
                && endpoint.method != Method::GET
        });
        if !is_second {
            writeln!(endpoints, "  {name}: [{:?}, {:?}],", method, endpoint.path)
                .expect("a String takes everything");
        }
    }
    let mut forwarded: Vec<_> = FORWARDED.map(str::to_owned).into();
    for header in &auth.options().advanced.ip_address.ip_address_headers {
        let header = header.to_ascii_lowercase();
        if !forwarded.contains(&header) {
            forwarded.push(header);
        }
    }
    fill(
        include_str!("../../../templates/next/auth.ts"),
        &[
            ("base_path", &auth.options().base_path),
            ("forwarded", &texts(forwarded)),
            ("endpoints", endpoints.trim_end()),
            ("dates", &texts(dates(auth))),
            ("options", &options(auth)),
        ],
    )
}

fn client(auth: &Auth) -> String {
    let mut imports = String::new();
    let mut options = String::new();
    if options_of(auth) != json!({}) {
        imports
            .push_str("import { inferAdditionalFields } from \"better-auth/client/plugins\"\n\n");
        imports.push_str("import type { auth } from \"./auth\"\n");
        options.push_str("  plugins: [inferAdditionalFields<typeof auth>()],\n");
    }
    let base_path = &auth.options().base_path;
    if base_path != "/api/auth" {
        writeln!(options, "  basePath: {base_path:?},").expect("a String takes everything");
    }
    let template = include_str!("../../../templates/next/auth-client.ts");
    fill(template, &[("imports", &imports), ("options", &options)])
}

fn proxy(auth: &Auth) -> String {
    let prefix = auth.options().advanced.cookie_prefix.as_deref();
    let cookie = match prefix {
        None | Some(DEFAULT_COOKIE_PREFIX) => String::new(),
        Some(prefix) => format!(", {{ cookiePrefix: {} }}", Json::from(prefix)),
    };
    fill(include_str!("../../../templates/next/proxy.ts"), &[("cookie", &cookie)])
}

fn api_name(endpoint: &Endpoint) -> &'static str {
    let known = API_NAMES.iter().find(|(path, _)| *path == endpoint.path);
    known.map_or(endpoint.id, |(_, name)| name)
}

/// The names of all fields that are times.
fn dates(auth: &Auth) -> Vec<String> {
    let fields = auth.schema().models().iter().flat_map(|model| &model.fields);
    let dates = fields.filter(|field| field.kind == FieldKind::Date);
    let mut names: Vec<_> = dates.map(|field| field.name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// The options that tell Better Auth's types of fields, as a type.
fn options(auth: &Auth) -> String {
    let json = format!("{:#}", options_of(auth));
    // Names need no quotes in TypeScript, but may have them.
    if json == "{}" { "Record<never, never>".to_owned() } else { json }
}

fn options_of(auth: &Auth) -> Json {
    let mut options = json!({});
    for name in ["user", "session"] {
        let Some(model) = auth.schema().model(name) else { continue };
        let mut fields = json!({});
        for (_, field) in model.additional() {
            fields[&field.name] = json!({
                "type": type_of(field),
                "required": field.required_on_input,
                "input": field.input,
                "returned": field.returned,
            });
        }
        if fields != json!({}) {
            options[name] = json!({ "additionalFields": fields });
        }
    }
    options
}

fn type_of(field: &Field) -> Json {
    match &field.kind {
        FieldKind::Id | FieldKind::String => json!("string"),
        FieldKind::Number | FieldKind::BigNumber => json!("number"),
        FieldKind::Boolean => json!("boolean"),
        FieldKind::Date => json!("date"),
        FieldKind::Json => json!("json"),
        FieldKind::StringArray => json!("string[]"),
        FieldKind::NumberArray => json!("number[]"),
        FieldKind::Enum(words) => json!(words),
    }
}

fn texts(items: Vec<String>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| Json::from(item).to_string()).collect();
    items.join(", ")
}
