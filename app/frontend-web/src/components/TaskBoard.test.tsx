import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useSyncExternalStore } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import { dayIn } from "@/tasks/day";
import { FakeServer } from "../../test/fakeServer";
import { parseQuery } from "@/tasks/query";
import { parsePage } from "@/tasks/task";
import { TaskBoard } from "./TaskBoard";

const replace = vi.hoisted(() => vi.fn());
vi.mock("next/navigation", () => ({
  useRouter: () => ({ replace }),
  // As Next.js does it: a change of the address through the History API is seen.
  useSearchParams: () => new URLSearchParams(useSyncExternalStore(subscribe, () => location.search)),
}));
const listeners = new Set<() => void>();
function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let server: FakeServer;
beforeEach(() => {
  window.history.replaceState(null, "", "/");
  replace.mockReset();
  for (const method of ["pushState", "replaceState"] as const) {
    const original = History.prototype[method];
    vi.spyOn(window.history, method).mockImplementation((...args) => {
      original.apply(window.history, args);
      for (const listener of listeners) listener();
    });
  }
  server = new FakeServer();
  vi.stubGlobal("fetch", server.fetch);
});

function show(search = "") {
  window.history.replaceState(null, "", `/${search && `?${search}`}`);
  const page = parsePage({ items: server.rows, total: server.rows.length });
  const query = parseQuery(new URLSearchParams(search));
  render(<TaskBoard start={{ query, today: dayIn(), account: "ada@example.com", page }} />);
  return userEvent.setup();
}
const row = (title: string) => screen.getByRole("checkbox", { name: title }).closest("li")!;

test("typing and Enter adds one task after the other", async () => {
  const user = show();
  await user.type(screen.getByRole("textbox", { name: "New task" }), "Buy milk{Enter}Call Ada{Enter}  {Enter}");
  expect(screen.getAllByRole("checkbox", { name: /milk|Ada/ })).toHaveLength(2);
  await waitFor(() => expect(server.titles()).toEqual(["Call Ada", "Buy milk"]));
  expect(screen.getByRole("textbox", { name: "New task" })).toHaveProperty("value", "");
});

test("every field can be edited, and only what was changed is sent", async () => {
  server.seed({ title: "Buy milk", tags: ["shop"] });
  const user = show();
  await user.click(screen.getByRole("button", { name: "Edit “Buy milk”" }));
  const form = within(screen.getByRole("form", { name: "Edit task" }));
  expect(document.activeElement).toBe(form.getByRole("textbox", { name: "Title" }));
  await user.type(form.getByRole("textbox", { name: "Title" }), " and bread");
  await user.type(form.getByRole("textbox", { name: "Notes" }), "Oat.{Enter}Rye.");
  await user.click(form.getByRole("radio", { name: "High" }));
  await user.type(form.getByLabelText("Due date"), "2030-11-30");
  await user.click(form.getByRole("button", { name: "Save" }));
  const body = { title: "Buy milk and bread", notes: "Oat.\nRye.", priority: "high", due_date: "2030-11-30" };
  await waitFor(() => expect(server.sent("PATCH").map((call) => call.body)).toEqual([body]));
  expect(within(row("Buy milk and bread")).getByText("Sat 30 Nov 2030")).toBeDefined();
  await waitFor(() => expect(document.activeElement?.getAttribute("aria-label")).toBe("Edit “Buy milk and bread”"));
});

test("a task without a title is not saved, and says why", async () => {
  server.seed({ title: "Buy milk" });
  const user = show();
  await user.click(screen.getByRole("button", { name: "Edit “Buy milk”" }));
  await user.clear(screen.getByRole("textbox", { name: "Title" }));
  await user.keyboard("{Enter}");
  expect(screen.getByText("A task needs a title.")).toBeDefined();
  expect(document.activeElement).toBe(screen.getByRole("textbox", { name: "Title" }));
  expect(server.sent("PATCH")).toEqual([]);
});

