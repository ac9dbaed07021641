import { expect, test } from "vitest";
import { activityLabel, activityText } from "./activity";

const none = { runs: 0, running: 0, lost: 0, last_us: null, by_day: [0, 0] };

test("what goes on is told in words, and what does not is left out", () => {
  expect(activityText(none, 0)).toBe("0 runs");
  expect(activityText({ ...none, runs: 1, running: 1, lost: 2, last_us: 0 }, 300e6)).toBe(
    "1 run · 1 running · 2 lost · 5 min ago",
  );
  expect(activityLabel({ ...none, by_day: [1, 0] })).toBe("1 run begun in the last 2 days");
});
