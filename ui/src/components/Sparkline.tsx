import "./Sparkline.css";

const HEIGHT = 22;
const BAR = 3;
const GAP = 1;

/** How much went on each day: a bar a day, the oldest at the left. */
export function Sparkline({ days, label }: { days: readonly number[]; label: string }) {
  const most = Math.max(1, ...days);
  const width = days.length * (BAR + GAP) - GAP;
  return (
    <svg
      className="sparkline"
      width={width}
      height={HEIGHT}
      viewBox={`0 0 ${width} ${HEIGHT}`}
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      {days.map((count, day) => {
        const height = count ? Math.max(2, Math.round((count / most) * HEIGHT)) : 1;
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a day is its place
            key={day}
            className={count ? "some" : "none"}
            x={day * (BAR + GAP)}
            y={HEIGHT - height}
            width={BAR}
            height={height}
          />
        );
      })}
    </svg>
  );
}
