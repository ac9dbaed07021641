/** Places what floats below its anchor, or above it where there is no room, within the window. */
export function placeBelow(floating: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = floating;
  const left = Math.min(at.left, innerWidth - width - 8);
  const below = at.bottom + 4;
  const top = below + height > innerHeight - 8 ? Math.max(8, at.top - height - 4) : below;
  floating.style.left = `${Math.max(8, left)}px`;
  floating.style.top = `${top}px`;
}
