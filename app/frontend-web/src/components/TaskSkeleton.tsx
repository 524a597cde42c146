/** Stands where the list will be while it loads. */
export function TaskSkeleton() {
  return (
    <div className="mt-6" role="status">
      <span className="sr-only">Loading your tasks…</span>
      <div className="h-12 animate-pulse rounded-lg bg-raised" />
      <div className="card mt-6 divide-y divide-line overflow-hidden">
        {[44, 60, 36].map((width) => (
          <div key={width} className="flex items-center gap-4 px-4 py-4">
            <div className="size-6 animate-pulse rounded-full bg-raised" />
            <svg className="h-4 animate-pulse fill-raised" width={`${width}%`}>
              <rect width="100%" height="100%" rx="4" />
            </svg>
          </div>
        ))}
      </div>
    </div>
  );
}
