"use client";

import { useShortcutsOn } from "./shortcuts";
import { Modal } from "./Modal";

const keys: [string[], string][] = [
  [["n"], "Write a new task"],
  [["/"], "Search"],
  [["j", "↓"], "Next task"],
  [["k", "↑"], "Previous task"],
  [["x", "Space"], "Complete or reopen the task"],
  [["e", "Enter"], "Edit the task"],
  [["Delete"], "Delete the task"],
  [["u"], "Undo the deletion"],
  [["Esc"], "Leave a field or the editor"],
  [["?"], "This list"],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const [on, setOn] = useShortcutsOn();
  return (
    <Modal title="Keyboard shortcuts" onClose={onClose}>
      <dl className="mt-4 divide-y divide-line">
        {keys.map(([names, does]) => (
          <div key={does} className="flex items-center justify-between gap-4 py-2">
            <dt className="text-muted">{does}</dt>
            <dd className="flex shrink-0 items-center gap-1.5">
              {names.map((name) => (
                <kbd key={name} className="key">
                  {name}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p className="mt-3 text-sm text-muted">In the notes, Ctrl + Enter saves.</p>
      <label className="mt-4 flex cursor-pointer items-center gap-3">
        <input type="checkbox" className="size-5 accent-accent" checked={on} onChange={(event) => setOn(event.target.checked)} />
        Use single-key shortcuts
      </label>
    </Modal>
  );
}
