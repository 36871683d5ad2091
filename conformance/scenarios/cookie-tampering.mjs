import { SECRET } from "../lib/config.mjs";
import { signed } from "../lib/cookies.mjs";

export const name = "cookies that were tampered with";

// The database plays no part here.
export const databases = ["sqlite"];

const NAME = "better-auth.session_token";

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  const good = alice.jar.get(NAME);
  const token = decodeURIComponent(good).split(".")[0];
  const signature = decodeURIComponent(good).slice(token.length + 1);
  const remember = signed("true", SECRET);

  const cookies = {
    "as issued": `${NAME}=${good}`,
    "not percent-encoded": `${NAME}=${token}.${signature}`,
    "everything percent-encoded": `${NAME}=${[...`${token}.${signature}`].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("")}`,
    "upper-case escapes kept": `${NAME}=${good.replaceAll("%3D", "%3d")}`,
    "quoted": `${NAME}="${good}"`,
    "an opening quote only": `${NAME}="${good}`,
    "spaces around": `  ${NAME}  =  ${good}  `,
    "no space after the semicolon": `a=b;${NAME}=${good};c=d`,
    "empty pairs": `;;=; ;${NAME}=${good};;`,
    "no signature": `${NAME}=${token}`,
    "an empty signature": `${NAME}=${token}.`,
    "a short signature": `${NAME}=${encodeURIComponent(`${token}.${signature.slice(1)}`)}`,
    "a long signature": `${NAME}=${encodeURIComponent(`${token}.${signature}=`)}`,
    "another signature": `${NAME}=${encodeURIComponent(`${token}.${"A".repeat(43)}=`)}`,
    "a signature that is not base64": `${NAME}=${encodeURIComponent(`${token}.${"!".repeat(43)}=`)}`,
    "a changed token": `${NAME}=${encodeURIComponent(`${token.slice(1)}x.${signature}`)}`,
    "somebody else's token": `${NAME}=${encodeURIComponent(`${decodeURIComponent(bob.jar.get(NAME)).split(".")[0]}.${signature}`)}`,
    "another secret": `${NAME}=${signed(token, "some other secret that is long enough")}`,
    "a dot in the value": `${NAME}=${signed(`${token}.x`, SECRET)}`,
    "a signed unknown token": `${NAME}=${signed("unknown", SECRET)}`,
    "a signed empty token": `${NAME}=${signed("", SECRET)}`,
    "a signed SQL fragment": `${NAME}=${signed("' OR 1=1 --", SECRET)}`,
    "a signed NUL": `${NAME}=${signed("a\u0000b", SECRET)}`,
    "signed, not ASCII": `${NAME}=${signed("ü🦀", SECRET)}`,
    "percent garbage": `${NAME}=%zz%`,
    "a bad percent escape at the end": `${NAME}=${good}%`,
    "empty": `${NAME}=`,
    "no equals sign": NAME,
    "twice, the good one first": `${NAME}=${good}; ${NAME}=bad`,
    "twice, the bad one first": `${NAME}=bad; ${NAME}=${good}`,
    "two people": `${NAME}=${good}; ${NAME}=${bob.jar.get(NAME)}`,
    "the secure name": `__Secure-${NAME}=${good}`,
    "both names": `__Secure-${NAME}=bad; ${NAME}=${good}`,
    "other case": `${NAME.toUpperCase()}=${good}`,
    "bytes above ASCII": `x=\u00fc\u00ff; ${NAME}=${good}`,
    "a thousand others": `${Array.from({ length: 300 }, (_, i) => `c${i}=v`).join("; ")}; ${NAME}=${good}`,
    "dont_remember with a bad signature": `${NAME}=${good}; better-auth.dont_remember=true.bad`,
    "dont_remember unsigned": `${NAME}=${good}; better-auth.dont_remember=true`,
    "dont_remember": `${NAME}=${good}; better-auth.dont_remember=${remember}`,
    "dont_remember saying false": `${NAME}=${good}; better-auth.dont_remember=${signed("false", SECRET)}`,
    "a cookie cache though it is off": `${NAME}=${good}; better-auth.session_data=abc`,
    "chunks of a cookie cache": `${NAME}=${good}; better-auth.session_data.0=abc; better-auth.session_data.01=abc; better-auth.session_data.1=abc; better-auth.session_data.x=abc`,
    "only a cookie cache": "better-auth.session_data=abc; better-auth.session_data.0=abc",
  };
  for (const [label, cookie] of Object.entries(cookies)) {
    await t.raw("GET", "/get-session", { headers: { cookie }, label });
    await t.raw("POST", "/verify-password", { headers: { cookie, origin: "http://localhost:3000" }, json: { password: "" }, label });
  }
  await t.raw("GET", "/get-session", { headers: { cookie: ["a=b", `${NAME}=${good}`] }, label: "two Cookie headers" });
  t.advance(2 * 86_400);
  for (const label of ["dont_remember", "dont_remember saying false", "dont_remember unsigned"]) {
    await t.raw("GET", "/get-session", { headers: { cookie: cookies[label] }, label: `${label}, when a refresh is due` });
  }
  await alice.get("/get-session", { headers: { authorization: "Bearer x" }, label: "a bearer token nobody asked for" });
}