test("Escape leaves the editor, and what was typed can be brought back", async () => {
  server.seed({ title: "Buy milk" });
  const user = show();
  await user.click(screen.getByRole("button", { name: "Edit “Buy milk”" }));
  await user.keyboard(" and bread{Escape}");
  expect(screen.queryByRole("form", { name: "Edit task" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "Bring back" }));
  expect(screen.getByRole("textbox", { name: "Title" })).toHaveProperty("value", "Buy milk and bread");
});

test("opening another editor saves the first", async () => {
  server.seed({ title: "Buy milk" }, { title: "Call Ada" });
  const user = show();
  await user.click(screen.getByRole("button", { name: "Edit “Buy milk”" }));
  await user.keyboard("!");
  await user.click(screen.getByRole("button", { name: "Edit “Call Ada”" }));
  await waitFor(() => expect(server.titles()).toContain("Buy milk!"));
  expect(screen.getByRole("textbox", { name: "Title" })).toHaveProperty("value", "Call Ada");
});

test("the whole list can be worked with keys", async () => {
  server.seed({ title: "Third" }, { title: "Second" }, { title: "First" });
  const user = show();
  await user.keyboard("jj");
  expect(row("Second").contains(document.activeElement)).toBe(true);
  await user.keyboard("k{ArrowDown}x");
  expect(screen.getByRole("checkbox", { name: "Second" })).toHaveProperty("checked", true);
  await user.keyboard(" ");
  expect(screen.getByRole("checkbox", { name: "Second" })).toHaveProperty("checked", false);
  await user.keyboard("{Delete}");
  expect(screen.queryByRole("checkbox", { name: "Second" })).toBeNull();
  expect(row("Third").contains(document.activeElement), "the focus goes to the next task").toBe(true);
  await user.keyboard("u");
  expect(screen.getByRole("checkbox", { name: "Second" })).toBeDefined();
  await user.keyboard("n");
  expect(document.activeElement).toBe(screen.getByRole("textbox", { name: "New task" }));
  await user.keyboard("xe?"); // letters, here
  expect(screen.getByRole("textbox", { name: "New task" })).toHaveProperty("value", "xe?");
  await user.keyboard("{Escape}/");
  expect(document.activeElement).toBe(screen.getByRole("searchbox", { name: "Search tasks" }));
});

test("the keys are explained, and can be turned off", async () => {
  server.seed({ title: "First" });
  const user = show();
  await user.keyboard("?");
  const dialog = within(screen.getByRole("dialog", { name: "Keyboard shortcuts" }));
  await user.click(dialog.getByRole("checkbox", { name: "Use single-key shortcuts" }));
  await user.click(dialog.getByRole("button", { name: "Close" }));
  await user.keyboard("j");
  expect(row("First").contains(document.activeElement)).toBe(false);
});

test("search, filters, order and view are in the address, and the list follows", async () => {
  server.seed({ title: "Buy milk", priority: "high", tags: ["shop"] }, { title: "Call Ada" }, { title: "Paid", done: true });
  const user = show();
  await user.type(screen.getByRole("searchbox"), "milk");
  await waitFor(() => expect(location.search).toBe("?q=milk"));
  await waitFor(() => expect(screen.queryByRole("checkbox", { name: "Call Ada" })).toBeNull());
  await user.click(screen.getByRole("button", { name: "Filter" }));
  await user.click(screen.getByRole("checkbox", { name: "High" }));
  await user.click(screen.getByRole("checkbox", { name: "shop" }));
  await user.selectOptions(screen.getByRole("combobox", { name: "Sort by" }), "Due date");
  expect(location.search).toBe("?q=milk&priority=high&tag=shop&sort=due");
  await user.click(screen.getByRole("link", { name: "Done" }));
  expect(screen.getByRole("heading", { level: 1, name: "Done" })).toBeDefined();
  await user.click(await screen.findByRole("button", { name: "Clear search and filters" }));
  expect(location.search).toBe("?view=done&sort=due");
  expect(await screen.findByRole("checkbox", { name: "Paid" })).toBeDefined();
  expect(screen.getByRole("searchbox")).toHaveProperty("value", "");
});

