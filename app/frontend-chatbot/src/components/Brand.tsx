export function Brand() {
  return (
    <span className="brand">
      <svg aria-hidden="true" viewBox="0 0 32 32">
        <rect width="32" height="32" rx="9" fill="var(--accent)" />
        <path d="M9 16.8l4.6 4.6L23 11.5" fill="none" stroke="var(--on-accent)" strokeWidth="3.4" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      <span>
        Todo <span className="brand-part">Assistant</span>
      </span>
    </span>
  );
}
