export function Brand() {
  return (
    <span className="inline-flex items-center gap-2.5 font-display text-xl font-semibold tracking-tight whitespace-nowrap">
      <svg aria-hidden="true" viewBox="0 0 32 32" className="size-7">
        <rect width="32" height="32" rx="9" className="fill-accent" />
        <path
          d="M9 16.8l4.6 4.6L23 11.5"
          fill="none"
          className="stroke-on-accent"
          strokeWidth="3.4"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      <span>
        Todo <span className="font-normal text-muted max-sm:sr-only">Assistant</span>
      </span>
    </span>
  );
}
