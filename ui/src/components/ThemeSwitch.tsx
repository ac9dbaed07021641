import { useEffect, useState } from "react";
import { chooseTheme, chosenTheme, type Theme } from "../lib/theme";
import { Icon, type IconName } from "./Icon";

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const NAMES: Record<Theme, string> = { system: "System theme", light: "Light theme", dark: "Dark theme" };
const ICONS: Record<Theme, IconName> = { system: "screen", light: "sun", dark: "moon" };

/** Goes round light, dark and the system's. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme);
  useEffect(() => {
    const follow = () => setTheme(chosenTheme());
    document.addEventListener("assay:theme", follow);
    return () => document.removeEventListener("assay:theme", follow);
  }, []);
  const next = NEXT[theme];
  const choose = () => {
    chooseTheme(next);
    setTheme(next);
  };
  return (
    <button
      type="button"
      className="nav-link"
      onClick={choose}
      aria-label={`${NAMES[theme]}; change to ${NAMES[next].toLowerCase()}`}
    >
      <Icon name={ICONS[theme]} /> <span className="nav-name">{NAMES[theme]}</span>
    </button>
  );
}
