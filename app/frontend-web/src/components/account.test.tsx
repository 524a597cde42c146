import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { AuthForm } from "./AuthForm";
import { DeleteAccount } from "./DeleteAccount";

const router = vi.hoisted(() => ({ replace: vi.fn(), refresh: vi.fn() }));
vi.mock("next/navigation", () => ({ useRouter: () => router, useSearchParams: () => new URLSearchParams() }));

const fetched = vi.fn<typeof fetch>();
beforeEach(() => {
  router.replace.mockReset();
  fetched.mockReset();
  vi.stubGlobal("fetch", fetched);
});

test("the account is deleted only after its address was typed", async () => {
  fetched.mockResolvedValue(Response.json({ title: "Away", detail: "The service is away." }, { status: 503 }));
  const user = userEvent.setup();
  render(<DeleteAccount email="ada@example.com" onClose={() => {}} />);
  const go = screen.getByRole("button", { name: "Delete my account" });
  await user.click(go);
  await user.type(screen.getByRole("textbox", { name: "Your email" }), "ada@example.org");
  await user.click(go);
  expect(fetched).not.toHaveBeenCalled();
  expect(screen.getByRole("alert").textContent).toMatch(/not the address/);
  await user.clear(screen.getByRole("textbox", { name: "Your email" }));
  await user.type(screen.getByRole("textbox", { name: "Your email" }), "Ada@Example.com");
  await user.click(go);
  expect(fetched).toHaveBeenCalledWith("/api/auth/me", expect.objectContaining({ method: "DELETE" }));
  expect(screen.getByRole("alert").textContent).toBe("Your account was not deleted. The service is away.");
});

test("signing in leads to where one was; a refusal is said and keeps what was typed", async () => {
  fetched.mockResolvedValueOnce(Response.json({ title: "Unauthorized", detail: "Wrong." }, { status: 401 }));
  fetched.mockResolvedValueOnce(Response.json({ user: {} }));
  const user = userEvent.setup();
  render(<AuthForm mode="sign-in" next="/?view=today" />);
  await user.type(screen.getByRole("textbox", { name: "Email" }), "ada@example.com");
  await user.type(screen.getByLabelText("Password"), "correct horse");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(screen.getByRole("alert").textContent).toBe("Wrong.");
  expect(screen.getByRole("textbox", { name: "Email" })).toHaveProperty("value", "ada@example.com");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(router.replace).toHaveBeenCalledWith("/?view=today");
});