test("what is chosen while a search waits for its last letter stays chosen", async () => {
  server.seed({ title: "Buy milk", priority: "high" }, { title: "Milk bought", done: true });
  const user = show();
  await user.type(screen.getByRole("searchbox"), "milk");
  await user.click(screen.getByRole("link", { name: "Done" }));
  await waitFor(() => expect(location.search).toBe("?view=done&q=milk"));
  expect(await screen.findByRole("checkbox", { name: "Milk bought" })).toBeDefined();
});

test("a search that waits is given up when the address brings another", async () => {
  const user = show("q=old");
  await user.type(screen.getByRole("searchbox"), "er");
  await user.click(screen.getByRole("button", { name: "Clear search and filters" }));
  expect(location.search).toBe("");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(location.search).toBe("");
  expect(screen.getByRole("searchbox")).toHaveProperty("value", "");
});

test("an empty list says what to do", () => {
  show();
  expect(screen.getByRole("heading", { name: "Nothing to do" })).toBeDefined();
});

test("a server that is away is told once, and the list stays usable", async () => {
  server.seed({ title: "Buy milk" });
  const user = show();
  server.failure = "unreachable";
  await user.click(screen.getByRole("checkbox", { name: "Buy milk" }));
  expect((await screen.findAllByText(/cannot be reached right now. Your change is kept/))[0]?.closest("[role=alert]")).not.toBeNull();
  expect(screen.getByRole("checkbox", { name: "Buy milk" })).toHaveProperty("checked", true);
  server.failure = undefined;
  await user.click(screen.getByRole("button", { name: "Retry now" }));
  await waitFor(() => expect(server.rows[0]).toMatchObject({ done: true }));
  await waitFor(() => expect(screen.queryByText(/cannot be reached/)).toBeNull());
});

test("a session that has ended leads to the sign-in page and back to this list", async () => {
  const user = show("view=all&tag=home");
  server.failure = 401;
  await user.type(screen.getByRole("textbox", { name: "New task" }), "Buy milk{Enter}half a");
  await waitFor(() => expect(replace).toHaveBeenCalledWith(`/sign-in?ended=1&next=${encodeURIComponent("/?view=all&tag=home")}`));
  expect(sessionStorage.getItem("todo:new:ada@example.com"), "what was being typed is kept").toBe("half a");
});

test("the completed tasks can be deleted together, and come back together", async () => {
  server.seed({ title: "A", done: true }, { title: "B", done: true });
  const user = show("view=done");
  await user.click(screen.getByRole("button", { name: "Delete these 2" }));
  expect(screen.queryAllByRole("listitem").filter((item) => item.dataset.task)).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Undo" }));
  expect(screen.getAllByRole("checkbox", { name: /^[AB]$/ })).toHaveLength(2);
  expect(server.titles()).toHaveLength(2);
});

test("what happened is announced", async () => {
  server.seed({ title: "Buy milk" });
  const user = show();
  await user.click(screen.getByRole("checkbox", { name: "Buy milk" }));
  const status = screen.getAllByRole("status").map((element) => element.textContent);
  expect(status).toContain("Completed “Buy milk”.");
  await act(async () => Promise.resolve());
});

const said = () => screen.getAllByRole("status").map((element) => element.textContent);

test("what a search, a filter or a view brings is announced, also when it is as many again", async () => {
  server.seed({ title: "Buy milk", priority: "high" }, { title: "Call Ada" }, { title: "Paid", done: true });
  const user = show();
  await user.type(screen.getByRole("searchbox"), "milk");
  await waitFor(() => expect(said()).toContain("To do: 1 task found."));
  let asked = () => {};
  server.slowLists = new Promise((resolve) => (asked = resolve));
  await user.clear(screen.getByRole("searchbox"));
  await user.type(screen.getByRole("searchbox"), "ada");
  await waitFor(() => expect(said(), "a text that does not change is not said again").not.toContain("To do: 1 task found."));
  asked();
  await waitFor(() => expect(said()).toContain("To do: 1 task found."));
  await user.clear(screen.getByRole("searchbox"));
  await user.click(screen.getByRole("link", { name: "Done" }));
  await waitFor(() => expect(said()).toContain("Done: 1 task."));
  await user.type(screen.getByRole("searchbox"), "no such task");
  await waitFor(() => expect(said()).toContain("Done: No task matches."));
});

