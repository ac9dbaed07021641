import { soon } from "./soon";
import "./Markdown.css";

const Rendered = soon(
  () => import("./MarkdownText"),
  ({ text }) => <pre>{text}</pre>,
);

/** What somebody wrote in Markdown; until it is rendered, as it was written. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className="markdown">
      <Rendered text={text} />
    </div>
  );
}
