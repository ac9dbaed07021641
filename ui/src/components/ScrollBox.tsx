import type { HTMLAttributes, Ref } from "react";

interface Props extends HTMLAttributes<HTMLDivElement> {
  ref?: Ref<HTMLDivElement>;
}

/** A part that scrolls by itself: the keyboard can get there, and then move it. */
export function ScrollBox(props: Props) {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: browsers let the arrow keys scroll only what has the focus
  return <div tabIndex={0} {...props} />;
}
