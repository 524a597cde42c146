import { redirect } from "next/navigation";
import { Suspense } from "react";
import { Header } from "@/components/Header";
import { TaskBoard } from "@/components/TaskBoard";
import { TaskSkeleton } from "@/components/TaskSkeleton";
import { callBackend } from "@/server/backend";
import { currentSession } from "@/server/session";
import { describeProblem } from "@/tasks/request";
import { parseTasks } from "@/tasks/task";

export default async function TasksPage() {
  const session = await currentSession();
  if (!session) redirect("/sign-in");
  return (
    <>
      <Header email={session.email} />
      <main id="main" className="mx-auto w-full max-w-2xl px-4 pt-8 pb-20 sm:pt-12">
        <h1 className="text-3xl font-semibold tracking-tight">My tasks</h1>
        <Suspense fallback={<TaskSkeleton />}>
          <LoadedTasks token={session.token} />
        </Suspense>
      </main>
    </>
  );
}

/** A server component: the token it is given stays on the server; only the tasks go to the browser. */
async function LoadedTasks({ token }: { token: string }) {
  const answer = await callBackend("/api/tasks", { method: "GET", token });
  if (!answer.ok) return <TaskBoard problem={describeProblem(answer.problem)} />;
  return <TaskBoard tasks={parseTasks(answer.body) ?? []} />;
}
