"use client";

import type { MouseEvent } from "react";
import type { Summary } from "@/chat/conversation";
import type { useHistory } from "@/chat/useHistory";
import { Icon } from "./Icon";

type Props = {
  history: ReturnType<typeof useHistory>;
  openId: string | undefined;
  onOpen: (id: string | undefined) => void;
  onDelete: (conversation: Summary) => void;
};

export const addressOf = (id: string | undefined) => (id ? `/?c=${id}` : "/");

/** The visitor's conversations. Each is a link, so that it can be opened in another tab too. */
export function History({ history, openId, onOpen, onDelete }: Props) {
  function open(id: string | undefined) {
    return (event: MouseEvent) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      onOpen(id);
    };
  }

  return (
    <nav aria-label="Conversations" className="flex min-h-0 flex-1 flex-col gap-4">
      <a href={addressOf(undefined)} onClick={open(undefined)} className="button button-line shrink-0">
        <Icon name="plus" />
        New conversation
      </a>
      {history.items.length > 0 ? (
        <ul className="-mx-2 grid min-h-0 gap-0.5 overflow-y-auto px-2 pb-4">
          {history.items.map((item) => (
            <li key={item.id} className="group relative flex items-center">
              <a
                href={addressOf(item.id)}
                onClick={open(item.id)}
                aria-current={item.id === openId ? "page" : undefined}
                title={item.title}
                className="min-w-0 flex-1 truncate rounded-lg py-2 pr-10 pl-3 text-sm text-muted hover:bg-raised hover:text-ink aria-[current=page]:bg-tint aria-[current=page]:font-medium aria-[current=page]:text-ink"
              >
                {item.title}
              </a>
              <button
                type="button"
                onClick={() => onDelete(item)}
                aria-label={`Delete “${item.title}”`}
                className="absolute right-1 grid size-8 cursor-pointer place-items-center rounded-md text-muted hover:text-danger focus-visible:opacity-100 pointer-fine:opacity-0 pointer-fine:group-hover:opacity-100"
              >
                <Icon name="trash" className="size-4.5" />
              </button>
            </li>
          ))}
        </ul>
      ) : history.problem ? null : (
        <p className="px-3 text-sm text-muted">Your conversations will be listed here.</p>
      )}
      <div aria-live="polite" className="px-3 text-sm text-muted">
        {history.problem}
      </div>
      {history.more || history.problem ? (
        <button type="button" className="button button-quiet shrink-0 text-sm" disabled={history.loading} onClick={history.loadMore}>
          {history.loading ? "Loading…" : history.problem ? "Load again" : "Show older"}
        </button>
      ) : null}
    </nav>
  );
}
