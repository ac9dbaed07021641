import { useState } from "react";
import { CopyButton } from "../../components/CopyButton";
import type { Snippet } from "../../lib/snippets";
import "./Snippets.css";

/** Lines to copy, in several languages. */
export function Snippets({ snippets }: { snippets: readonly Snippet[] }) {
  const [title, setTitle] = useState(snippets[0]?.title);
  const chosen = snippets.find(one => one.title === title);
  return (
    <div className="snippets">
      <div className="snippets-bar">
        {snippets.map(one => (
          <button
            key={one.title}
            type="button"
            aria-pressed={one.title === title}
            onClick={() => setTitle(one.title)}
          >
            {one.title}
          </button>
        ))}
        {chosen && <CopyButton text={chosen.lines} what="these lines" />}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre tabIndex={0}>{chosen?.lines}</pre>
    </div>
  );
}
