import { isNarrowed, type Query } from "@/tasks/query";
import { focusBeside } from "./focus";
import { Icon } from "./Icon";
import { priorityNames } from "./Toolbar";

/** What narrows the list, each with a way out. */
export function ActiveFilters({ query, onGo }: { query: Query; onGo: (query: Query) => void }) {
  if (!isNarrowed(query)) return null;
  const filters = [
    ...(query.q ? [{ name: `“${query.q}”`, without: { ...query, q: "" } }] : []),
    ...query.priority.map((one) => ({
      name: `${priorityNames[one]} priority`,
      without: { ...query, priority: query.priority.filter((other) => other !== one) },
    })),
    ...query.tags.map((one) => ({ name: one, without: { ...query, tags: query.tags.filter((other) => other !== one) } })),
  ];
  return (
    <ul aria-label="Active filters" className="mt-3 flex flex-wrap gap-2">
      {filters.map(({ name, without }) => (
        <li key={name} className="max-w-full">
          <button
            type="button"
            onClick={(event) => {
              focusBeside(event.currentTarget.closest("li"), "button");
              onGo(without);
            }}
            className="chip max-w-full cursor-pointer"
            aria-label={`Remove filter ${name}`}
          >
            <span className="truncate">{name}</span>
            <Icon name="close" className="size-4" />
          </button>
        </li>
      ))}
    </ul>
  );
}
