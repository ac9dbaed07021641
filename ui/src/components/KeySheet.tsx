import { SHORTCUTS } from "../lib/shortcuts";
import { Dialog } from "./Dialog";
import "./KeySheet.css";

/** All keys of the UI. */
export default function KeySheet({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys" wide onClose={close}>
      <div className="key-sheet">
        {SHORTCUTS.map(({ where, keys }) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>
              {keys.map(({ keys: pressed, does }) => (
                <div key={pressed}>
                  <dt>
                    {pressed.split(" ").map((key, at) =>
                      // biome-ignore lint/suspicious/noArrayIndexKey: a list that does not change
                      key === "or" ? <span key={at}> or </span> : <kbd key={at}>{key}</kbd>,
                    )}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
