// Turns the configuration file of `vestibule serve` into Better Auth's options.
// Better Auth's own keys pass through untouched; ours are taken out here.
import { APIError } from "better-auth/api";

/** Keys of the file that are not Better Auth's. */
const OWN_KEYS = ["host", "port", "database", "production", "testing", "trustedPeers", "plugins", "webhooks", "mail"];

/** Plugin id → async function from that plugin's options to the plugin. Each issue that builds a plugin adds its line. */
const PLUGINS = {
  bearer: async (options) => (await import("better-auth/plugins/bearer")).bearer(options),
  jwt: async (options) => withOwnSchema((await import("better-auth/plugins/jwt")).jwt(options)),
};

/** The options, and what closes the database that was opened for them. */
export async function buildOptions(config) {
  const options = Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => !OWN_KEYS.includes(key))
      .map(([key, value]) => [key, withCallbacks(value, key)]),
  );
  options.telemetry = { enabled: false };
  options.plugins = await buildPlugins(config.plugins ?? {});
  const database = config.database && (await openDatabase(config.database));
  if (database) options.database = database.value;
  return { options, close: async () => database?.close() };
}

/** The plugin writes the names of its options into a schema that all its instances share; the harness makes many in one process. */
function withOwnSchema(plugin) {
  const own = structuredClone(plugin.schema);
  for (const model of Object.values(plugin.schema)) {
    delete model.modelName;
    for (const field of Object.values(model.fields)) delete field.fieldName;
  }
  return { ...plugin, schema: own };
}

async function buildPlugins(wanted) {
  return Promise.all(
    Object.entries(wanted).map(([id, pluginOptions]) => {
      const make = PLUGINS[id];
      if (!make) throw new Error(`plugins.${id}: the reference server has no line for this plugin in reference/options.mjs`);
      return make(withCallbacks(pluginOptions, `plugins.${id}`));
    }),
  );
}

async function openDatabase({ provider, url, schemaName }) {
  if (provider === "sqlite") {
    const { DatabaseSync } = await import("node:sqlite");
    // Two servers may share the file; without a timeout the slower one fails at once.
    const file = new DatabaseSync(url, { timeout: 5000 });
    return { value: file, close: () => file.close() };
  }
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  // A connection that the server closes while idle must not end the process.
  pool.on("error", () => {});
  const close = () => pool.end();
  if (!schemaName) return { value: pool, close };
  const { PostgresDialect } = await import("kysely");
  return { value: { dialect: new PostgresDialect({ pool }), type: "postgres", schemaName, transaction: true }, close };
}

/** Replaces every `{ webhook: URL }` by a function that calls it. */
function withCallbacks(value, path) {
  if (Array.isArray(value)) return value.map((item, index) => withCallbacks(item, `${path}.${index}`));
  if (value === null || typeof value !== "object") return value;
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === "webhook") return webhook(value.webhook, path);
  return Object.fromEntries(keys.map((key) => [key, withCallbacks(value[key], `${path}.${key}`)]));
}

function webhook(url, type) {
  return async (...args) => {
    const request = args.find((arg) => arg instanceof Request) ?? args.find((arg) => arg?.request)?.request;
    const given = args.filter((arg) => !(arg instanceof Request) && !arg?.request);
    while (given.at(-1) === undefined && given.length > 0) given.pop();
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        type,
        data: given[0],
        ...(given.length > 1 && { args: given }),
        ...(request && { request: { method: request.method, url: request.url } }),
      }),
    });
    const text = await answer.text();
    const body = text === "" ? {} : JSON.parse(text);
    if (answer.ok) return body.result;
    if (body.status) throw new APIError(body.status, body.error);
    throw new Error(body.error?.message ?? "The webhook failed");
  };
}
