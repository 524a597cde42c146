import Link from "next/link";
import { redirect } from "next/navigation";
import { returnPath, withReturn } from "@/server/returnPath";
import { currentSession } from "@/server/session";
import { AuthForm, type Mode } from "./AuthForm";
import { Header } from "./Header";

export type AuthPageProps = { searchParams: Promise<Record<string, string | string[] | undefined>> };

const words = {
  "sign-in": { title: "Welcome back", lead: "Sign in to see your tasks.", ask: "New here?", other: "Create an account", href: "/sign-up" },
  "sign-up": {
    title: "Clear your head",
    lead: "Create an account, and write down what needs doing.",
    ask: "Already have an account?",
    other: "Sign in",
    href: "/sign-in",
  },
};

/** The sign-in or the sign-up page. A visitor who is signed in already goes to the tasks. */
export async function AuthPage({ mode, searchParams }: AuthPageProps & { mode: Mode }) {
  const { error, ended, deleted, next: wanted } = await searchParams;
  const next = returnPath(wanted);
  if (await currentSession()) redirect(next);
  const { title, lead, ask, other, href } = words[mode];
  return (
    <>
      <Header />
      <main id="main" className="mx-auto w-full max-w-md px-4 py-10 sm:py-16">
        <h1 className="title">{title}</h1>
        <p className="mt-2 text-muted">
          {ended ? "Your session has ended. Sign in to go on where you were; what you typed is kept." : lead}
        </p>
        {deleted ? (
          <p role="status" className="mt-6 rounded-lg bg-tint px-4 py-3 text-accent">
            Your account and everything in it is gone.
          </p>
        ) : null}
        <div className="card mt-8 p-6 sm:p-8">
          <AuthForm mode={mode} next={next} initialError={typeof error === "string" ? describeStatus(mode, error) : undefined} />
        </div>
        <p className="mt-6 text-center text-muted">
          {ask}{" "}
          <Link className="font-medium text-accent underline underline-offset-4 hover:no-underline" href={withReturn(href, next)}>
            {other}
          </Link>
        </p>
      </main>
    </>
  );
}

/** What a status means here: all that a form sent without scripts gets back. */
function describeStatus(mode: Mode, status: string): string {
  if (status === "401") return "The email or the password is not right.";
  if (status === "409") return "There is an account with this email already. Sign in instead.";
  if (status === "422") return "Use a valid email, and a password of 8 to 128 characters.";
  if (status === "429") return "Too many attempts. Wait a few minutes, then try again.";
  if (status === "503") return "The task service cannot be reached right now. Try again in a moment.";
  return mode === "sign-in" ? "Signing in failed. Try again." : "The account was not created. Try again.";
}
