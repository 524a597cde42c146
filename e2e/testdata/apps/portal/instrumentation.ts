// better-auth's own tables are made or changed before the first request is served. Two pods that start together
// wait for each other.
export async function register() {
  if (process.env.NEXT_RUNTIME === "nodejs" && process.env.DATABASE_URL) {
    await (await import("./lib/migrate")).migrate();
  }
}
