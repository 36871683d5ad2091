// What a failure means to a person, and which field it concerns.

/** The shortest password is for the server to say: the page carries it. */
function tooShort() {
  const minimum = document.documentElement.dataset.minPasswordLength;
  return `Too short. Choose a password of at least ${minimum} characters.`;
}

/** Per code: the fields it can concern, the first that the form has; and the sentence. */
const BY_CODE = {
  INVALID_EMAIL: [["email"], "Enter an address like name@example.com."],
  USER_ALREADY_EXISTS: [["email"], "There is already an account with this email."],
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: [["email"], "There is already an account with this email."],
  EMAIL_NOT_VERIFIED: [["email"], "Confirm this address first: open the link we sent to it."],
  INVALID_EMAIL_OR_PASSWORD: [["password"], "The email or the password is wrong."],
  INVALID_PASSWORD: [["currentPassword", "password"], "This is not the right password."],
  PASSWORD_TOO_SHORT: [["newPassword", "password"], tooShort()],
  PASSWORD_TOO_LONG: [["newPassword", "password"], "Too long. Choose a shorter password."],
  PASSWORD_COMPROMISED: [["newPassword", "password"], "This password is publicly known. Choose another."],
  EMAIL_PASSWORD_SIGN_UP_DISABLED: [[], "New accounts cannot be made here."],
  EMAIL_PASSWORD_DISABLED: [[], "Signing in with a password is switched off here."],
  CREDENTIAL_ACCOUNT_NOT_FOUND: [[], "This account has no password; it signs in another way."],
};

/** What to say where the API found a field of the wrong shape. */
const BY_FIELD = {
  name: "This name cannot be used.",
  email: "Enter an address like name@example.com.",
  password: "This password cannot be used.",
  currentPassword: "This is not the right password.",
  newPassword: "This password cannot be used.",
};

/** Sorts a failure into sentences per field and one sentence for the whole form. */
export function explain(failure, fieldNames) {
  if (failure.code === "VALIDATION_ERROR") {
    const fields = invalidFields(failure.message, fieldNames);
    if (Object.keys(fields).length > 0) return { fields, status: "" };
  }
  if (Object.hasOwn(BY_CODE, failure.code)) {
    const [candidates, sentence] = BY_CODE[failure.code];
    const field = candidates.find((name) => fieldNames.includes(name));
    return field ? { fields: { [field]: sentence }, status: "" } : { fields: {}, status: sentence };
  }
  return { fields: {}, status: sentence(failure) };
}

/** A failure in one sentence, for where there is no field to put it beside. */
export function sentence({ status, code, message, retryAfter, requestId }) {
  if (status === 0) return "The server did not answer. Check your connection, then try again.";
  if (status === 429) return `Too many attempts. Try again ${soon(retryAfter)}.`;
  if (status === 503) return `The server is busy. Try again ${soon(retryAfter)}.`;
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code][1];
  // What the API says is better than a guess: in development it names the line of configuration to add.
  const said = message || "Something went wrong.";
  return requestId && status >= 500 ? `${said} (request ${requestId})` : said;
}

function soon(seconds) {
  if (!seconds) return "in a moment";
  if (seconds < 120) return `in ${seconds} ${seconds === 1 ? "second" : "seconds"}`;
  return `in ${Math.ceil(seconds / 60)} minutes`;
}

/** Reads the API's `[body.email] Invalid email address; [body.name] …`. */
function invalidFields(message, fieldNames) {
  const fields = {};
  for (const [, name] of message.matchAll(/\[body\.([A-Za-z]+)\]/g)) {
    if (fieldNames.includes(name)) fields[name] = BY_FIELD[name] ?? "This cannot be used.";
  }
  return fields;
}
