import { get, post } from "./api.js";
import { LEAVING, mistakesIn, wireForm } from "./form.js";
import { callbackPath, DASHBOARD, keepQuery } from "./navigation.js";

const form = document.getElementById("sign-in");
const callbackURL = callbackPath();

keepQuery();

wireForm(form, {
  check: () => mistakesIn(form, {
    email: "Enter an address like name@example.com.",
    password: "Enter your password.",
  }),
  send: ({ email, password, rememberMe }) =>
    post("/sign-in/email", { email, password, rememberMe, ...(callbackURL && { callbackURL }) }),
  done: (data) => {
    if (!data.token) return "This account asks for a second step, which this page does not offer.";
    location.assign(callbackURL ?? DASHBOARD);
    return LEAVING;
  },
});

offerToContinue();

/** No forwarding here: who comes to sign in again must be able to. */
async function offerToContinue() {
  const answer = await get("/get-session");
  const status = form.querySelector(".status");
  if (!answer.ok || !answer.data || status.textContent) return;
  const link = document.createElement("a");
  link.href = callbackURL ?? DASHBOARD;
  link.textContent = "Continue";
  status.append(`You are signed in as ${answer.data.user.email}. `, link);
}
