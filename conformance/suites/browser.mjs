import { requireChromium } from "../browser/chromium.mjs";
import { signUpInBrowser } from "../browser/sign-up.mjs";

export async function run(report, { only, binary }) {
  const name = "browser: sign up, in, out, and everything on the dashboard";
  if (!only.test(name)) return;
  await report.run(name, async () => {
    requireChromium();
    await signUpInBrowser({ binary });
  });
}
