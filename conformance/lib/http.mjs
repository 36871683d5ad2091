// HTTP as it is on the wire: `fetch` would hide Set-Cookie, refuse to send Origin and Cookie, and merge repeated headers.
import { request } from "node:http";

/**
 * @param {{port: number, method: string, target: string, headers: Record<string, string | string[]>, body?: string | Buffer}} wanted
 * @returns {Promise<{status: number, headers: [string, string][], body: string}>}
 */
export function exchange({ port, method, target, headers, body }) {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: "127.0.0.1",
      port,
      method,
      path: target,
      headers: body === undefined ? headers : { "content-length": String(Buffer.byteLength(body)), ...headers },
      setHost: false,
      agent: false,
      timeout: 30_000,
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within 30 s: ${method} ${target}`)));
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode,
          headers: pairs(incoming.rawHeaders),
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    // As bytes: Node writes the headers in the body's encoding when the body is a string.
    outgoing.end(body === undefined ? undefined : Buffer.from(body));
  });
}

function pairs(flat) {
  const list = [];
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i].toLowerCase(), flat[i + 1]]);
  return list;
}

export const valuesOf = (headers, name) => headers.filter(([key]) => key === name).map(([, value]) => value);
