import type { ButtonHTMLAttributes, Ref } from "react";
import "./Button.css";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `quiet` has no border, `strong` is the one thing to do here, `danger` takes something away. */
  kind?: "plain" | "quiet" | "strong" | "danger";
  /** Only an icon: `aria-label` says what it does. */
  icon?: boolean;
  pressed?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

/** A button, which never submits a form unless told. */
export function Button({ kind = "plain", icon, pressed, className = "", ...rest }: ButtonProps) {
  const names = `button ${kind}${icon ? " icon" : ""} ${className}`.trim();
  return <button type="button" aria-pressed={pressed} className={names} {...rest} />;
}
