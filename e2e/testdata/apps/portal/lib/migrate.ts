import { getMigrations } from "better-auth/db/migration";
import { Pool } from "pg";

import { auth } from "./auth";

const LOCK = 7_310_452; // any number that nobody else uses in this database

const TRIES = 30;

// A database may still be starting, and a pod that has just started may be refused until the network policies know it.
async function connected(pool: Pool) {
  for (let left = TRIES; ; left--) {
    try {
      return await pool.connect();
    } catch (error) {
      if (left <= 1) throw error;
      console.log("the database does not answer yet:", (error as Error).message);
      await new Promise((again) => setTimeout(again, 2_000));
    }
  }
}

export async function migrate() {
  const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 1 });
  const client = await connected(pool);
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
