import { BODIES, TYPES, VALUES } from "../lib/inputs.mjs";

export const name = "sign-up input";

// Validation does not reach the database.
export const databases = ["sqlite"];

const ADDRESSES = [
  "plain", "@example.com", "a@", "a@b", "a@b.c", "a@b.co", "a b@example.com", "a@exa mple.com", "a..b@example.com", ".a@example.com", "a.@example.com",
  "a@-example.com", "a@example-.com", "a@example..com", "a@example.c0m", "a@[127.0.0.1]", "a@127.0.0.1", '"a"@example.com', "a'b@example.com", "a+tag@example.com",
  "a/b@example.com", "a!b@example.com", "a%b@example.com", "a@b@example.com", " a@example.com", "a@example.com ", "a@example.com\n", "ä@example.com", "a@exämple.com",
  "a@xn--exmple-cua.com", "<script>@example.com", "a@example.com\u0000", "_@example.com", "-@example.com", "-a@example.com", "a-@example.com", "a_@example.com", "a@e.museum",
  `${"a".repeat(65)}@example.com`, `a@${"b".repeat(64)}.com`, `${"a".repeat(320)}@example.com`,
];

export async function run(t) {
  const body = (changes) => ({ name: "Alice", email: t.email(t.fresh("input")), password: "correct horse", ...changes });
  const send = (json, label) => t.raw("POST", "/sign-up/email", { json, label });

  for (const field of ["name", "email", "password", "image", "callbackURL", "rememberMe"]) {
    for (const value of VALUES) await send(body({ [field]: value }), `${field} ${JSON.stringify(value)}`);
    await send(body({ [field]: undefined }), `${field} absent`);
  }
  await send({ name: 1, email: 2, password: 3, image: 4, callbackURL: "/ok", rememberMe: 6 }, "every issue at once");
  for (const [label, sent] of BODIES) await t.raw("POST", "/sign-up/email", { ...sent, label });
  for (const type of TYPES) await t.raw("POST", "/sign-up/email", { json: body(), type, label: `content type ${type}` });
  await t.raw("POST", "/sign-up/email", { body: JSON.stringify(body()), label: "no content type" });
  for (const email of ADDRESSES) await send(body({ email: email.replace("example.com", `${t.fresh("d")}.example.com`) }), `address ${JSON.stringify(email)}`);

  await t.raw("POST", "/sign-up/email", {
    body: `{"name":"a","name":"b","email":"${t.email("twice")}","password":"correct horse"}`,
    type: "application/json",
    label: "a key twice",
  });
  await t.raw("POST", "/sign-up/email", { body: `\ufeff${JSON.stringify(body())}`, type: "application/json", label: "byte order mark" });
  await t.raw("POST", "/sign-up/email", { body: "name=a&name=b&email=x&password=", type: "application/x-www-form-urlencoded", label: "form with repeated names" });
  await t.raw("POST", "/sign-up/email", { body: "%zz=%&&==", type: "application/x-www-form-urlencoded", label: "form garbage" });
  await send(body({ ["__proto__"]: { admin: true }, constructor: 1 }), "prototype keys");
}
