/** How numbers, durations and times are written, the same everywhere. */

const MINUS = "−";
const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A number to so many digits: short, without needless zeros, with an exponent where it is very large or small. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return signed(grouped.format(value));
  if (size >= 1e7 || size < 1e-4) return signed(exponential(value, digits));
  const shown = Number(value.toPrecision(digits));
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(shown))));
  return signed(shown.toLocaleString("en-US", { maximumFractionDigits: Math.min(places, 20) }));
}

/** A whole number with separators. */
export function formatCount(value: number): string {
  return signed(grouped.format(value));
}

/** A large count in three digits: 950, 12.3k, 4.56M. */
export function formatShortCount(value: number): string {
  for (const [size, unit] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (value >= size * 0.9995) return `${Number((value / size).toPrecision(3))}${unit}`;
  return `${Number(value.toPrecision(3))}`;
}

/** A tick of an axis whose ticks are `step` apart: as many digits as tell it from its neighbour. */
export function formatTick(value: number, step: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const places = Math.min(20, Math.max(0, -Math.floor(Math.log10(Math.abs(step) * 1.0000001))));
  if (size >= 1e6 && places === 0) {
    for (const [unit, name] of [
      [1e9, "G"],
      [1e6, "M"],
    ] as const)
      if (size >= unit && size < unit * 1e3) {
        const digits = Math.max(0, Math.ceil(Math.log10(unit) - Math.log10(Math.abs(step)) - 1e-9));
        return signed(`${(value / unit).toFixed(Math.min(digits, 9))}${name}`);
      }
  }
  if (size >= 1e7 || (size < 1e-4 && step < 1e-4)) {
    const digits =
      1 + Math.max(0, Math.floor(Math.log10(size)) - Math.floor(Math.log10(Math.abs(step) * 1.0000001)));
    return signed(exponential(value, Math.min(digits, 12)));
  }
  return signed(
    value.toLocaleString("en-US", {
      minimumFractionDigits: places,
      maximumFractionDigits: Math.min(places, 20),
    }),
  );
}

const UNITS: [number, string][] = [
  [86_400e6, "d"],
  [3_600e6, "h"],
  [60e6, "m"],
  [1e6, "s"],
  [1e3, "ms"],
  [1, "µs"],
];

/** A duration in microseconds, in its two largest units: 2d 3h, 5m 10s, 1.25s, 12ms. */
export function formatDuration(us: number): string {
  if (!Number.isFinite(us)) return "NaN";
  const sign = us < 0 ? MINUS : "";
  const size = Math.abs(us);
  if (size < 1e3) return `${sign}${Math.round(size)}µs`;
  if (size < 1e6) return `${sign}${Number((size / 1e3).toPrecision(3))}ms`;
  if (size < 59.95e6) return `${sign}${Number((size / 1e6).toPrecision(3))}s`;
  const at = size >= 86_399.5e6 ? 0 : size >= 3_599.5e6 ? 1 : 2;
  const [unit, name] = UNITS[at]!;
  const [part, partName] = UNITS[at + 1]!;
  const parts = Math.round(size / part);
  const whole = Math.floor(parts / (unit / part));
  const rest = parts - whole * (unit / part);
  return `${sign}${whole}${name}${rest ? ` ${rest}${partName}` : ""}`;
}

const two = (number: number) => String(number).padStart(2, "0");

/** A time in microseconds since 1970 as 2026-11-28 16:05:03, where the reader is. */
export function formatTime(us: number): string {
  const at = new Date(us / 1e3);
  if (Number.isNaN(at.getTime())) return "NaN";
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** How long ago a time is: just now, 5 min ago, 3 h ago, 2 d ago; its day where that is more than four weeks. */
export function formatAge(us: number, nowUs: number): string {
  const s = Math.max(0, (nowUs - us) / 1e6);
  if (s < 45) return "just now";
  if (s < 3_570) return `${Math.max(1, Math.round(s / 60))} min ago`;
  if (s < 84_600) return `${Math.max(1, Math.round(s / 3_600))} h ago`;
  if (s < 28 * 86_400) return `${Math.max(1, Math.round(s / 86_400))} d ago`;
  return formatTime(us).slice(0, 10);
}

/** A size in bytes: 0 B, 1.5 kB, 20 MB; thousands, as disks are sold. */
export function formatBytes(bytes: number): string {
  let size = bytes;
  for (const unit of ["B", "kB", "MB", "GB", "TB"]) {
    if (size < 999.5 || unit === "TB") return `${unit === "B" ? size : Number(size.toPrecision(3))} ${unit}`;
    size /= 1_000;
  }
  return "";
}

function exponential(value: number, digits: number): string {
  const [fraction, exponent] = value.toExponential(digits - 1).split("e") as [string, string];
  const short = fraction.includes(".") ? fraction.replace(/\.?0+$/, "") : fraction;
  return `${short}e${exponent.replace("+", "")}`;
}

const signed = (text: string) => text.replaceAll("-", MINUS);
