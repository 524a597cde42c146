import type { MouseEvent } from "react";
import { addressOf, viewNames, views, type Query } from "@/tasks/query";

/** The views, as links: each can be opened in its own tab, and works before the page's scripts have loaded. */
export function ViewNav({ query, onGo }: { query: Query; onGo: (query: Query) => void }) {
  function follow(event: MouseEvent, next: Query) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    onGo(next);
  }
  return (
    <nav aria-label="Views" className="-mx-4 overflow-x-auto px-4 lg:mx-0 lg:overflow-visible lg:px-0">
      <ul className="flex w-max gap-0.5 py-1 sm:gap-1 lg:w-auto lg:flex-col">
        {views.map((view) => {
          const next = { ...query, view };
          return (
            <li key={view}>
              <a
                href={addressOf(next)}
                onClick={(event) => follow(event, next)}
                aria-current={view === query.view ? "page" : undefined}
                className="block rounded-full px-2 py-2 text-[0.9375rem] font-medium whitespace-nowrap text-muted transition-colors hover:bg-raised hover:text-ink aria-[current]:bg-tint aria-[current]:text-accent sm:px-3.5 lg:px-4"
              >
                {viewNames[view]}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
