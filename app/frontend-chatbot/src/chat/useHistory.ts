"use client";

import { useState } from "react";
import type { ConversationList, Summary } from "./conversation";
import { read, RequestError, send } from "./request";

/** The visitor's conversations, newest first, a page at a time. Without a first page it says so and can be asked again. */
export function useHistory(first: ConversationList | undefined) {
  const [list, setList] = useState(first ?? { items: [], total: 0 });
  const [problem, setProblem] = useState(first ? undefined : "Your conversations could not be loaded.");
  const [loading, setLoading] = useState(false);

  async function loadMore() {
    setLoading(true);
    setProblem(undefined);
    try {
      const { items, total } = await read<ConversationList>(`/api/conversations?offset=${list.items.length}`);
      setList((now) => ({ items: [...now.items, ...without(items, now.items)], total }));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setLoading(false);
    }
  }

  return {
    ...list,
    problem,
    loading,
    more: list.items.length < list.total,
    loadMore,
    /** A conversation has begun or gone on: it is now the newest. */
    touch(latest: Summary) {
      setList(({ items, total }) => {
        const others = without(items, [latest]);
        return { items: [latest, ...others], total: others.length === items.length ? total + 1 : total };
      });
    },
    async remove(id: string) {
      try {
        await send("DELETE", `/api/conversations/${id}`);
      } catch (error) {
        if (!(error instanceof RequestError && error.status === 404)) throw error; // deleted elsewhere: just as good
      }
      setList(({ items, total }) => ({ items: items.filter((item) => item.id !== id), total: total - 1 }));
    },
  };
}

function without(items: Summary[], others: Summary[]): Summary[] {
  return items.filter(({ id }) => !others.some((other) => other.id === id));
}
