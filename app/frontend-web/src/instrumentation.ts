/** Runs once when the server starts. */
export async function register(): Promise<void> {
  // The condition has this exact shape because the bundler removes its branch from the edge build by it.
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { requireEnvironment } = await import("./server/startup");
    if (process.env.NODE_ENV === "production") requireEnvironment();
    const { sendTraces } = await import("./server/traces");
    await sendTraces();
  }
}
