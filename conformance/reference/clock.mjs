// Better Auth takes the time from the global `Date`. This replaces it with one that can be told, per request, what time it is.
// It has to run before better-auth is imported, because some modules keep a reference to `Date`.
import { AsyncLocalStorage } from "node:async_hooks";

const RealDate = globalThis.Date;
const frozen = new AsyncLocalStorage();
const now = () => frozen.getStore() ?? RealDate.now();

export function installClock() {
  const GivenDate = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
  });
  // Code that compares `value.constructor === Date` must keep working.
  RealDate.prototype.constructor = GivenDate;
  globalThis.Date = GivenDate;
}

/** Runs `work`, and everything it awaits, as if it were `milliseconds` since the epoch. */
export const atTime = (milliseconds, work) => frozen.run(milliseconds, work);
