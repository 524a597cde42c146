import { isNarrowed, type Query, type View } from "@/tasks/query";
import { Icon } from "./Icon";

const words: Record<View, { title: string; text: string }> = {
  open: { title: "Nothing to do", text: "Write down what is on your mind and press Enter. It will be safe here." },
  today: { title: "Nothing due today", text: "What you write above is due today." },
  overdue: { title: "Nothing is late", text: "You are on top of things." },
  done: { title: "Nothing done yet", text: "What you complete is kept here." },
  all: { title: "A fresh page", text: "Write your first task above and press Enter." },
};

export function Empty({ query, onClear }: { query: Query; onClear: () => void }) {
  const narrowed = isNarrowed(query);
  const { title, text } = narrowed ? { title: "No task matches", text: "Try other words, or fewer filters." } : words[query.view];
  return (
    <div className="grid justify-items-center gap-2 px-6 py-12 text-center">
      <Leaf />
      <h2 className="mt-3 font-display text-xl font-medium">{title}</h2>
      <p className="max-w-sm text-balance text-muted">{text}</p>
      {narrowed ? (
        <button type="button" onClick={onClear} className="button button-line mt-3">
          Clear search and filters
        </button>
      ) : null}
    </div>
  );
}

export function LoadFailed({ text, trying, onRetry }: { text: string; trying: boolean; onRetry: () => void }) {
  return (
    <div role="alert" className="card mt-6 grid justify-items-center gap-2 px-6 py-12 text-center">
      <span className="grid size-14 place-items-center rounded-full bg-danger-tint text-danger">
        <Icon name="alert" className="size-7" />
      </span>
      <h2 className="mt-3 font-display text-xl font-medium">Your tasks could not be loaded</h2>
      <p className="max-w-sm text-balance text-muted">
        {text} Your tasks are safe. This page keeps trying, and what you add meanwhile is kept.
      </p>
      <button type="button" onClick={onRetry} aria-disabled={trying} className="button button-primary mt-3">
        Retry now
      </button>
    </div>
  );
}

/** A twig: the one ornament. */
function Leaf() {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 96 72"
      className="h-18 w-24"
      fill="none"
      strokeLinecap="round"
      strokeLinejoin="round"
      strokeWidth="2"
    >
      <path d="M14 62C34 60 58 48 78 16" className="stroke-accent" />
      <path d="M40 54c-8-8-8-18-3-25 7 5 10 14 3 25zM58 40c-6-9-4-19 2-25 6 6 7 16-2 25z" className="fill-tint stroke-accent" />
      <path d="M47 50c9-3 19-1 24 5-7 5-17 4-24-5zM65 33c8-5 18-4 23 1-5 6-15 6-23-1z" className="fill-tint stroke-accent" />
    </svg>
  );
}
