import { useMemo, useState } from "react";
import type { RunDetail } from "../../api/run";
import { Button } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { Icon } from "../../components/Icon";
import { useParam } from "../../components/useParam";
import { type Branch, chosen, DEFAULTED, filterTree, paramTree } from "../../lib/configs";
import { FilterField, Section } from "./Section";
import "./Params.css";

/** What is open below which a tree of so many params begins folded. */
const OPEN = 200;
const SHOWN = 1_000;

/** The params as a tree, in which those that nobody set are marked and can be left out. */
export function Params({ run }: { run: RunDetail }) {
  const [wanted, setWanted] = useState("");
  const [only, setOnly] = useParam("params");
  const defaulted = useMemo(() => new Set(run.defaulted), [run.defaulted]);
  const onlySet = only === "set" && defaulted.size > 0;
  const params = useMemo(
    () => (onlySet ? chosen(run.params, defaulted) : run.params),
    [run.params, defaulted, onlySet],
  );
  const tree = useMemo(() => paramTree(params), [params]);
  const found = useMemo(() => filterTree(tree, wanted), [tree, wanted]);
  const count = Object.keys(run.params).length;
  const document = Object.keys(run.config).length > 0 ? run.config : run.params;
  return (
    <Section
      title="Params"
      count={count}
      actions={
        count > 0 && (
          <>
            {defaulted.size > 0 && (
              <label className="params-only">
                <input
                  type="checkbox"
                  checked={onlySet}
                  onChange={event => setOnly(event.target.checked ? "set" : null)}
                />
                Only what was set
              </label>
            )}
            <FilterField label="Filter params" value={wanted} onChange={setWanted} />
            <CopyButton text={JSON.stringify(document, null, 2)} what="the params as JSON" />
          </>
        )
      }
    >
      {count === 0 && <p className="section-empty">No params were logged.</p>}
      {count > 0 && found.length === 0 && (
        <p className="section-empty">
          {tree.length === 0 ? "All params are defaults." : "No param has this text."}
        </p>
      )}
      <Branches
        key={wanted === "" ? "all" : "some"}
        branches={found}
        defaulted={defaulted}
        open={wanted !== "" || count <= OPEN}
        depth={0}
      />
    </Section>
  );
}

interface Shown {
  defaulted: ReadonlySet<string>;
  open: boolean;
  depth: number;
}

function Branches({ branches, ...how }: Shown & { branches: readonly Branch[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? branches : branches.slice(0, SHOWN);
  return (
    <>
      <ul className="params">
        {shown.map(branch => (
          <BranchRow key={branch.path} branch={branch} {...how} />
        ))}
      </ul>
      {shown.length < branches.length && (
        <Button kind="quiet" onClick={() => setAll(true)}>
          Show {branches.length - shown.length} more
        </Button>
      )}
    </>
  );
}

function BranchRow({ branch, defaulted, open, depth }: Shown & { branch: Branch }) {
  const [shown, setShown] = useState(open);
  const mark = branch.value !== undefined && defaulted.has(branch.path) && (
    <span className="params-default" title={DEFAULTED}>
      default
    </span>
  );
  const indent = { paddingLeft: 8 + 16 * depth };
  if (branch.children.length === 0) {
    return (
      <li className="params-row" title={branch.path}>
        <span className="params-name" style={indent}>
          <span className="params-space" />
          {branch.name}
        </span>
        <span className="params-value">
          {branch.value === "" ? <i className="muted">empty</i> : branch.value}
          {mark}
        </span>
      </li>
    );
  }
  return (
    <li>
      <div className="params-row">
        <span className="params-name" style={indent}>
          <button type="button" aria-expanded={shown} onClick={() => setShown(!shown)}>
            <Icon name={shown ? "down" : "right"} size={12} />
            {branch.name}
          </button>
        </span>
        <span className="params-value">
          {branch.value ?? (shown ? "" : <Count of={branch} />)}
          {mark}
        </span>
      </div>
      {shown && <Branches branches={branch.children} defaulted={defaulted} open={open} depth={depth + 1} />}
    </li>
  );
}

function Count({ of }: { of: Branch }) {
  return <span className="muted">{leaves(of)} params</span>;
}

function leaves(branch: Branch): number {
  return branch.children.reduce((sum, child) => sum + leaves(child), branch.value === undefined ? 0 : 1);
}
