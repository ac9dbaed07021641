/** The icons: strokes on a grid of 16, drawn for this UI, so that none is fetched from anywhere. */
const PATHS = {
  logo: "M2.5 13.5 8 2.5l5.5 11M5 10h6",
  home: "M2.5 7.5 8 3l5.5 4.5v6h-4v-4h-3v4h-4z",
  flask: "M6 2.5h4M6.8 2.5v4L3 13.5h10l-3.8-7v-4M5 10h6",
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M6 6.5v6",
  compare: "M8 2v12M5.5 4.5h-3v7h3M10.5 4.5h3v7h-3",
  fold: "M2.5 3h11v10h-11zM6 3v10M11 6 9 8l2 2",
  unfold: "M2.5 3h11v10h-11zM6 3v10M9 6l2 2-2 2",
  screen: "M2.5 3h11v7.5h-11zM6 13.5h4M8 10.5v3",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M3.4 12.6l1.1-1.1M11.5 4.5l1.1-1.1",
  moon: "M13 9.6A5.5 5.5 0 0 1 6.4 3 5.5 5.5 0 1 0 13 9.6z",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.2 3.2",
  plus: "M8 3v10M3 8h10",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  check: "M3 8.5 6.5 12 13 4.5",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  left: "M10 4 6 8l4 4",
  up: "M4 10l4-4 4 4",
  sortUp: "M8 13V3M4.5 6.5 8 3l3.5 3.5",
  sortDown: "M8 3v10M4.5 9.5 8 13l3.5-3.5",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
  eyeOff:
    "M2 2l12 12M6.2 3.8A6 6 0 0 1 8 3.5c4 0 6.5 4.5 6.5 4.5a11 11 0 0 1-1.9 2.4M4 4.9A10.5 10.5 0 0 0 1.5 8S4 12.5 8 12.5a6 6 0 0 0 3-.8",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  group: "M2.5 3.5h11M5.5 8h8M5.5 12.5h8M2.5 6v6.5",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.5h10",
  pin: "M5.5 2.5h5M6.3 2.5v4L4 9.5h8L9.7 6.5v-4M8 9.5v4",
  tag: "M2.5 2.5h5.7l5.3 5.3-5.7 5.7-5.3-5.3zM5.3 5.3h.01",
  trash: "M3 4.5h10M6 4.5V3h4v1.5M4.3 4.5l.7 9h6l.7-9",
  restore: "M3 4v3.5h3.5M3.3 7.3A5 5 0 1 1 4 11",
  stop: "M4 4h8v8H4z",
  edit: "M3 13h2.5L13 5.5 10.5 3 3 10.5z",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  star: "M8 2.3l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.5l-3.6 1.9.7-4L2.2 6.6l4-.6z",
  clock: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 5v3l2 2",
  info: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 7.5V11M8 5.2h.01",
  keyboard: "M1.5 4h13v8h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M4.5 9.5h7",
  settings: "M2.5 4.5h6M11.5 4.5h2M10 3v3M2.5 11.5h2M7.5 11.5h6M6 10v3",
  chart: "M2.5 2.5v11h11M5 10.5l2.5-3.5 2.5 2 3-4.5",
  file: "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
  folder: "M2 4h4.5L8 5.5h6V12.5H2z",
  link: "M6.5 9.5l3-3M7 4.5l1.2-1.2a3 3 0 0 1 4.3 4.3L11.3 8.8M9 11.5l-1.2 1.2a3 3 0 0 1-4.3-4.3L4.7 7.2",
  comment: "M2.5 3h11v7.5H8L5 13v-2.5H2.5z",
  image: "M2.5 3h11v10h-11zM5.5 5.8h.01M3 11.5l3.5-3.5 2.5 2.5 1.5-1.5 2.5 2.5",
  terminal: "M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10.5h3",
  expand: "M9.5 2.5h4v4M13.5 2.5 9 7M6.5 13.5h-4v-4M2.5 13.5 7 9",
  user: "M8 2.5a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM2.8 13.5c.4-2.6 2.4-3.8 5.2-3.8s4.8 1.2 5.2 3.8",
  play: "M5 3.5v9l7-4.5z",
  warning: "M8 2.5l6 11H2zM8 6.5v3.5M8 12h.01",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon beside words, or in a button that has an `aria-label`. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2.4 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
