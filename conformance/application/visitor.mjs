// A person at a browser, who sees what a page says and not how it is made.
import { strict as assert } from "node:assert";

export const PASSWORD = "correct horse battery";

let visitors = 0;

/** A browser of his own: no cookies yet. */
export async function newVisitor(browser, topology) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    // The edge makes an address of it.
    userAgent: `Mozilla/5.0 (X11; Linux x86_64) Chrome Visitor/${(visitors++ % 240) + 1}`,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("response", (response) => {
    if (response.status() >= 500) problems.push(`${response.status()} for ${response.url()}`);
  });
  return new Visitor(page, topology, problems);
}

class Visitor {
  constructor(page, topology, problems) {
    Object.assign(this, { page, topology, problems });
  }

  open = (path) => this.page.goto(`${this.topology.app}${path}`);
  field = (name) => this.page.getByLabel(name, { exact: true });
  button = (name) => this.page.getByRole("button", { name, exact: true });
  path = () => new URL(this.page.url()).pathname;

  /** Where the page's code finds the two servers. */
  get authUrl() {
    return this.topology.auth.baseURL;
  }

  get backendUrl() {
    return new URL(this.topology.frontend.NEXT_PUBLIC_BACKEND_API_URL, this.topology.app).href.replace(/\/$/, "");
  }

  async fill(form, values) {
    for (const [name, value] of Object.entries(values)) await this.field(name).fill(value);
    await this.button(form).click();
  }

  async signUp(email, { name = "Ada", password = PASSWORD } = {}) {
    await this.open("/sign-up");
    await this.fill("Sign up", { Name: name, Email: email, Password: password });
  }

  async signIn(email, password = PASSWORD) {
    await this.open("/sign-in");
    await this.fill("Sign in", { Email: email, Password: password });
  }

  addNote = (text) => this.fill("Add", { "New note": text });

  async sees(text) {
    await this.page.getByText(text, { exact: true }).first().waitFor();
  }

  async isAt(path) {
    await this.page.waitForURL((url) => url.pathname === path);
  }

  /** The texts of the list of notes, once the page shows one. */
  async notes() {
    await this.field("New note").waitFor();
    return this.page.locator("ul.notes li > p").allInnerTexts();
  }

  /** The field is marked as wrong, its explanation is tied to it, and the page is still the same. */
  async seesProblemBeside(name, pattern) {
    const path = this.path();
    const input = this.page.locator(`[aria-invalid="true"]`).and(this.field(name));
    await input.waitFor();
    const text = input.locator("xpath=..").getByText(pattern);
    await text.waitFor();
    const described = (await input.getAttribute("aria-describedby")) ?? "";
    assert.ok(described.split(" ").includes(await text.getAttribute("id")), `the field ${name} names the text that explains its problem`);
    assert.equal(this.path(), path, "no redirect");
  }

  /** What the backend answers this person, asked as the page's own code would ask. */
  backendStatus(method, path) {
    const audience = this.topology.frontend.NEXT_PUBLIC_BACKEND_AUDIENCE;
    return this.page.evaluate(
      async ({ method, url, audience }) => {
        const headers = { "content-type": "application/json" };
        if (audience) {
          const token = await fetch("/auth/token", { method: "POST", body: new URLSearchParams({ audience }) });
          headers.authorization = `Bearer ${(await token.json()).access_token}`;
        }
        return (await fetch(url, { method, headers, credentials: "include" })).status;
      },
      { method, url: `${this.backendUrl}${path}`, audience },
    );
  }

  sessionCookies = async () => (await this.page.context().cookies()).filter(({ name }) => name.endsWith("session_token"));

  /** What was wrong so far was meant to be. */
  forgive = () => this.problems.splice(0);

  close = () => this.page.context().close();

  async leaves() {
    await this.close();
    assert.deepEqual(this.problems, [], "problems on the page");
  }
}
