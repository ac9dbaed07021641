/**
 * The colour of a run: the same on every page, since it comes from the run's id.
 *
 * Where two runs that are shown together would have one colour, the later one takes the next free one, and when all
 * are taken, the next dash pattern. The colours themselves are `--series-1` and on, in `styles/tokens.css`.
 */

export const COLOURS = 8;
export const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

export interface Look {
  colour: number;
  dash: number;
}

/** FNV-1a: the same on every machine and in every version. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** The looks of these runs or groups, in their order. Whoever is in `kept` stays as he was; who is new is put there. */
export function looksOf(ids: Iterable<string>, kept: Map<string, Look> = new Map()): Map<string, Look> {
  const wanted = [...new Set(ids)];
  const taken = new Set<number>();
  const found = new Map<string, Look>();
  const take = (id: string, look: Look) => {
    taken.add(look.dash * COLOURS + look.colour);
    found.set(id, look);
    kept.set(id, look);
  };
  for (const id of wanted) {
    const look = kept.get(id);
    if (look && !taken.has(look.dash * COLOURS + look.colour)) take(id, look);
  }
  for (const id of wanted) if (!found.has(id)) take(id, free(hash(id), taken));
  return new Map(wanted.map(id => [id, found.get(id) as Look]));
}

function free(seed: number, taken: Set<number>): Look {
  for (let dash = 0; dash < DASHES.length; dash++)
    for (let i = 0; i < COLOURS; i++) {
      const colour = (seed + i) % COLOURS;
      if (!taken.has(dash * COLOURS + colour)) return { colour, dash };
    }
  return { colour: seed % COLOURS, dash: Math.floor(seed / COLOURS) % DASHES.length };
}

/** For a `style`: the colour in the theme of the page. */
export const colourVariable = ({ colour }: Look) => `var(--series-${colour + 1})`;
