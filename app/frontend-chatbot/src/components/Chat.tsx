"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useRef, useState } from "react";
import type { ConversationList, Summary } from "@/chat/conversation";
import { read } from "@/chat/request";
import { useChat, type Start } from "@/chat/useChat";
import { useHistory } from "@/chat/useHistory";
import { useStickToEnd } from "@/chat/useStickToEnd";
import type { ChatStatus } from "@/server/chat";
import { Composer } from "./Composer";
import { ConfirmDelete } from "./ConfirmDelete";
import { Dialog } from "./Dialog";
import { addressOf, History } from "./History";
import { Icon } from "./Icon";
import { Messages } from "./Messages";
import { NotConfigured } from "./NotConfigured";
import { Outcome } from "./Outcome";
import { Welcome } from "./Welcome";

type Props = { start: Start; status: ChatStatus; conversations?: ConversationList; webUrl?: string };

/** The conversations on one side, the open one on the other. The page's address says which is open, so that a reload keeps it. */
export function Chat({ start, status: firstStatus, conversations, webUrl }: Props) {
  const [status, setStatus] = useState(firstStatus);
  const [drawer, setDrawer] = useState(false);
  const [deleting, setDeleting] = useState<Summary>();
  const openId = useSearchParams().get("c") ?? undefined;
  const router = useRouter();
  const field = useRef<HTMLTextAreaElement>(null);
  const history = useHistory(conversations);
  const chat = useChat({
    start,
    openId,
    onConversation(id, title) {
      history.touch({ id, title });
      if (id !== openId) window.history.replaceState(null, "", addressOf(id));
    },
    onRefused(problem) {
      if (problem === 503) read<ChatStatus>("/api/chat/status").then(setStatus, () => undefined); // the key may be gone
    },
  });
  const { atEnd, toEnd } = useStickToEnd(chat.messages.length > 0);
  const { busy, stop } = chat;
  const title = chat.title ?? "New conversation";

  useEffect(() => {
    document.title = chat.title ? `${chat.title} · Assistant` : "Assistant · Todo";
  }, [chat.title]);

  useEffect(() => {
    if (!busy) return;
    function onKeyDown(event: KeyboardEvent) {
      if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open]")) return;
      stop();
      field.current?.focus();
    }
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [busy, stop]);

  function send(text: string) {
    field.current?.focus();
    toEnd();
    void chat.send(text);
  }

  function open(id: string | undefined) {
    setDrawer(false);
    if (id !== openId) window.history.pushState(null, "", addressOf(id));
    toEnd();
    // Not on a touch screen, where the keyboard would cover what was just opened.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus({ preventScroll: true });
  }

  async function remove({ id }: Summary) {
    await history.remove(id);
    if (id === openId) open(undefined);
  }

  const list = <History history={history} openId={openId} onOpen={open} onDelete={setDeleting} />;
  return (
    <div className="mx-auto grid w-full max-w-5xl flex-1 px-4 lg:grid-cols-[15rem_minmax(0,1fr)] lg:gap-10">
      <aside className="sticky top-0 hidden max-h-[calc(100dvh-4rem)] flex-col self-start pt-6 lg:flex">{list}</aside>
      <main id="main" className="mx-auto flex w-full max-w-3xl min-w-0 flex-col">
        <div className="sticky top-0 z-10 -mx-4 flex items-center gap-1 border-b border-line bg-canvas px-2 py-1 lg:sr-only">
          <button type="button" className="button button-quiet p-2.5 lg:hidden" aria-label="Conversations" onClick={() => setDrawer(true)}>
            <Icon name="menu" />
          </button>
          <h1 className="min-w-0 flex-1 truncate text-sm font-medium text-muted" title={title}>
            {title}
          </h1>
          <button
            type="button"
            className="button button-quiet p-2.5 lg:hidden"
            aria-label="New conversation"
            onClick={() => open(undefined)}
          >
            <Icon name="plus" />
          </button>
        </div>
        <div className="flex flex-1 flex-col py-6">
          {status.configured ? null : <NotConfigured status={status} onStatus={setStatus} />}
          {chat.phase === "loading" ? <Loading /> : null}
          {status.configured && chat.messages.length === 0 && !chat.problem && chat.phase === "idle" ? <Welcome onPick={send} /> : null}
          <Messages messages={chat.messages} webUrl={webUrl} />
          <Outcome
            chat={chat}
            configured={status.configured}
            onRetry={() => {
              field.current?.focus();
              toEnd();
              void chat.retry();
            }}
            onNew={() => open(undefined)}
            onSignIn={() => router.refresh()}
          />
        </div>
        <div className={status.configured ? "sticky bottom-0 bg-canvas" : ""}>
          {atEnd ? null : (
            <button
              type="button"
              onClick={toEnd}
              aria-label="Go to the latest"
              className="button absolute -top-13 left-1/2 size-10 -translate-x-1/2 rounded-full border border-line bg-surface p-0 shadow-md"
            >
              <Icon name="down" />
            </button>
          )}
          <Composer
            field={field}
            configured={status.configured}
            canSend={status.configured && chat.phase === "idle"}
            busy={busy}
            onSend={send}
            onStop={() => {
              stop();
              field.current?.focus();
            }}
          />
        </div>
        <p role="status" className="sr-only">
          {chat.announcement}
        </p>
      </main>
      {drawer ? (
        <Dialog
          label="Conversations"
          className="m-0 h-dvh max-h-none w-80 max-w-[85%] flex-col gap-2 p-4 open:flex"
          onClose={() => setDrawer(false)}
        >
          <button type="button" className="button button-quiet self-end p-2" aria-label="Close" onClick={() => setDrawer(false)}>
            <Icon name="close" />
          </button>
          {list}
        </Dialog>
      ) : null}
      {deleting ? <ConfirmDelete conversation={deleting} onDelete={() => remove(deleting)} onClose={() => setDeleting(undefined)} /> : null}
    </div>
  );
}

function Loading() {
  return (
    <div role="status" className="grid animate-pulse gap-6">
      <span className="sr-only">Loading the conversation…</span>
      <div className="h-11 w-1/2 justify-self-end rounded-2xl bg-raised" />
      <div className="h-24 w-4/5 rounded-2xl bg-raised" />
    </div>
  );
}
