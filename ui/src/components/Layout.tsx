import { type ReactNode, useCallback, useState } from "react";
import { Link, useLocation } from "wouter";
import { Account } from "./Account";
import { Icon, type IconName } from "./Icon";
import { Overlays } from "./Overlays";
import { openPalette, show } from "./palette";
import { ThemeSwitch } from "./ThemeSwitch";
import "./Layout.css";

const PAGES: readonly { to: string; name: string; icon: IconName }[] = [
  { to: "/", name: "Home", icon: "home" },
  { to: "/experiments", name: "Experiments", icon: "flask" },
  { to: "/runs", name: "Runs", icon: "table" },
  { to: "/compare", name: "Compare", icon: "compare" },
];
const KEPT = "assay.nav";

/** The frame of all pages: where one can go on the left, the page on the right. */
export function Layout({ children }: { children: ReactNode }) {
  const [narrow, setNarrow] = useState(() => localStorage.getItem(KEPT) === "narrow");
  const [path] = useLocation();
  const fold = useCallback(
    () =>
      setNarrow(before => {
        localStorage.setItem(KEPT, before ? "wide" : "narrow");
        return !before;
      }),
    [],
  );
  return (
    <div className={narrow ? "layout narrow" : "layout"}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <nav className="nav" aria-label="Pages">
        <Link to="/" className="nav-brand" aria-label="Assay, home">
          <Icon name="logo" /> <span className="nav-name">Assay</span>
        </Link>
        <button type="button" className="nav-link" onClick={openPalette} title="Search everything (Ctrl K)">
          <Icon name="search" /> <span className="nav-name">Search</span>{" "}
          <kbd className="nav-name">Ctrl K</kbd>
        </button>
        <ul>
          {PAGES.map(page => (
            <li key={page.to}>
              <Link
                to={page.to}
                className="nav-link"
                title={narrow ? page.name : undefined}
                aria-current={isAt(path, page.to) ? "page" : undefined}
              >
                <Icon name={page.icon} /> <span className="nav-name">{page.name}</span>
              </Link>
            </li>
          ))}
        </ul>
        <div className="nav-foot">
          <Account />
          <button type="button" className="nav-link" onClick={() => show("keys")} title="Keys (?)">
            <Icon name="keyboard" /> <span className="nav-name">Keys</span>
          </button>
          <ThemeSwitch />
          <button
            type="button"
            className="nav-link"
            onClick={fold}
            aria-label={narrow ? "Widen the sidebar" : "Fold the sidebar"}
          >
            <Icon name={narrow ? "unfold" : "fold"} /> <span className="nav-name">Fold</span>
          </button>
        </div>
      </nav>
      <Overlays fold={fold} />
      <main id="main" className="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function isAt(path: string, page: string): boolean {
  return page === "/" ? path === "/" : path === page || path.startsWith(`${page}/`);
}
