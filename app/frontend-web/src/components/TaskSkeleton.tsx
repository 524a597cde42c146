/** Stands where the whole board will be, so that nothing moves when it comes. */
export function TaskSkeleton({ title }: { title: string }) {
  return (
    <div className="lg:grid lg:grid-cols-[11rem_minmax(0,1fr)] lg:gap-10">
      <div className="h-12 lg:h-52" />
      <div className="mt-5 lg:mt-0">
        <p className="h-6" />
        <h1 className="title mt-1">{title}</h1>
        <div className="mt-6 h-14 animate-pulse rounded-2xl bg-raised" />
        <div className="mt-4 h-24 animate-pulse rounded-lg bg-raised sm:h-11" />
        <ListSkeleton />
      </div>
    </div>
  );
}

/** Stands where the list will be. */
export function ListSkeleton() {
  return (
    <div className="mt-5 pt-11" role="status">
      <span className="sr-only">Loading your tasks…</span>
      <div className="card divide-y divide-line overflow-hidden">
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
