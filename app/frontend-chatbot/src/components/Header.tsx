import { webUrl } from "@/server/env";
import { Brand } from "./Brand";
import { Icon } from "./Icon";
import { ThemeToggle } from "./ThemeToggle";

/** Top of the page. `email` is the signed-in visitor's. */
export function Header({ email }: { email?: string }) {
  const web = webUrl();
  return (
    <header className="header">
      <div className="bar">
        <Brand />
        <nav aria-label="Application" className="actions">
          {/* The session cookie reaches the web application by itself: nothing about it is in this address. */}
          {web ? (
            <a className="button quiet" href={web}>
              <Icon name="list" />
              <span className="wide">My tasks</span>
            </a>
          ) : null}
          <ThemeToggle />
          {email ? (
            <>
              <span className="email" title={email}>
                {email}
              </span>
              <form method="post" action="/api/auth/sign-out">
                <button type="submit" className="button quiet">
                  Sign out
                </button>
              </form>
            </>
          ) : null}
        </nav>
      </div>
    </header>
  );
}
