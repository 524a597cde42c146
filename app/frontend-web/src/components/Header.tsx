import { chatbotUrl } from "@/server/env";
import { AccountMenu } from "./AccountMenu";
import { Brand } from "./Brand";
import { Icon } from "./Icon";
import { ThemeToggle } from "./ThemeToggle";

/** Top of every page. `email` is the signed-in visitor's. */
export function Header({ email }: { email?: string }) {
  const chatbot = chatbotUrl();
  return (
    <header className="border-b border-line">
      <a href="#main" className="button button-primary sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-10">
        Skip to content
      </a>
      <div className="mx-auto flex h-16 max-w-5xl items-center gap-1 px-4">
        <Brand />
        <div className="ml-auto flex min-w-0 items-center gap-1">
          {/* The session cookie reaches the chatbot by itself: nothing about it is in this address. */}
          {email && chatbot ? (
            <a className="button button-quiet px-2.5 sm:px-4" href={chatbot}>
              <Icon name="chat" />
              <span className="sr-only sm:not-sr-only sm:whitespace-nowrap">Assistant</span>
            </a>
          ) : null}
          <ThemeToggle />
          {email ? <AccountMenu email={email} /> : null}
        </div>
      </div>
    </header>
  );
}
