import MarkdownToJsx, { type MarkdownToJSX } from "markdown-to-jsx/react";
import { Fragment, type ReactNode } from "react";

function ExternalLink({ href, children }: { href?: string; children?: ReactNode }) {
  // Without an address when the library's sanitizer took it away (javascript:, data:): then it is only text.
  if (!href) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

// An image's address could carry what the model has read to somebody else's server: only its words are shown.
const Words = ({ alt }: { alt?: string }) => <>{alt}</>;

const Table = ({ children }: { children?: ReactNode }) => (
  <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Table">
    <table>{children}</table>
  </div>
);

// One level below the page's own heading: models begin with any level, and the outline must not skip one.
const Heading = ({ children }: { children?: ReactNode }) => <h2>{children}</h2>;

const options: MarkdownToJSX.Options = {
  disableParsingRawHTML: true,
  forceBlock: true,
  wrapper: Fragment,
  overrides: {
    a: ExternalLink,
    img: Words,
    table: Table,
    h1: Heading,
    h2: Heading,
    h3: Heading,
    h4: Heading,
    h5: Heading,
    h6: Heading,
    pre: { props: { tabIndex: 0 } },
    input: { props: { "aria-label": "Done" } },
  },
};

/** An answer's Markdown as elements, never as HTML. While it streams, syntax that is only half there is held back. */
export function Markdown({ text, streaming }: { text: string; streaming: boolean }) {
  return (
    <div className="answer">
      <MarkdownToJsx options={{ ...options, optimizeForStreaming: streaming }}>{text}</MarkdownToJsx>
    </div>
  );
}
