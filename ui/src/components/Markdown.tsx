import { lazy, Suspense } from "react";
import "./Markdown.css";

const Rendered = lazy(() => import("./MarkdownText"));

/** What somebody wrote in Markdown; until it is rendered, as it was written. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className="markdown">
      <Suspense fallback={<pre>{text}</pre>}>
        <Rendered text={text} />
      </Suspense>
    </div>
  );
}
