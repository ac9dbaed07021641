/** What a page asks for first, asked before its program is there. */

const KEPT_MS = 10_000; // who comes later wants to know how things are then
const asked = new Map<string, Promise<Response>>();

/** The answer at an address is on its way for whoever asks for it first. */
export function askEarly(url: string): void {
  const answer = fetch(url, { credentials: "same-origin" });
  answer.catch(() => undefined); // whoever takes it is told
  asked.set(url, answer);
  setTimeout(() => asked.delete(url), KEPT_MS);
}

/** The answer that was asked for, once. */
export function early(url: string): Promise<Response> | undefined {
  const answer = asked.get(url);
  asked.delete(url);
  return answer;
}
