// The JSON API, as any other client calls it. An answer is { ok: true, data } or { ok: false, failure };
// nothing here throws, so that callers cannot forget a case.

const BASE_PATH = document.documentElement.dataset.basePath;
const TIMEOUT_MILLISECONDS = 30_000;

export const get = (path) => request("GET", path);
export const post = (path, body = {}) => request("POST", path, body);

async function request(method, path, body) {
  let response, text;
  try {
    response = await fetch(BASE_PATH + path, {
      method,
      headers: body ? { "content-type": "application/json" } : {},
      body: body && JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    text = await response.text();
  } catch {
    return { ok: false, failure: { status: 0, code: "", message: "", retryAfter: null } };
  }
  const data = parse(text);
  if (response.ok && data !== undefined) return { ok: true, data };
  return {
    ok: false,
    failure: {
      status: response.status,
      code: data?.code ?? "",
      message: data?.message ?? "",
      retryAfter: seconds(response.headers.get("retry-after") ?? response.headers.get("x-retry-after")),
      requestId: response.headers.get("x-request-id") ?? "",
    },
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Only the form in seconds is understood; a date counts as nothing said. */
function seconds(header) {
  const value = Number.parseInt(header ?? "", 10);
  return value > 0 ? value : null;
}
