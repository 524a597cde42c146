"use client";

import { Message } from "@/components/Message";
import "./globals.css";

/** Shown when the root layout itself fails, which is why it brings its own document. */
export default function GlobalError({ reset }: { reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <Message title="Something went wrong" text="The page could not be shown. Your tasks are safe.">
          <button className="button button-primary" type="button" onClick={reset}>
            Try again
          </button>
        </Message>
      </body>
    </html>
  );
}
