import { Icon } from "../../components/Icon";
import { Menu, type MenuItem } from "../../components/Menu";
import { fieldText, fieldTitle, parseField } from "../../lib/fields";
import type { Key } from "../../lib/tableColumns";

interface Props {
  by: string;
  keys: readonly Key[];
  onGroup: (by: string) => void;
}

const SHOWN = 40;

/** By what the runs are grouped: a param, a tag, the status, the user. */
export function GroupMenu({ by, keys, onGroup }: Props) {
  const field = parseField(by);
  const items = (): (MenuItem | null)[] => {
    const item = (text: string, hint?: string): MenuItem => {
      const one = parseField(text);
      return { label: one ? fieldTitle(one) : text, hint, checked: text === by, act: () => onGroup(text) };
    };
    const of = (kind: "param" | "tag") =>
      keys
        .filter(one => one.kind === kind && !(kind === "tag" && one.key.startsWith("mlflow.")))
        .sort((a, b) => b.runs - a.runs)
        .slice(0, SHOWN)
        .map(one => item(fieldText({ kind, key: one.key }), kind));
    return [
      { label: "Not grouped", checked: by === "", act: () => onGroup("") },
      null,
      item("status"),
      item("user"),
      ...of("param"),
      ...of("tag"),
    ];
  };
  return (
    <Menu
      button={
        <>
          <Icon name="group" size={14} /> {field ? `By ${fieldTitle(field)}` : "Group"}
        </>
      }
      label="Group"
      items={items}
    />
  );
}
