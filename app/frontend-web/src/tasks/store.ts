import { Backoff } from "./backoff";
import { deliver } from "./deliver";
import {
  countOf,
  enqueue,
  isDue,
  isFor,
  isSent,
  newKey,
  overlay,
  parseOperations,
  takeBack,
  titleOf,
  toKnown,
  whatFailed,
  type Item,
  type Known,
  type Operation,
} from "./operations";
import { addressOf, apiSearch, countText, matches, newFields, pageSize, viewNames, type Query } from "./query";
import { request, RequestError, wordsOf } from "./request";
import type { Snapshot, Start, Undo } from "./snapshot";
import { difference, fieldsOf, parsePage, type Fields, type Page, type Task } from "./task";

/** How long a deletion waits to be undone. */
export const undoMs = 10_000;
/** How long a deletion that was sent while the page was left has to arrive. */
const returnMs = 1_500;

/**
 * The task list. A change shows at once and is sent in its turn; while the server is away it waits, also over a reload or
 * a new sign-in (in this tab's session storage). A change that the server refuses is taken back, with the reason.
 */
export class TaskStore {
  private known: Known[];
  private serverTotal: number;
  private operations: Operation[] = [];
  private inFlight?: Operation;
  private undos: { undo: Undo; timer: ReturnType<typeof setTimeout> }[] = [];
  private query: Query;
  private today: string;
  private listed: boolean;
  private loadedAt = Date.now();
  private reading?: AbortController;
  private confirmations = 0;
  private running = false;
  private readonly backoff = new Backoff(() => void this.retryNow());
  private readonly storageKey: string;
  private readonly listeners = new Set<() => void>();
  private current: Snapshot;

