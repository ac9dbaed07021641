import { afterEach, expect, test, vi } from "vitest";
import { fetchPage } from "../pages";
import { api } from "./client";
import { askEarly } from "./early";
import { pageOf } from "./selection";

vi.mock("../pages/runs/RunsPage", () => ({}));

function answering() {
  let answers = 0;
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url);
    answers += 1;
    return new Response(JSON.stringify({ runs: [answers], next_page_token: null }));
  });
  return asked;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("the first page of runs is asked for once, before and by whoever draws it, with all that the address says", async () => {
  const asked = answering();
  fetchPage({
    pathname: "/experiments/7",
    search: "?q=metrics.loss+%3C+1&sort=metrics.loss+ASC&sort=name+DESC",
  });
  expect(asked).toEqual([
    "/api/v1/experiments/7",
    "/api/v1/runs?experiment_id=7&filter=metrics.loss+%3C+1&order_by=metrics.loss+ASC&order_by=name+DESC&view=active&limit=60",
  ]);
  const selection = {
    experiments: [7],
    filter: "metrics.loss < 1",
    order: ["metrics.loss ASC", "name DESC"],
    view: "active",
  } as const;
  const first = () => api.get("/api/v1/runs", { query: pageOf(selection, null) });
  expect(await first()).toMatchObject({ runs: [2] });
  expect(asked).toHaveLength(2);
  expect(await first()).toMatchObject({ runs: [3] });
  expect(asked).toHaveLength(3);
});

test("grouped runs and pages of no runs ask for none ahead", () => {
  const asked = answering();
  fetchPage({ pathname: "/runs", search: "?group=params.lr" });
  fetchPage({ pathname: "/experiments/x", search: "" });
  fetchPage({ pathname: "/", search: "" });
  expect(asked).toEqual([]);
});

test("what nobody took soon is asked for anew", async () => {
  vi.useFakeTimers();
  const asked = answering();
  askEarly("/api/v1/runs");
  vi.advanceTimersByTime(10_000);
  expect(await api.get("/api/v1/runs")).toMatchObject({ runs: [2] });
  expect(asked).toHaveLength(2);
});
