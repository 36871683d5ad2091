// Plays the application's side of the callbacks: receives what `{ webhook: URL }` sends and answers as the scenario says.
import { createServer } from "node:http";

export class Hooks {
  #server;
  #calls = [];
  /** What to answer, by the option's dotted path. Default: success without a result. */
  answers = new Map();

  async start() {
    this.#server = createServer(async (incoming, outgoing) => {
      const chunks = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const call = JSON.parse(Buffer.concat(chunks).toString());
      this.#calls.push(call);
      const { status = 200, body = {} } = this.answers.get(call.type) ?? {};
      outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}/hooks`;
    return this;
  }

  /** The calls since the last look. */
  take() {
    return this.#calls.splice(0);
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
