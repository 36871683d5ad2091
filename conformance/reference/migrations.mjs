// What the reference's migration would do, or does, on a database.
import { getMigrations } from "better-auth/db/migration";
import { buildOptions } from "./options.mjs";

/** Runs the migration; gives the statements. */
export const migrate = (config) =>
  withMigrations(config, async (migrations) => {
    const statements = await migrations.compileMigrations();
    await migrations.runMigrations();
    return statements;
  });

/** The tables, columns and indexes it finds missing. */
export const pending = (config) =>
  withMigrations(config, async ({ toBeCreated, toBeAdded, toBeAddedIndexes }) => [
    ...toBeCreated.map(({ table }) => `table ${table}`),
    ...toBeAdded.flatMap(({ table, fields }) => Object.keys(fields).map((field) => `column ${table}.${field}`)),
    ...toBeAddedIndexes.map(({ name }) => `index ${name}`),
  ]);

/** Its remarks about column types are not of interest here. */
async function withMigrations(config, work) {
  const { options, close } = await buildOptions(config);
  try {
    return await work(await getMigrations({ ...options, logger: { disabled: true } }));
  } finally {
    await close();
  }
}
