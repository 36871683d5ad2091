// A Vestibule for the process suite: real clock, no rate limits, tables made at the start.
import { withBase } from "../lib/config.mjs";
import { startVestibule } from "../lib/targets.mjs";

export const configFor = (provider, url) =>
  withBase({ testing: undefined, trustedPeers: undefined, database: { provider, url, migrate: true } });

export const start = (provider, url, binary) => startVestibule(configFor(provider, url), { binary });
