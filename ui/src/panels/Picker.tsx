import { useState } from "react";
import { Button } from "../components/Button";
import { Icon } from "../components/Icon";
import { columnTitle } from "../lib/facts";
import { matcher } from "../lib/sections";

interface Props {
  label: string;
  all: readonly string[];
  chosen: readonly string[];
  most: number;
  change(chosen: string[]): void;
}

const SHOWN = 200;

/** Some of many names, in an order: those that are chosen above, in their order; the others below, to be searched. */
export function Picker({ label, all, chosen, most, change }: Props) {
  const [search, setSearch] = useState("");
  const matches = matcher(search);
  const rest = all.filter(name => !chosen.includes(name) && matches(name));
  const put = (name: string) => change(most === 1 ? [name] : [...chosen, name].slice(0, most));
  return (
    <fieldset className="picker">
      <legend>{label}</legend>
      {chosen.length > 0 && (
        <ol className="picker-chosen">
          {chosen.map((name, i) => (
            <li key={name}>
              <span className="truncate">{name}</span>
              {i > 0 && (
                <Button
                  kind="quiet"
                  icon
                  aria-label={`${columnTitle(name)} before ${columnTitle(chosen[i - 1] ?? "")}`}
                  onClick={() =>
                    change(chosen.map((one, k) => (k === i - 1 ? name : k === i ? chosen[i - 1]! : one)))
                  }
                >
                  <Icon name="up" size={12} />
                </Button>
              )}
              <Button
                kind="quiet"
                icon
                aria-label={`Without ${name}`}
                onClick={() => change(chosen.filter(one => one !== name))}
              >
                <Icon name="close" size={12} />
              </Button>
            </li>
          ))}
        </ol>
      )}
      <input
        type="search"
        placeholder="Search"
        aria-label={`Search ${label}`}
        value={search}
        onChange={event => setSearch(event.target.value)}
      />
      <ul className="picker-rest">
        {rest.slice(0, SHOWN).map(name => (
          <li key={name}>
            <button type="button" disabled={most > 1 && chosen.length >= most} onClick={() => put(name)}>
              {name}
            </button>
          </li>
        ))}
        {rest.length === 0 && <li className="muted">Nothing else has such a name</li>}
        {rest.length > SHOWN && <li className="muted">and {rest.length - SHOWN} more: search for them</li>}
      </ul>
    </fieldset>
  );
}
