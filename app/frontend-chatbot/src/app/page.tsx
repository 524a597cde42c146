import { Chat } from "@/components/Chat";
import { Header } from "@/components/Header";
import { Message } from "@/components/Message";
import { SignIn } from "@/components/SignIn";
import { describeProblem } from "@/chat/request";
import type { Start } from "@/chat/useChat";
import { chatStatus, type ChatStatus } from "@/server/chat";
import { listConversations, readConversation } from "@/server/conversations";
import { webUrl } from "@/server/env";
import { currentVisitor, sessionToken } from "@/server/session";

type Props = { searchParams: { c?: string | string[]; error?: string | string[] } };

export default async function ChatPage({ searchParams }: Props) {
  const visitor = await currentVisitor();
  if (visitor.state === "out") {
    return (
      <>
        <Header />
        <SignIn initialError={describeStatus(searchParams.error)} signUpUrl={signUpUrl()} />
      </>
    );
  }
  if (visitor.state === "unknown") return <Unavailable text={describeProblem(visitor.problem)} />;
  const [status, conversations, start] = await Promise.all([chatStatus(), listConversations(sessionToken()), readStart(searchParams.c)]);
  if (!status.ok) return <Unavailable email={visitor.email} text={describeProblem(status.problem)} />;
  return (
    <>
      <Header email={visitor.email} />
      <Chat start={start} status={status.body as ChatStatus} conversations={conversations} webUrl={webUrl()} />
    </>
  );
}

/** The conversation that the address names, so that a reload shows it at once. */
async function readStart(id: string | string[] | undefined): Promise<Start> {
  if (typeof id !== "string") return {};
  const answer = await readConversation(sessionToken(), id);
  if ("conversation" in answer) return { conversation: answer.conversation };
  const gone = answer.problem.status === 404;
  return {
    problem: gone
      ? { text: "This conversation is no longer there.", action: "new" }
      : { text: describeProblem(answer.problem), action: "reload" },
  };
}

function Unavailable({ email, text }: { email?: string; text: string }) {
  return (
    <>
      <Header email={email} />
      <Message title="The assistant is not available" text={text}>
        {/* A form, because a link to the page one is on may be answered from the browser's own cache. */}
        <form action="/">
          <button className="button button-primary">Try again</button>
        </form>
      </Message>
    </>
  );
}

function signUpUrl(): string | undefined {
  const url = webUrl();
  return url && `${url.replace(/\/+$/, "")}/sign-up`;
}

/** What a status means here: all that a form sent without scripts gets back. */
function describeStatus(status: string | string[] | undefined): string | undefined {
  if (status === undefined) return undefined;
  if (status === "401") return "The email or the password is not right.";
  if (status === "503") return "The backend cannot be reached right now. Try again in a moment.";
  return "Signing in failed. Try again.";
}
