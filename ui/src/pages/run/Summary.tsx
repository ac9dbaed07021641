import { byName } from "../../lib/configs";
import { formatNumber } from "../../lib/format";
import { Section } from "./Section";

/** What the run was summed up by. */
export function Summary({ summary }: { summary: Record<string, unknown> }) {
  const rows = Object.entries(summary).sort(([a], [b]) => byName(a, b));
  if (rows.length === 0) return null;
  return (
    <Section title="Summary" count={rows.length}>
      <table className="data-table">
        <colgroup>
          <col width="38%" />
          <col />
        </colgroup>
        <tbody>
          {rows.map(([key, value]) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              <td className="numbers">
                {typeof value === "number"
                  ? formatNumber(value, 6)
                  : typeof value === "string"
                    ? value
                    : JSON.stringify(value)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
