"use client";

import { Message } from "@/components/Message";

export default function ErrorPage({ reset }: { reset: () => void }) {
  return (
    <Message title="Something went wrong" text="The page could not be shown. Your tasks are safe.">
      <button className="button button-primary" type="button" onClick={reset}>
        Try again
      </button>
    </Message>
  );
}
