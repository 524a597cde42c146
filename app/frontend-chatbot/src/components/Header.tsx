import { webUrl } from "@/server/env";
import { Brand } from "./Brand";
import { Icon } from "./Icon";
import { ThemeToggle } from "./ThemeToggle";

/** Top of every page. `email` is the signed-in visitor's. */
export function Header({ email }: { email?: string }) {
  const web = webUrl();
  return (
    <header className="border-b border-line">
      <a href="#main" className="button button-primary sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-20">
        Skip to content
      </a>
      <div className="mx-auto flex h-16 max-w-5xl items-center gap-1 px-4">
        <Brand />
        <div className="ml-auto flex min-w-0 items-center gap-1">
          {/* The session cookie reaches the web application by itself: nothing about it is in this address. */}
          {web ? (
            <a className="button button-quiet px-2.5 sm:px-4" href={web}>
              <Icon name="list" />
              <span className="sr-only sm:not-sr-only sm:whitespace-nowrap">My tasks</span>
            </a>
          ) : null}
          <ThemeToggle />
          {email ? (
            <>
              <span className="hidden max-w-56 truncate px-2 text-sm text-muted md:block" title={email}>
                {email}
              </span>
              {/* A plain form: signing out works even when the page's scripts do not. */}
              <form method="post" action="/api/auth/sign-out">
                <button type="submit" className="button button-quiet px-2.5 sm:px-4">
                  Sign out
                </button>
              </form>
            </>
          ) : null}
        </div>
      </div>
    </header>
  );
}
