import { post } from "./api.js";
import { LEAVING, mistakesIn, wireForm } from "./form.js";
import { callbackPath, DASHBOARD, keepQuery } from "./navigation.js";

const form = document.getElementById("sign-up");
const callbackURL = callbackPath();

keepQuery();

wireForm(form, {
  check: () => mistakesIn(form, {
    email: "Enter an address like name@example.com.",
    password: "Choose a password.",
  }),
  send: ({ name, email, password }) =>
    post("/sign-up/email", {
      name: name.trim() || email.slice(0, email.lastIndexOf("@")),
      email,
      password,
      ...(callbackURL && { callbackURL }),
    }),
  done: (data, { email }) => {
    if (!data.token) return showNextStep(email);
    location.assign(callbackURL ?? DASHBOARD);
    return LEAVING;
  },
  refine: (field, note, failure) => {
    if (failure.code.startsWith("USER_ALREADY_EXISTS")) offerSignIn(note);
  },
});

/** Without a token the address must be confirmed, or sign-in is a step of its own; the answer does not say which. */
function showNextStep(email) {
  const next = document.getElementById("signed-up");
  next.querySelector("[data-email]").textContent = email;
  form.hidden = true;
  next.hidden = false;
  next.focus();
  return "";
}

function offerSignIn(note) {
  const link = document.createElement("a");
  link.href = `/sign-in${location.search}`;
  link.textContent = "Sign in";
  note.append(" ", link);
}
