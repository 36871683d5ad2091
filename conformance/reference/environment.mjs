// Better Auth reads NODE_ENV once, at import; `TEST` and `NODE_ENV=test` would switch its origin checks off.
import { installClock } from "./clock.mjs";

export function prepareEnvironment({ production }) {
  process.env.NODE_ENV = production ? "production" : "development";
  delete process.env.TEST;
  installClock();
}
