import { redirect } from "next/navigation";
import { Suspense } from "react";
import { Header } from "@/components/Header";
import { TaskBoard } from "@/components/TaskBoard";
import { TaskSkeleton } from "@/components/TaskSkeleton";
import { callBackend } from "@/server/backend";
import { withReturn } from "@/server/returnPath";
import { currentSession, type Session } from "@/server/session";
import { visitorsToday } from "@/server/today";
import { addressOf, apiSearch, parseQuery, viewNames, type Query } from "@/tasks/query";
import { describeProblem } from "@/tasks/request";
import { parsePage } from "@/tasks/task";

type Props = { searchParams: Promise<Record<string, string | string[] | undefined>> };

export default async function TasksPage({ searchParams }: Props) {
  const query = parseQuery(toParams(await searchParams));
  const session = await currentSession();
  if (!session) redirect(withReturn("/sign-in", addressOf(query)));
  return (
    <>
      <Header email={session.email} />
      <main id="main" className="mx-auto w-full max-w-5xl px-4 pt-6 pb-40 sm:pt-10">
        <Suspense fallback={<TaskSkeleton title={viewNames[query.view]} />}>
          <LoadedTasks session={session} query={query} />
        </Suspense>
      </main>
    </>
  );
}

/** A server component: the token it is given stays on the server; only the tasks go to the browser. */
async function LoadedTasks({ session, query }: { session: Session; query: Query }) {
  const today = await visitorsToday();
  const answer = await callBackend(`/api/tasks?${apiSearch(query, today)}`, { method: "GET", token: session.token });
  const page = answer.ok ? parsePage(answer.body) : undefined;
  const problem = page ? undefined : describeProblem(answer.ok ? undefined : answer.problem);
  // Another account starts with nothing of the one before.
  return <TaskBoard key={session.email} start={{ query, today, account: session.email, page, problem }} />;
}

function toParams(values: Awaited<Props["searchParams"]>): URLSearchParams {
  const pairs = Object.entries(values).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one]));
  return new URLSearchParams(pairs);
}
