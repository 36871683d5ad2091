const limited = (ipAddress, more) => ({ rateLimit: { enabled: true, storage: "database", max: 1000 }, advanced: { ipAddress }, ...more });

export const name = "client address";

// The database plays no part here.
export const databases = ["sqlite"];

export const variants = [
  { name: "defaults", config: limited(undefined) },
  { name: "other headers", config: limited({ ipAddressHeaders: ["cf-connecting-ip", "x-real-ip"] }) },
  { name: "proxies", config: limited({ trustedProxies: ["10.0.0.0/8", "203.0.113.7", "2001:db8::/32"] }) },
  { name: "whole IPv6 addresses", config: limited({ ipv6Subnet: 128 }) },
  { name: "wide IPv6 networks", config: limited({ ipv6Subnet: 48 }) },
  { name: "no tracking", config: limited({ disableIpTracking: true }) },
  { name: "development", config: limited(undefined, { production: false }) },
];

const FORWARDED = [
  "203.0.113.9",
  " 203.0.113.9 ",
  "203.0.113.9, 10.0.0.1",
  "198.51.100.1, 203.0.113.7",
  "198.51.100.1, 203.0.113.9, 10.1.2.3, 203.0.113.7",
  "10.0.0.1, 10.0.0.2",
  "rubbish",
  "203.0.113.9, rubbish",
  "rubbish, 203.0.113.9",
  "203.0.113.9:1234",
  "[2001:db9::1]",
  "2001:db9::1",
  "2001:DB9:1:2:3:4:5:6",
  "2001:db9:1:2:3:4:5:6, 2001:db8::1",
  "::ffff:192.0.2.1",
  "::ffff:c000:0201",
  "::1",
  "::",
  "256.1.1.1",
  "1.2.3",
  "01.2.3.4",
  "fe80::1%eth0",
  ",",
  "203.0.113.9,",
];

export async function run(t) {
  // The key of a counter says which address was seen; every request has a path of its own, so none hides another.
  let asked = 0;
  const ask = (headers, label) => t.raw("GET", `/address-${String(++asked).padStart(2, "0")}`, { headers, label });
  for (const value of FORWARDED) await ask({ "x-forwarded-for": value }, value);
  await ask({ "x-real-ip": "203.0.113.9" }, "x-real-ip");
  await ask({ "cf-connecting-ip": "rubbish", "x-real-ip": "203.0.113.9" }, "the first that yields one");
  await ask({ "cf-connecting-ip": "203.0.113.8", "x-real-ip": "203.0.113.9" }, "both");
  await ask({ "x-forwarded-for": ["203.0.113.9", "203.0.113.10"] }, "two headers");
  await t.rows("rateLimit", () => true, { orderBy: "lastRequest" });

  const alice = t.actor();
  await alice.signUp(t.email(), {});
  await alice.get("/get-session", { label: "what the session keeps" });
  for (const agent of ["a".repeat(2000), "ü<b>", ""]) {
    const headers = { "user-agent": agent, "x-forwarded-for": "2001:db9:1:2:3:4:5:6" };
    await t.raw("POST", "/sign-in/email", { json: { email: t.email(), password: "correct horse" }, headers });
  }
  await t.rowsOfUser(t.email());
}
