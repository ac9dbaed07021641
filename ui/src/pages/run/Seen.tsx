import { type ReactNode, useEffect, useRef, useState } from "react";

/** What it holds is made when it first comes near to being seen. */
export function Seen({ children, heightPx = 160 }: { children: ReactNode; heightPx?: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || box.current === null) return;
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) setSeen(true);
      },
      { rootMargin: "300px" },
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [seen]);
  return (
    <div ref={box} style={seen ? undefined : { minHeight: heightPx }}>
      {seen && children}
    </div>
  );
}
