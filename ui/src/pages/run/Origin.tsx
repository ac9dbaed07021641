import type { ReactNode } from "react";
import { Link } from "wouter";
import type { RunDetail } from "../../api/run";
import { CopyButton } from "../../components/CopyButton";
import { formatTime } from "../../lib/format";
import { originOf } from "../../lib/origin";
import { Section } from "./Section";
import "./Origin.css";

/** Who ran it, when and where, as far as its client told. */
export function Origin({ run }: { run: RunDetail }) {
  const at = (us: number | null | undefined) =>
    us ? <time className="numbers">{formatTime(us)}</time> : null;
  const facts: [label: string, shown: ReactNode, text?: string][] = [
    ["Run id", <code key="id">{run.id}</code>, run.id],
    ["By", run.user || null],
    ["Started", at(run.start_us)],
    ["Ended", at(run.end_us)],
    ["Created", run.start_us ? null : at(run.created_us)],
    ["Changed", at(run.updated_us)],
    ["Asked to stop", at(run.stop_us)],
    ["Parent", run.parent && <Link to={`/runs/${run.parent}`}>{run.parent.slice(0, 8)}</Link>],
    ["Groups", run.groups.length > 0 ? run.groups.join(", ") : null],
  ];
  for (const { label, value } of originOf(run.tags)) {
    const isCode = label === "Git commit" || label === "Command";
    facts.push([label, isCode ? <code key={label}>{value}</code> : value, isCode ? value : undefined]);
  }
  return (
    <Section title="Details">
      <dl className="origin">
        {facts.map(
          ([label, shown, text]) =>
            shown && (
              <div key={label}>
                <dt>{label}</dt>
                <dd>
                  <span>{shown}</span>
                  {text && <CopyButton text={text} what={label.toLowerCase()} />}
                </dd>
              </div>
            ),
        )}
      </dl>
    </Section>
  );
}
