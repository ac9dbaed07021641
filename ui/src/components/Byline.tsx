import type { Comment } from "../api/comments";
import { saidBy } from "../lib/flags";
import { formatAge, formatTime } from "../lib/format";

/** Who wrote a comment and when, and who has brought or changed it since. */
export function Byline({ of, nowUs }: { of: Comment; nowUs: number }) {
  const { author, atUs } = saidBy(of);
  return (
    <>
      <b>{author}</b>
      <time className="muted" title={formatTime(atUs)}>
        {formatAge(atUs, nowUs)}
      </time>
      {of.origin && (
        <span className="muted" title={`Brought here by ${of.author}`}>
          imported
        </span>
      )}
      {of.edited_us && (
        <span className="muted" title={`${formatTime(of.edited_us)} by ${of.edited_by ?? of.author}`}>
          edited
        </span>
      )}
    </>
  );
}
