/** Runs once, when the server starts. */
export async function register(): Promise<void> {
  // The condition has this exact shape because the bundler removes its branch from the edge build by it.
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { guardServer } = await import("./server/guard");
    guardServer();
    const { sendTraces } = await import("./server/traces");
    await sendTraces();
  }
}
