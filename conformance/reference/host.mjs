// Many references in one process, started and stopped by messages: importing better-auth costs more than running a scenario.
import { prepareEnvironment } from "./environment.mjs";

prepareEnvironment({ production: process.env.NODE_ENV === "production" });
const { startInstance } = await import("./instance.mjs");
const running = new Map();

const actions = {
  async start({ config }) {
    const instance = await startInstance({ ...config, port: 0 });
    running.set(instance.port, instance);
    return { port: instance.port };
  },
  async stop({ port }) {
    await running.get(port)?.close();
    running.delete(port);
    return {};
  },
};

process.on("message", async ({ id, action, ...rest }) => {
  try {
    process.send({ id, result: await actions[action](rest) });
  } catch (error) {
    process.send({ id, error: error.stack ?? String(error) });
  }
});
process.on("disconnect", () => process.exit(0));
process.send({ ready: true });
