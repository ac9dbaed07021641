import { describe, expect, it } from "vitest";
import { originOf, ownTags } from "./origin";
import { loadSnippets, pythonText, shellText } from "./snippets";

describe("pythonText", () => {
  it("cannot be left", () => {
    expect(pythonText('a"b\\c\nd\u2028é😀')).toBe('"a\\"b\\\\c\\u000ad\\u2028\\u00e9\\U0001f600"');
  });
});

describe("shellText", () => {
  it("is one word", () => {
    expect(shellText("http://127.0.0.1:5000/api")).toBe("http://127.0.0.1:5000/api");
    expect(shellText("a'; rm -rf $HOME")).toBe("'a'\\''; rm -rf $HOME'");
  });
});

describe("loadSnippets", () => {
  it("names the run and a metric that it has", () => {
    const [ours, mlflow, curl] = loadSnippets("http://h:1", "ab", "val/auc");
    expect(ours?.lines).toContain('history("val/auc")');
    expect(mlflow?.lines).toContain('get_run("ab")');
    expect(curl?.lines).toBe("curl -s http://h:1/api/v1/runs/ab");
  });
});

describe("originOf", () => {
  const tags = {
    "mlflow.source.git.commit": "abc",
    "wandb.host": "gpu1",
    "mlflow.user": "ann",
    stage: "final",
  };

  it("reads what each client says in its own words", () => {
    expect(originOf(tags)).toEqual([
      { label: "Git commit", value: "abc" },
      { label: "Host", value: "gpu1" },
    ]);
    expect(ownTags(tags)).toEqual({ stage: "final" });
  });
});
