const ip = (ipAddress) => ({ advanced: { ipAddress } });

export const name = "client address";

// The database plays no part here.
export const databases = ["sqlite"];

export const variants = [
  { name: "defaults", config: {} },
  { name: "other headers", config: ip({ ipAddressHeaders: ["cf-connecting-ip", "x-real-ip"] }) },
  { name: "proxies", config: ip({ trustedProxies: ["10.0.0.0/8", "203.0.113.7", "2001:db8::/32"] }) },
  { name: "whole IPv6 addresses", config: ip({ ipv6Subnet: 128 }) },
  { name: "wide IPv6 networks", config: ip({ ipv6Subnet: 48 }) },
  { name: "no tracking", config: ip({ disableIpTracking: true }) },
  { name: "development", config: { production: false } },
];

const FORWARDED = [
  "203.0.113.9", " 203.0.113.9 ", "203.0.113.9, 10.0.0.1", "198.51.100.1, 203.0.113.7", "198.51.100.1, 203.0.113.9, 10.1.2.3, 203.0.113.7", "10.0.0.1, 10.0.0.2", "rubbish", "203.0.113.9, rubbish", "rubbish, 203.0.113.9",
  "203.0.113.9:1234", "[2001:db9::1]", "2001:db9::1", "2001:DB9:1:2:3:4:5:6", "2001:db9:1:2:3:4:5:6, 2001:db8::1", "::ffff:192.0.2.1", "::FFFF:c000:0201", "::1", "256.1.1.1", "1.2.3", "01.2.3.4", "fe80::1%eth0", ",", "203.0.113.9,",
];

export async function run(t) {
  const email = t.email();
  await t.actor().signUp(email);
  const see = async (headers, label) => {
    const answer = await t.raw("POST", "/sign-in/email", { json: { email, password: "correct horse" }, headers, label });
    const cookie = answer.header("set-cookie")?.split(";")[0];
    await t.raw("GET", "/get-session", { headers: { cookie }, label: "what was kept" });
  };
  for (const value of FORWARDED) await see({ "x-forwarded-for": value, "user-agent": "Harness/1.0" }, value);
  await see({ "x-real-ip": "203.0.113.9" }, "x-real-ip");
  await see({ "cf-connecting-ip": "rubbish", "x-real-ip": "203.0.113.9" }, "the first that yields one");
  await see({ "cf-connecting-ip": "203.0.113.8", "x-real-ip": "203.0.113.9" }, "both");
  await see({ "x-forwarded-for": ["203.0.113.9", "203.0.113.10"] }, "two headers");
  await see({ "user-agent": "a".repeat(2000) }, "a long user agent");
  await see({ "user-agent": "ü<b>" }, "a strange user agent");
}
