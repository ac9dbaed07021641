import { useEffect, useState } from "react";
import { Button } from "./Button";
import { Icon } from "./Icon";

/** Copies a text, and says so for a moment. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1_500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <Button
      kind="quiet"
      icon
      aria-label={done ? `Copied ${what}` : `Copy ${what}`}
      title={done ? "Copied" : `Copy ${what}`}
      onClick={() => copy(text).then(setDone)}
    >
      <Icon name={done ? "check" : "copy"} size={14} />
    </Button>
  );
}

/** Over plain HTTP browsers have no clipboard; there the old way still works. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined)
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
