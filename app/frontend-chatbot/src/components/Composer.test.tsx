import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { createRef } from "react";
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";
import { Composer } from "./Composer";

test("what was typed before the scripts had loaded can be sent", async () => {
  const onSend = vi.fn();
  const composer = <Composer field={createRef()} configured canSend busy={false} onSend={onSend} onStop={() => undefined} />;
  const container = document.body.appendChild(document.createElement("div"));
  container.innerHTML = renderToString(composer);
  screen.getByLabelText<HTMLTextAreaElement>("Message").value = "Buy milk";

  render(composer, { container, hydrate: true });
  expect(screen.getByLabelText("Message")).toHaveValue("Buy milk");
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(onSend).toHaveBeenCalledWith("Buy milk");
});
