"use client";

import { useEffect, useEffectEvent, useSyncExternalStore } from "react";

export type ShortcutActions = { undo: () => void; help: () => void };

const storageKey = "shortcuts";
const listeners = new Set<() => void>();

/** Whether single keys do something. Speech input and shaky hands press them by accident, so they can be turned off. */
export function useShortcutsOn(): [boolean, (on: boolean) => void] {
  const on = useSyncExternalStore(subscribe, isOn, () => true);
  return [
    on,
    (next) => {
      localStorage.setItem(storageKey, next ? "on" : "off");
      for (const listener of listeners) listener();
    },
  ];
}

/** The keys of the task list. They do nothing while one types or a dialog is open. */
export function useShortcuts(actions: ShortcutActions): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !isOn()) return;
    if (document.querySelector("dialog[open]") || isTyping(event.target)) return;
    if (act(event, actions)) event.preventDefault();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, []);
}

/** Does what a key stands for; false when it stands for nothing here. */
function act(event: KeyboardEvent, { undo, help }: ShortcutActions): boolean {
  const row = document.activeElement?.closest("[data-task]") ?? null;
  switch (event.key) {
    case "n":
      return focus(document.getElementById("new-task"));
    case "/":
      return focus(document.getElementById("search"));
    case "?":
      help();
      return true;
    case "u":
      undo();
      return true;
    case "j":
      return move(row, 1);
    case "k":
      return move(row, -1);
    // The arrows scroll the page until a task has the focus.
    case "ArrowDown":
      return row !== null && move(row, 1);
    case "ArrowUp":
      return row !== null && move(row, -1);
    case "x":
      return press(row, "[data-toggle]");
    case "e":
      return press(row, "[data-edit]");
    case "Enter":
      return document.activeElement?.matches("[data-toggle]") === true && press(row, "[data-edit]");
    case "Delete":
      return press(row, "[data-delete]");
    case "Escape":
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      return false;
    default:
      return false;
  }
}

/** Puts the focus on the task `by` further; without one that has it, on the first or the last. */
function move(row: Element | null, by: 1 | -1): boolean {
  const rows = [...document.querySelectorAll("[data-task]")];
  const next = row ? rows[rows.indexOf(row) + by] : rows.at(by > 0 ? 0 : -1);
  focus(next?.querySelector<HTMLElement>("[data-toggle]") ?? null);
  next?.scrollIntoView({ block: "nearest" });
  return rows.length > 0;
}

function press(row: Element | null, control: string): boolean {
  const found = row?.querySelector<HTMLElement>(control);
  found?.click();
  return found !== null && found !== undefined;
}

function focus(element: HTMLElement | null): boolean {
  element?.focus();
  return element !== null;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== "checkbox";
  return target.isContentEditable || target.matches("textarea, select");
}

function isOn(): boolean {
  return localStorage.getItem(storageKey) !== "off";
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
