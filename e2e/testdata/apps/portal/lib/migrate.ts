import { getMigrations } from "better-auth/db/migration";
import { Pool } from "pg";

import { auth } from "./auth";

const LOCK = 7_310_452; // any number that nobody else uses in this database

export async function migrate() {
  const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 1 });
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    const { runMigrations, toBeCreated } = await getMigrations(auth().options);
    await runMigrations();
    console.log(`migrated: ${toBeCreated.length} new tables`);
  } finally {
    client.release(true); // its end releases the lock
    await pool.end();
  }
}
