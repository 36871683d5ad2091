import { get, post } from "./api.js";
import { isBusy, LEAVING, mistakesIn, restoreOnReturn, say, setBusy, wireForm } from "./form.js";
import { sentence } from "./messages.js";
import { signInAgain } from "./navigation.js";
import { ago, day, device, moment } from "./words.js";

const element = (id) => document.getElementById(id);
const account = element("account");
const sessionList = element("sessions");
const sessionsNotice = element("sessions-notice");
const sessionsStatus = element("sessions-status");
const endOthers = element("end-others");

let current; // { session, user } of whoever is signed in.

wireButton(element("sign-out"), element("sign-out-status"), () => post("/sign-out"), leave);
wireButton(endOthers, sessionsStatus, () => post("/revoke-other-sessions"), async () => {
  await showSessions();
  say(sessionsStatus, "All other sessions are ended.");
  element("sessions-heading").focus();
});
wireButton(element("retry"), null, null, load);

wireForm(element("change-name"), {
  check: () => mistakesIn(element("change-name"), { name: "Enter a name." }),
  send: ({ name }) => post("/update-user", { name: name.trim() }),
  done: (_, { name }) => {
    current.user.name = name.trim();
    showUser();
    return "Saved.";
  },
  failed: leaveIfSignedOut,
});

wireForm(element("change-password"), {
  check: () => mistakesIn(element("change-password"), {
    currentPassword: "Enter your current password.",
    newPassword: "Choose a new password.",
  }),
  send: ({ currentPassword, newPassword, revokeOtherSessions }) =>
    post("/change-password", { currentPassword, newPassword, revokeOtherSessions }),
  done: async (data, { revokeOtherSessions }) => {
    element("change-password").reset();
    if (!revokeOtherSessions) return "Password changed.";
    // All sessions were ended and this one begun anew.
    current.session.token = data.token;
    await showSessions();
    return "Password changed. You are signed out everywhere else.";
  },
  failed: leaveIfSignedOut,
});

addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

load();

async function load() {
  const waiting = account.querySelector(".waiting .status");
  element("retry").hidden = true;
  delete account.dataset.failed;
  say(waiting, "Loading your account…");
  const answer = await get("/get-session");
  if (answer.ok && !answer.data) return signInAgain();
  if (!answer.ok) {
    say(waiting, sentence(answer.failure), "bad");
    element("retry").hidden = false;
    account.dataset.failed = "";
    return;
  }
  current = answer.data;
  showUser();
  // Everything is shown together, so that nothing moves afterwards.
  await showSessions();
  account.removeAttribute("aria-busy");
  element("sign-out").disabled = false;
}

function showUser() {
  const { user } = current;
  element("user-name").textContent = user.name || user.email;
  element("user-email").textContent = user.email;
  element("user-verified").textContent = user.emailVerified ? "Yes" : "Not yet";
  element("user-since").textContent = day(user.createdAt);
  element("display-name").value = user.name;
  element("account-email").value = user.email;
}

async function showSessions() {
  const answer = await get("/list-sessions");
  sessionList.replaceChildren();
  endOthers.hidden = true;
  sessionsNotice.hidden = answer.ok;
  if (answer.ok) {
    const isCurrent = (session) => session.token === current.session.token;
    const sessions = answer.data.sort(
      (a, b) => isCurrent(b) - isCurrent(a) || b.updatedAt.localeCompare(a.updatedAt),
    );
    sessionList.append(...sessions.map((session) => sessionRow(session, isCurrent(session))));
    endOthers.hidden = sessions.length < 2;
  } else if (answer.failure.code === "SESSION_NOT_FRESH") {
    const link = document.createElement("a");
    link.href = "/sign-in?callbackURL=%2Fdashboard";
    link.textContent = "Sign in again";
    sessionsNotice.replaceChildren("You signed in a while ago. ", link, " to see your sessions.");
    // Needs no fresh session, and is what somebody in a hurry wants.
    endOthers.hidden = false;
  } else if (!leaveIfSignedOut(answer.failure)) {
    sessionsNotice.textContent = sentence(answer.failure);
  }
}

function sessionRow(session, isCurrent) {
  const row = element("session").content.cloneNode(true).firstElementChild;
  const part = (name) => row.querySelector(`[data-${name}]`);
  const name = device(session.userAgent);
  part("device").textContent = name;
  part("current").hidden = !isCurrent;
  part("active").append("Last active ", time(session.updatedAt, isCurrent ? "now" : ago(session.updatedAt)));
  part("created").append("Signed in ", time(session.createdAt, moment(session.createdAt)));
  part("address").textContent = session.ipAddress ? `From ${session.ipAddress}` : "";
  part("which").textContent = isCurrent ? ` of ${name}, this device` : ` of ${name}`;

  const button = row.querySelector("button");
  if (isCurrent) {
    // Signing out ends this session too, and takes the cookie with it.
    wireButton(button, sessionsStatus, () => post("/sign-out"), leave);
  } else {
    wireButton(button, sessionsStatus, () => post("/revoke-session", { token: session.token }), () => {
      const neighbour = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      endOthers.hidden = sessionList.children.length < 2;
      say(sessionsStatus, `Session ended: ${name}.`);
      (neighbour?.querySelector("button") ?? element("sessions-heading")).focus();
    });
  }
  return row;
}

function time(iso, words) {
  const time = document.createElement("time");
  time.dateTime = iso;
  time.title = moment(iso);
  time.textContent = words;
  return time;
}

/** A button that asks the API once at a time and says in `status` what went wrong. */
function wireButton(button, status, send, done) {
  restoreOnReturn(button);
  button.addEventListener("click", async () => {
    if (isBusy(button)) return;
    if (!send) return done();
    say(status, "");
    setBusy(button, true);
    const answer = await send();
    if (!answer.ok && leaveIfSignedOut(answer.failure) === LEAVING) return;
    const outcome = answer.ok ? await done(answer.data) : say(status, sentence(answer.failure), "bad");
    if (outcome !== LEAVING) setBusy(button, false);
  });
}

/** A provider may have a page of its own for signing out; the API then names it. */
function leave({ redirect, url }) {
  if (redirect && url) location.assign(url);
  else location.replace("/sign-in");
  return LEAVING;
}

function leaveIfSignedOut({ status }) {
  if (status !== 401) return undefined;
  signInAgain();
  return LEAVING;
}
