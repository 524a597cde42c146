const firstMs = 1_000;
const longestMs = 30_000;

/** Says when to try again: after 1, 2, 4 … 30 seconds, a little earlier or later so that not every visitor comes at once. */
export class Backoff {
  private failures = 0;
  private timer?: ReturnType<typeof setTimeout>;

  constructor(private readonly retry: () => void) {}

  /** True while the next try has not begun. */
  get waiting(): boolean {
    return this.timer !== undefined;
  }

  /** Plans the next try; not before `afterSeconds`, when the server named a time. */
  schedule(afterSeconds = 0): void {
    this.pause();
    const delay = Math.min(longestMs, firstMs * 2 ** this.failures++) * (0.8 + Math.random() * 0.4);
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.retry();
      },
      Math.max(delay, afterSeconds * 1_000),
    );
  }

  /** Drops the planned try, because one begins now. */
  pause(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  reset(): void {
    this.pause();
    this.failures = 0;
  }
}
