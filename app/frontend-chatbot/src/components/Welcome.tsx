import { Icon } from "./Icon";

const suggestions = ["What is on my list?", "Add “buy milk” to my tasks", "What should I do first today?"];

/** Stands where the messages will be. */
export function Welcome({ onPick }: { onPick: (text: string) => void }) {
  return (
    <section aria-labelledby="welcome" className="m-auto grid justify-items-center gap-2 py-8 text-center">
      <span className="grid size-14 place-items-center rounded-full bg-tint text-accent">
        <Icon name="chat" className="size-7" />
      </span>
      <h2 id="welcome" className="title mt-2 text-balance">
        What shall we get done?
      </h2>
      <p className="max-w-sm text-balance text-muted">
        Ask about your tasks in your own words. The assistant can add, change, complete and delete them.
      </p>
      <ul className="mt-4 flex flex-wrap justify-center gap-2">
        {suggestions.map((text) => (
          <li key={text}>
            <button
              type="button"
              className="button button-line h-auto min-h-11 py-2 text-sm whitespace-normal"
              onClick={() => onPick(text)}
            >
              {text}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