  constructor({ query, today, account, page, problem }: Start) {
    this.known = page?.tasks.map(toKnown) ?? [];
    this.serverTotal = page?.total ?? 0;
    this.listed = page !== undefined;
    this.query = query;
    this.today = today;
    this.storageKey = `todo:changes:${account}`;
    this.current = this.compose({ loading: false, loadingMore: false, problem, away: false, announcement: "", signedOut: false });
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = (): Snapshot => this.current;

  /** Begins to send, with what an earlier page left behind. */
  start(): () => void {
    this.running = true;
    if (this.operations.length === 0) this.operations = parseOperations(sessionStorage.getItem(this.storageKey));
    this.update({});
    if (!this.listed) void this.load();
    void this.pump();
    this.returned();
    return () => {
      this.running = false;
      this.backoff.pause();
      this.reading?.abort();
    };
  }

  /** Shows another list, or the same one of another day. */
  async show(query: Query, today = this.today): Promise<void> {
    const same = addressOf(query) === addressOf(this.query) && today === this.today;
    this.query = query;
    this.today = today;
    if (!same) await this.load();
  }

  /** Fetches the list anew. `quiet` leaves the present one as it is until then, and after a failure. */
  async load({ quiet = false } = {}): Promise<void> {
    this.reading?.abort();
    const reading = (this.reading = new AbortController());
    const before = this.confirmations;
    if (!quiet) {
      this.listed = false;
      // Emptied, so that the same words are said once more.
      this.update({ loading: true, loadingMore: false, announcement: "" });
    }
    try {
      const limit = quiet ? Math.min(500, Math.max(pageSize, this.known.length)) : pageSize;
      const page = await this.read(0, limit, reading.signal);
      if (reading.signal.aborted) return;
      // A change was confirmed meanwhile: this answer may be older than it.
      if (before !== this.confirmations) return await this.load({ quiet });
      const keys = new Map(this.known.map((task) => [task.id, task.key]));
      this.known = page.tasks.map((task) => ({ ...task, key: keys.get(task.id) ?? task.id }));
      this.serverTotal = page.total;
      this.listed = true;
      this.loadedAt = Date.now();
      this.update({ loading: false, problem: undefined });
      if (!quiet) this.update({ announcement: this.contents() });
      this.cameBack();
    } catch (error) {
      if (reading.signal.aborted) return;
      if (!quiet) this.known = []; // they are of another list
      this.failedToRead(error, quiet ? {} : { loading: false, problem: wordsOf(error) });
    }
  }

  /** Another list in words, for who does not see that it has changed. */
  private contents(): string {
    return `${viewNames[this.query.view]}: ${countText(this.query, this.current.items.length, this.current.total)}.`;
  }

  async more(): Promise<void> {
    if (this.current.loadingMore || this.current.loading) return;
    const reading = (this.reading = new AbortController());
    this.update({ loadingMore: true });
    try {
      // What no longer matches is still in sight, and no longer in the server's list.
      const offset = this.known.filter((task) => matches(task, this.query, this.today)).length;
      const page = await this.read(offset, pageSize, reading.signal);
      if (reading.signal.aborted) return;
      const fresh = page.tasks.filter((task) => !this.known.some((one) => one.id === task.id));
      this.known = [...this.known, ...fresh.map(toKnown)];
      this.serverTotal = page.total;
      this.update({ loadingMore: false, announcement: `${fresh.length} more tasks loaded.` });
      this.cameBack();
    } catch (error) {
      if (!reading.signal.aborted) this.failedToRead(error, { loadingMore: false, refusal: { text: wordsOf(error) } });
    }
  }

  /** After a while in another window: something else (the assistant, another device) may have changed the tasks. */
  refresh(): void {
    const idle = this.operations.length === 0 && !this.current.loading && !this.current.loadingMore;
    if (idle && this.listed && Date.now() - this.loadedAt > 3_000) void this.load({ quiet: true });
  }

  add(title: string): void {
    const fields = newFields(title, this.query, this.today);
    this.send({ kind: "add", key: newKey(), fields, list: addressOf(this.query) }, `Added “${title}”.`);
  }

  change(item: Item, after: Partial<Fields>, announcement = `Saved “${after.title ?? item.title}”.`): void {
    const changes = difference(item, { ...fieldsOf(item), ...after });
    if (Object.keys(changes).length > 0) this.send({ kind: "change", key: item.id, changes, title: item.title }, announcement);
  }

  complete(item: Item, done: boolean): void {
    this.change(item, { done }, `${done ? "Completed" : "Reopened"} “${item.title}”.`);
  }

  /** `howToUndo` is said with it: that depends on the page. */
  remove(items: Item[], howToUndo = ""): void {
    const [first] = items;
    if (!first) return;
    const text = items.length === 1 ? `Deleted “${first.title}”` : `Deleted ${items.length} completed tasks`;
    const due = Date.now() + undoMs;
    for (const task of items) this.operations = enqueue(this.operations, { kind: "remove", key: task.id, task, due });
    const undo = { text, tasks: items };
    const timer = setTimeout(() => this.forget(undo), undoMs);
    this.undos = [...this.undos, { undo, timer }];
    this.update({ announcement: `${text}. ${howToUndo}`.trim() });
  }

  /** Takes the last deletion back. What has been sent already is written again. */
  undo(): void {
    const last = this.undos.at(-1);
    if (!last) return;
    for (const task of last.undo.tasks) {
      const waiting = this.operations.find((one) => one.kind === "remove" && !one.sent && isFor(one, task) && one !== this.inFlight);
      if (waiting) this.operations = this.operations.filter((one) => one !== waiting);
      else this.operations = [...this.operations, { kind: "add", key: newKey(), fields: fieldsOf(task), list: addressOf(this.query) }];
    }
    this.forget(last.undo);
    this.update({ announcement: `${last.undo.text}: undone.` });
  }

  /** The deletion stays; its message goes. */
  forget(undo: Undo): void {
    const entry = this.undos.find((one) => one.undo === undo);
    if (entry) clearTimeout(entry.timer);
    this.undos = this.undos.filter((one) => one !== entry);
    this.update({});
    void this.pump();
  }

  dismissRefusal(): void {
    this.update({ refusal: undefined });
  }

  /** Tries again what the server refused. */
  retryRefused(): void {
    const operation = this.current.refusal?.operation;
    this.update({ refusal: undefined });
    if (operation) this.send(operation, "Trying again.");
  }

  async retryNow(): Promise<void> {
    this.backoff.pause();
    if (!this.listed) await this.load();
    if (!this.backoff.waiting) await this.pump();
  }

  /** The page is about to go: deletions are sent at once. Their tasks stay out of sight where the next page is faster than they are. */
  leave(): void {
    this.operations = this.operations.map((one) => {
      if (one.kind !== "remove" || one.sent || one === this.inFlight) return one;
      request(`/api/tasks/${one.key}`, "DELETE").catch(() => undefined); // then the task is there again: nothing is lost
      return { ...one, sent: true };
    });
    this.update({});
  }

  /** After `leave`, on the next page or on this one: asks the server what became of the deletions. */
  returned(): void {
    if (!this.operations.some(isSent)) return;
    setTimeout(() => {
      if (!this.operations.some(isSent)) return;
      this.operations = this.operations.filter((one) => !isSent(one));
      void this.load({ quiet: true });
    }, returnMs);
  }

  /** Sends everything that waits; true when nothing is left. */
  async settle(): Promise<boolean> {
    const waiting = this.operations.filter((one) => !isSent(one));
    this.operations = waiting.map((one) => (one.kind === "remove" && one !== this.inFlight ? { ...one, due: 0 } : one));
    this.update({});
    this.backoff.pause();
    for (let tries = 0; this.operations.length > 0 && !this.current.away && tries < 40; tries++) {
      await this.pump();
      if (this.operations.length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return this.operations.length === 0;
  }

  /** The account is left: nothing more is sent or stored. */
  abandon(): void {
    this.running = false;
    this.operations = [];
  }

  private send(operation: Operation, announcement: string): void {
    this.operations = enqueue(this.operations, operation, this.inFlight);
    this.update({ announcement });
    void this.pump();
  }

  /** Sends what waits, one after the other: the order in which things were done is the order in which they arrive. */
  private async pump(): Promise<void> {
    if (this.inFlight || !this.running || this.backoff.waiting || this.current.signedOut) return;
    const next = this.operations.find(isDue);
    if (!next) return;
    const operation: Operation = next.kind === "add" ? { ...next, tried: next.tried ?? Date.now() } : next;
    this.inFlight = operation;
    this.operations = this.operations.map((one) => (one === next ? operation : one));
    this.store();
    try {
      const task = await deliver(operation, { again: next.kind === "add" && next.tried !== undefined, known: this.known });
      this.confirm(operation, task);
      this.cameBack();
    } catch (error) {
      this.inFlight = undefined;
      if (error instanceof RequestError && error.status === 401) return this.update({ signedOut: true });
      if (error instanceof RequestError && error.passing) return this.goneAway(error.retryAfterSeconds);
      this.refuse(operation, error);
    }
    this.inFlight = undefined;
    await this.pump();
  }

  private confirm(operation: Operation, task: Task | undefined): void {
    this.confirmations++;
    this.operations = this.operations.filter((one) => one !== operation);
    if (operation.kind === "remove") {
      if (this.known.some((one) => isFor(operation, one))) this.serverTotal--;
      this.known = this.known.filter((one) => !isFor(operation, one));
    } else if (task && operation.kind === "add") {
      // What was done to it meanwhile now has an id to go to.
      this.operations = this.operations.map((one) => (one.key === operation.key ? { ...one, key: task.id } : one));
      const shown = operation.list === addressOf(this.query) || matches(task, this.query, this.today);
      const others = this.known.filter((one) => one.id !== task.id);
      if (shown && others.length === this.known.length) this.serverTotal++;
      if (shown) this.known = [{ ...task, key: operation.key }, ...others];
    } else if (task) {
      this.known = this.known.map((one) => (isFor(operation, one) ? { ...task, key: one.key } : one));
    }
    this.update({});
  }

  private refuse(operation: Operation, error: unknown): void {
    const { left, again } = takeBack(this.operations, operation);
    this.operations = left;
    const gone = operation.kind === "change" && error instanceof RequestError && error.status === 404;
    if (gone) this.known = this.known.filter((one) => !isFor(operation, one));
    const text = gone ? `“${titleOf(operation)}” is gone: it was deleted elsewhere.` : `${whatFailed(operation)} ${wordsOf(error)}`;
    this.update({ refusal: { text, operation: gone ? undefined : again }, announcement: "" });
  }

  private async read(offset: number, limit: number, signal: AbortSignal): Promise<Page> {
    const page = parsePage(await request(`/api/tasks?${apiSearch(this.query, this.today, offset, limit)}`, "GET", undefined, signal));
    if (!page) throw new RequestError("The server's answer was not a list of tasks.", 500);
    return page;
  }

  private failedToRead(error: unknown, change: Partial<Snapshot>): void {
    if (error instanceof RequestError && error.status === 401) return this.update({ ...change, signedOut: true });
    if (!(error instanceof RequestError && error.passing)) return this.update(change);
    this.update({ ...change, refusal: undefined });
    this.goneAway(error.retryAfterSeconds);
  }

  private goneAway(retryAfterSeconds?: number): void {
    if (!this.running) return;
    this.backoff.schedule(retryAfterSeconds);
    this.update({ away: true });
  }

  private cameBack(): void {
    this.backoff.reset();
    if (this.current.away) this.update({ away: false, announcement: "Connected again." });
  }

  private store(): void {
    if (this.operations.length > 0) sessionStorage.setItem(this.storageKey, JSON.stringify(this.operations));
    else if (this.running) sessionStorage.removeItem(this.storageKey);
  }

  private update(change: Partial<Snapshot>): void {
    if (this.running) this.store();
    this.current = this.compose({ ...this.current, ...change });
    for (const listener of this.listeners) listener();
  }

  private compose(base: Omit<Snapshot, "items" | "total" | "waiting" | "undo">): Snapshot {
    const list = addressOf(this.query);
    return {
      ...base,
      items: overlay(this.known, this.operations, list),
      total: Math.max(0, this.serverTotal + countOf(this.operations, this.known, list)),
      waiting: this.operations.filter(isDue).length,
      undo: this.undos.at(-1)?.undo,
    };
  }
}
