//! `vestibule init`.

use insta::assert_snapshot;

use crate::server::Place;

/// What the generated server file says between two of its lines.
fn part(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0.trim_matches('\n').to_owned()
}

#[test]
fn a_next_project_gets_what_the_configuration_says() {
    let place = Place::with_config(
        "tokens.api.algorithm = \"HS256\"\nbasePath = \"/auth\"\n[emailAndPassword]\nenabled = true\n[advanced]\ncookiePrefix = \"shop\"\n\
         [advanced.ipAddress]\nipAddressHeaders = [\"CF-Connecting-IP\"]\n\
         [user.additionalFields.plan]\ntype = [\"free\", \"paid\"]\nrequired = false\ninput = false\n\
         [session.additionalFields.seenAt]\ntype = \"date\"\nrequired = false\n",
    );
    std::fs::create_dir_all(place.path("web/src/app")).unwrap();
    assert_snapshot!(place.output(&["init", "next", "--dir", "web"]), @r#"
    wrote web/src/lib/auth.ts
    wrote web/src/lib/auth-client.ts
    wrote web/src/proxy.ts
    wrote web/.env.example

    Next:
      1. npm install better-auth@1.7.7
      2. cp .env.example .env.local, and set the addresses in it
      3. let Next.js hand `/auth` to this server, in next.config.ts:
         rewrites: async () => [
           { source: "/auth/:path*", destination: `${process.env.AUTH_SERVER_URL}/auth/:path*` },
         ],
      4. start this server with `baseURL` (or BETTER_AUTH_URL) set to the origin of the pages
    "#);

    let read = |name: &str| std::fs::read_to_string(place.path("web").join(name)).unwrap();
    let server = read("src/lib/auth.ts");
    assert!(server.contains("\nconst BASE_PATH = \"/auth\"\n"));
    assert_snapshot!(part(&server, "const FORWARDED = ", "\n"), @r#"["authorization", "cookie", "user-agent", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "cf-connecting-ip"]"#);
    assert_snapshot!(part(&server, "const ENDPOINTS = {", "} as const"), @r#"
    signUpEmail: ["POST", "/sign-up/email"],
    signInEmail: ["POST", "/sign-in/email"],
    signOut: ["POST", "/sign-out"],
    listSessions: ["GET", "/list-sessions"],
    revokeSession: ["POST", "/revoke-session"],
    revokeSessions: ["POST", "/revoke-sessions"],
    revokeOtherSessions: ["POST", "/revoke-other-sessions"],
    updateSession: ["POST", "/update-session"],
    updateUser: ["POST", "/update-user"],
    changeEmail: ["POST", "/change-email"],
    sendVerificationEmail: ["POST", "/send-verification-email"],
    verifyEmail: ["GET", "/verify-email"],
    changePassword: ["POST", "/change-password"],
    verifyPassword: ["POST", "/verify-password"],
    ok: ["GET", "/ok"],
    error: ["GET", "/error"],
    getSession: ["GET", "/get-session"],
    "#);
    assert_snapshot!(part(&server, "const DATES = new Set(", "\n"), @r#"["accessTokenExpiresAt", "createdAt", "expiresAt", "refreshTokenExpiresAt", "seenAt", "updatedAt"])"#);
    assert_snapshot!(part(&server, "type Options = ", "type Server"), @r#"
    {
      "user": {
        "additionalFields": {
          "plan": {
            "type": [
              "free",
              "paid"
            ],
            "required": false,
            "input": false,
            "returned": true
          }
        }
      },
      "session": {
        "additionalFields": {
          "seenAt": {
            "type": "date",
            "required": false,
            "input": true,
            "returned": true
          }
        }
      }
    }
    "#);
    assert_snapshot!(read("src/lib/auth-client.ts"), @r#"
    /**
     * Better Auth in the browser: `authClient.signIn.email(..)`, `useSession()`.
     *
     * Written by `vestibule init next`. Without a base URL requests go to the page's own origin, which
     * hands them to the auth server; see the rewrite in `.env.example`.
     */
    import { createAuthClient } from "better-auth/react"
    import { inferAdditionalFields } from "better-auth/client/plugins"

    import type { auth } from "./auth"

    export const authClient = createAuthClient({
      baseURL: process.env.NEXT_PUBLIC_BETTER_AUTH_URL || undefined,
      plugins: [inferAdditionalFields<typeof auth>()],
      basePath: "/auth",
    })

    export const { signIn, signUp, signOut, useSession } = authClient
    "#);
    assert_snapshot!(part(&read("src/proxy.ts"), "if (", " return"), @r#"getSessionCookie(request, { cookiePrefix: "shop" }))"#);
    assert!(read(".env.example").contains("source: \"/auth/:path*\""));
}

#[test]
fn files_that_are_there_are_kept_unless_forced() {
    let place = Place::new();
    std::fs::create_dir(place.path("lib")).unwrap();
    let place = place.file("lib/auth.ts", "mine");
    let output = place.run(&["init", "next"]);
    assert_eq!(output.status.code(), Some(1));
    let warning = String::from_utf8(output.stderr).unwrap();
    assert_snapshot!(warning.trim_end(), @"warning: ./lib/auth.ts is there and was kept; `--force` replaces it");
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    assert_eq!(read("lib/auth.ts"), "mine");
    assert!(read("proxy.ts").contains("export function proxy"));

    let forced = place.output(&["init", "next", "--force"]);
    assert!(forced.starts_with("replaced ./lib/auth.ts\n"), "{forced}");
    assert!(read("lib/auth.ts").contains("export const auth"));
}

#[test]
fn a_project_that_is_not_there_is_not_made() {
    let place = Place::new();
    let nowhere = ["init", "next", "--dir", "web"];
    assert_snapshot!(place.complaint(&nowhere), @"error: the folder `web` does not exist");
    assert!(!place.path("web").exists());
}
