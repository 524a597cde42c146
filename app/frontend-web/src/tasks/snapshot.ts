import type { Item, Operation } from "./operations";
import type { Query } from "./query";
import type { Page } from "./task";

export type Undo = { text: string; tasks: Item[] };
export type Refusal = { text: string; operation?: Operation };

/** Everything the page shows of the tasks. */
export type Snapshot = {
  items: Item[];
  total: number;
  /** Another list has been asked for and has not arrived. */
  loading: boolean;
  loadingMore: boolean;
  /** Why there is no list. */
  problem?: string;
  /** Set while the server cannot be reached; `waiting` is how many changes are kept for it. */
  away: boolean;
  waiting: number;
  undo?: Undo;
  refusal?: Refusal;
  announcement: string;
  signedOut: boolean;
};

export type Start = { query: Query; today: string; account: string; page?: Page; problem?: string };