test("edits that were dropped are announced", async () => {
  server.seed({ title: "Buy milk" });
  const user = show();
  const regions = screen.getAllByRole("status"); // what is put in with its text is not heard everywhere
  await user.click(screen.getByRole("button", { name: "Edit “Buy milk”" }));
  await user.keyboard(" and bread{Escape}");
  const region = screen.getByText("Your edits of “Buy milk” were dropped").closest("[role=status]");
  expect(regions).toContain(region);
});

test.each([
  ["on", "Press u to undo."],
  ["off", "Undo is at the end of the page."],
])("a deletion says how to undo it, while the keys are %s", async (keys, how) => {
  localStorage.setItem("shortcuts", keys);
  server.seed({ title: "Buy milk" });
  const user = show();
  await user.click(screen.getByRole("button", { name: "Delete “Buy milk”" }));
  expect(said()).toContain(`Deleted “Buy milk”. ${how}`);
});

test("a control that goes when it is pressed leaves the focus near", async () => {
  server.seed({ title: "Buy milk", tags: ["shop"] }, { title: "A", done: true }, { title: "B", done: true });
  const user = show("priority=low&tag=home&tag=shop");
  const heading = (name: string) => screen.getByRole("heading", { level: 1, name });
  const press = async (name: string) => {
    const button = await screen.findByRole("button", { name });
    button.focus();
    await user.keyboard("{Enter}");
  };
  const focused = () => document.activeElement;
  await press("Remove filter home");
  expect(focused()).toBe(screen.getByRole("button", { name: "Remove filter shop" }));
  await press("Remove filter shop");
  expect(focused()).toBe(screen.getByRole("button", { name: "Remove filter Low priority" }));
  await press("Remove filter Low priority");
  await waitFor(() => expect(focused()).toBe(heading("To do")));

  await user.type(screen.getByRole("searchbox"), "none of these");
  await press("Clear search and filters");
  await waitFor(() => expect(focused()).toBe(heading("To do")));

  await user.click(screen.getByRole("link", { name: "Done" }));
  await press("Delete these 2");
  await waitFor(() => expect(focused()).toBe(heading("Done")));
  await press("Undo");
  await waitFor(() => expect(focused()).toBe(heading("Done")));
  await press("Delete “A”");
  expect(row("B").contains(focused())).toBe(true);
  await press("Dismiss");
  await waitFor(() => expect(focused()).toBe(heading("Done")));
  await press("Edit “B”");
  await user.keyboard("!{Escape}");
  await press("Bring back");
  await waitFor(() => expect(focused()).toBe(screen.getByRole("textbox", { name: "Title" })));
});

test("the focus is given to nobody who has left the control before it goes", async () => {
  server.seed({ title: "Buy milk" });
  const user = show();
  await user.click(screen.getByRole("button", { name: "Delete “Buy milk”" }));
  screen.getByRole("button", { name: "Undo" }).focus();
  screen.getByRole("button", { name: "Undo" }).blur();
  await user.keyboard("u");
  expect(await screen.findByRole("checkbox", { name: "Buy milk" })).toBeDefined();
  await act(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  expect(document.activeElement).toBe(document.body);
});

test("after the last page, the focus is where “Load more” was", async () => {
  server.seed(...Array.from({ length: 60 }, (_, n) => ({ title: `Task ${n}` })));
  window.history.replaceState(null, "", "/");
  const page = parsePage({ items: server.rows.slice(0, 50), total: 60 });
  render(<TaskBoard start={{ query: parseQuery(new URLSearchParams()), today: dayIn(), account: "ada@example.com", page }} />);
  screen.getByRole("button", { name: "Load more" }).focus();
  await userEvent.keyboard("{Enter}");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("checkbox", { name: "Task 0" })));
});
