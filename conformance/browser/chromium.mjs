// The Chromium of the system; Playwright brings none.
import { accessSync } from "node:fs";

export const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
export const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"];

export function requireChromium() {
  try {
    accessSync(CHROMIUM);
  } catch {
    throw new Error(`Chromium is not at ${CHROMIUM}. Install it: apt-get install -y chromium`);
  }
}
