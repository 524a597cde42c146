"use client";

import { Icon } from "./Icon";

/** Switches between light and dark, and remembers it in a cookie that the server reads. Without one the system decides. */
export function ThemeToggle() {
  function toggle() {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
  }
  return (
    <button type="button" onClick={toggle} className="button button-quiet p-2.5" aria-label="Switch between light and dark">
      <span className="theme-dark-only">
        <Icon name="sun" />
      </span>
      <span className="theme-light-only">
        <Icon name="moon" />
      </span>
    </button>
  );
}
