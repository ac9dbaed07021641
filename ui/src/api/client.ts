/** Talks to the native API: typed by the server's own OpenAPI document, with the server's errors as one class. */
import { address, type Filled, type Query } from "./address";
import { early } from "./early";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
type Method = "get" | "post" | "put" | "patch" | "delete";
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: { responses: object } } ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? paths[P][M] : never;
type Json<T> = T extends { content: { "application/json": infer B } } ? B : undefined;
type Answer<O> = O extends { responses: infer R }
  ? 200 extends keyof R
    ? Json<R[200]>
    : 201 extends keyof R
      ? Json<R[201]>
      : undefined
  : never;
type Body<O> = O extends { requestBody?: infer B } ? Json<B> : undefined;

export interface Asked<B = unknown> {
  /** What stands for the `{names}` of the path. */
  path?: Filled;
  query?: Query;
  body?: B;
  signal?: AbortSignal;
}

/** What a server said instead of an answer, or that it could not be reached (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | null;
  readonly bound: string | number | null;
  readonly remedy: string | null;
  readonly details: Record<string, unknown> | null;

  constructor(status: number, problem: Partial<Schemas["Problem"]>) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.field = problem.field ?? null;
    this.bound = problem.bound ?? null;
    this.remedy = problem.remedy ?? null;
    this.details = problem.details ?? null;
  }
}

/** Sends a request and gives the answer as it came. Throws ApiError, or AbortError where it was called off. */
export async function send(method: string, url: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    const asked = method.toUpperCase() === "GET" ? early(url) : undefined;
    answer = await (asked ??
      fetch(url, { ...init, method: method.toUpperCase(), credentials: "same-origin" }));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, {
      code: "unreachable",
      detail: "The server does not answer",
      remedy: "see whether it runs, and try again",
    });
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new ApiError(answer.status, problem as Partial<Schemas["Problem"]>);
}

async function call(method: Method, template: string, asked: Asked): Promise<unknown> {
  const init: RequestInit = { signal: asked.signal };
  if (asked.body !== undefined) {
    init.body = JSON.stringify(asked.body);
    init.headers = { "Content-Type": "application/json" };
  }
  const answer = await send(method, address(template, asked.path, asked.query), init);
  return answer.status === 204 ? undefined : answer.json();
}

function caller<M extends Method>(method: M) {
  return <P extends PathsWith<M> & string>(
    path: P,
    asked: Asked<Body<Operation<P, M>>> = {},
  ): Promise<Answer<Operation<P, M>>> => call(method, path, asked) as Promise<Answer<Operation<P, M>>>;
}

/** `api.get("/api/v1/runs/{id}", { path: { id } })`, and the like. */
export const api = {
  get: caller("get"),
  post: caller("post"),
  put: caller("put"),
  patch: caller("patch"),
  delete: caller("delete"),
};
