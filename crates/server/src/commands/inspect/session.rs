//! What the database says about a session token, or about a user's id.

use vestibule_core::models::SessionUser;

use super::known::Known;
use super::report::{Fact, Report};
use crate::style::harmless;

/// Looks a session up by its token.
pub(super) fn report(known: &Known, report: &mut Report, token: &str) {
    report.fact("token", Fact::Credential(token.to_owned()));
    match known.session(token) {
        Ok(Some(found)) => describe(known, report, &found),
        Ok(None) => missing(known, report, token),
        Err(reason) => unreachable(report, &reason),
    }
}

/// Looks a user up by id, as a token names one.
pub(super) fn report_user(known: &Known, report: &mut Report, id: &str) {
    match known.user(id) {
        Ok(Some(user)) => report.text("user", format!("{} <{}>, {id}", user.name, user.email)),
        Ok(None) => report.problem(
            "no-user",
            format!("the database has no user with the id {}", harmless(id)),
            "compare the databases of whoever issued it and of this server (`DATABASE_URL`); the user may be deleted",
        ),
        Err(reason) => unreachable(report, &reason),
    }
}

fn describe(known: &Known, report: &mut Report, found: &SessionUser) {
    let SessionUser { session, user } = found;
    report.text("session", format!("{}, in the database", session.id));
    report.text("user", format!("{} <{}>, {}", user.name, user.email, user.id));
    report.fact("created", Fact::Time(session.created_at));
    report.fact("expires", Fact::Time(session.expires_at));
    if session.expires_at <= known.now {
        report.problem(
            "expired",
            "the session has expired",
            "sign in again; `session.expiresIn` says how long a session lives without being used",
        );
    }
}

fn missing(known: &Known, report: &mut Report, token: &str) {
    // An id has the same form, and people confuse the two.
    if let Ok(Some(user)) = known.user(token) {
        report.problem(
            "user-id",
            format!("this is the id of the user {}, not the token of a session", user.email),
            "send the session's token: `session.token` of `/get-session`, or the cookie",
        );
        return;
    }
    report.problem(
        "no-session",
        "the database has no session with this token",
        "sign in again if it was revoked; otherwise compare the databases of whoever issued it and of this \
         server (`DATABASE_URL`)",
    );
}

fn unreachable(report: &mut Report, reason: &str) {
    report.note(format!(
        "whether it is in the database is not known: the database could not be asked ({reason})"
    ));
}
