import { afterEach, expect, test, vi } from "vitest";
import { address } from "./address";
import { ApiError, api, send } from "./client";

afterEach(() => vi.unstubAllGlobals());

test("an address holds names, queries and lists, encoded once", () => {
  expect(address("/api/v1/runs/{id}", { id: "a/b c" })).toBe("/api/v1/runs/a%2Fb%20c");
  expect(address("/f/{path}", { path: "a/b c.txt" })).toBe("/f/a/b%20c.txt");
  expect(address("/x", {}, { a: "1&2", none: undefined, no: null, many: [1, 2] })).toBe(
    "/x?a=1%262&many=1&many=2",
  );
});

test("an answer of the server comes as it is", async () => {
  vi.stubGlobal("fetch", async () => Response.json({ runs: [], next_page_token: null }));
  expect(await api.get("/api/v1/runs")).toEqual({ runs: [], next_page_token: null });
});

test("a refusal carries what the server said", async () => {
  const problem = { code: "invalid_input", remedy: "say yes", field: "filter", bound: 3 };
  vi.stubGlobal("fetch", async () => Response.json({ ...problem, detail: "No" }, { status: 422 }));
  const error = await send("get", "/x").catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ ...problem, message: "No", status: 422 });
});

test("a refusal without a body, and a server that is away, are errors with words too", async () => {
  vi.stubGlobal("fetch", async () => new Response("<html>", { status: 502 }));
  await expect(send("get", "/x")).rejects.toMatchObject({ status: 502, message: "The server answered 502" });
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("failed");
  });
  await expect(send("get", "/x")).rejects.toMatchObject({ status: 0, code: "unreachable" });
});
