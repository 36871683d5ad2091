// A newcomer's first minutes in a real browser: `vestibule serve` with no arguments, in an empty folder.
import { strict as assert } from "node:assert";
import { chromium } from "playwright-core";
import { CHROMIUM, FLAGS } from "./chromium.mjs";
import { launch } from "../lib/process.mjs";
import { screenshots as screenshotFolder, workFolder } from "../lib/paths.mjs";
import { freePort } from "../lib/ports.mjs";
import { untilAnswers } from "../lib/targets.mjs";

const EMAIL = "newcomer@example.com";
const [PASSWORD, NEW_PASSWORD] = ["correct horse", "battery staple"];

export async function signUpInBrowser({ binary }) {
  const port = await freePort();
  const server = launch("vestibule-browser", binary, ["serve"], { env: { PORT: String(port) }, cwd: workFolder("newcomer") });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    await untilAnswers(server, port);
    const address = `http://localhost:${port}`;
    const page = await newPage(browser);
    await signUp(page, address);
    await signOutAndIn(page, address);
    const other = await newPage(browser);
    await endAnotherSession(page, other, address);
    await changePassword(page);
    await screenshots(page, `${address}/dashboard`);
    for (const path of ["sign-up", "sign-in"]) await screenshots(other, `${address}/${path}`);
    await button(page, "Sign out").click();
    await page.waitForURL(/sign-in|\/$/);
    await page.goto(`${address}/dashboard`);
    await page.waitForURL(/sign-in/);
    assert.deepEqual(page.problems, [], "errors on the page");
  } catch (error) {
    error.message += `\nthe server said:\n${server.log()}`;
    throw error;
  } finally {
    await browser.close();
    await server.stop();
  }
}

async function newPage(browser) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(10_000);
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(error.message));
  return page;
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const field = (page, name) => page.getByLabel(name, { exact: true });

async function signUp(page, address) {
  await page.goto(`${address}/sign-up`);
  await page.getByLabel(/^Name/).fill("Newcomer");
  await field(page, "Email").fill(EMAIL);
  await field(page, "Password").fill("short");
  await button(page, "Sign up").click();
  await expectErrorBeside(page, "Password");
  await field(page, "Password").fill(PASSWORD);
  await button(page, "Sign up").click();
  await page.waitForURL("**/dashboard");
  await page.getByText(EMAIL).first().waitFor();
}

async function signOutAndIn(page, address) {
  await button(page, "Sign out").click();
  await page.waitForURL(/sign-in|\/$/);
  await page.goto(`${address}/sign-in`);
  await signIn(page, "wrong horse");
  await expectErrorBeside(page, "Password");
  await signIn(page, PASSWORD);
  await page.waitForURL("**/dashboard");
  await page.getByText(EMAIL).first().waitFor();
}

async function signIn(page, password) {
  await field(page, "Email").fill(EMAIL);
  await field(page, "Password").fill(password);
  await button(page, "Sign in").click();
}

/** The field is marked as wrong, and the text that explains it is tied to it. */
async function expectErrorBeside(page, name) {
  const input = page.locator('[aria-invalid="true"]').first();
  await input.waitFor();
  const described = await input.getAttribute("aria-describedby");
  assert.ok(described, `the field ${name} names the text that explains its error`);
  const texts = await Promise.all(described.split(/\s+/).map((id) => page.locator(`[id="${id}"]`).innerText()));
  assert.ok(texts.join("").trim() !== "", `an error beside the field ${name}`);
}

/** The buttons beside the sessions that are not marked as this device's. */
const endButtons = (page) =>
  page.locator("li:not(:has([data-current]:not([hidden])))").getByRole("button", { name: /^End session/ });

async function endAnotherSession(page, other, address) {
  await other.goto(`${address}/sign-in`);
  await signIn(other, PASSWORD);
  await other.waitForURL("**/dashboard");
  await page.reload();
  await endButtons(page).first().waitFor();
  await endButtons(page).first().click();
  await endButtons(page).first().waitFor({ state: "detached" });
  await other.goto(`${address}/dashboard`);
  await other.waitForURL(/sign-in/);
}

async function changePassword(page) {
  await field(page, "Current password").fill("wrong horse");
  await field(page, "New password").fill(NEW_PASSWORD);
  await button(page, "Change password").click();
  await expectErrorBeside(page, "Current password");
  await field(page, "Current password").fill(PASSWORD);
  await field(page, "New password").fill(NEW_PASSWORD);
  await button(page, "Change password").click();
  await page.getByText(/password (was |has been )?changed/i).waitFor();
}

/** To look at, not to compare. */
async function screenshots(page, address) {
  const name = `${screenshotFolder()}/${new URL(address).pathname.slice(1)}`;
  const looks = { desktop: { width: 1280, height: 900 }, phone: { width: 375, height: 812 } };
  for (const [look, size] of Object.entries(looks)) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      await page.goto(address);
      await page.waitForLoadState("networkidle");
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wider <= 0, `${address} is ${wider} px wider than a screen of ${size.width} px`);
      await page.screenshot({ path: `${name}-${look}-${colorScheme}.png`, fullPage: true });
    }
  }
}
