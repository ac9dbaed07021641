import { useId } from "react";
import { formatCount, formatNumber } from "../../lib/format";

interface Props {
  edges: readonly number[];
  counts: readonly number[];
  nan: number;
  infinite: number;
  label: string;
}

const WIDE = 320;
const HIGH = 120;

/** A histogram with bars as wide as their bins, and as a table for those who read it. */
export function HistogramBars({ edges, counts, nan, infinite, label }: Props) {
  const title = useId();
  const first = edges[0] ?? 0;
  const span = (edges.at(-1) ?? 1) - first || 1;
  const most = Math.max(1, ...counts);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const x = (edge: number) => ((edge - first) / span) * WIDE;
  const left = [
    ...(nan > 0 ? [`${formatCount(nan)} NaN`] : []),
    ...(infinite > 0 ? [`${formatCount(infinite)} infinite`] : []),
  ];
  return (
    <div className="histogram">
      <svg viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-labelledby={title}>
        <title id={title}>
          {`${label}: ${formatCount(total)} values from ${formatNumber(first)} to ${formatNumber(edges.at(-1) ?? 0)}`}
        </title>
        {counts.map((count, at) => {
          const from = edges[at] ?? 0;
          const to = edges[at + 1] ?? from;
          const high = (count / most) * (HIGH - 2);
          return (
            <rect
              key={from}
              x={x(from)}
              y={HIGH - high}
              width={Math.max(0.5, x(to) - x(from) - 0.5)}
              height={high}
            >
              <title>{`${formatNumber(from)} to ${formatNumber(to)}: ${formatCount(count)}`}</title>
            </rect>
          );
        })}
      </svg>
      <div className="histogram-ends numbers">
        <span>{formatNumber(first)}</span>
        <span>
          {formatCount(total)} values{left.length > 0 && `, and ${left.join(", ")}`}
        </span>
        <span>{formatNumber(edges.at(-1) ?? 0)}</span>
      </div>
      <details>
        <summary>As a table</summary>
        <table className="data-table">
          <tbody>
            {counts.map((count, at) => (
              <tr key={edges[at]}>
                <th scope="row" className="numbers">
                  {formatNumber(edges[at] ?? 0)} to {formatNumber(edges[at + 1] ?? 0)}
                </th>
                <td className="right numbers">{formatCount(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  );
}
