/**
 * The binary form of `POST /series` and `POST /bands`: a description in JSON, then little-endian columns that are
 * mapped and not parsed. Its other side is `src/assay/wire/series.py`; both read `series.golden.json` in their tests.
 */

export const SERIES_TYPE = "application/vnd.assay.series";
const MAGIC = 0x72737361; // "assr"
const FORMAT = 1;

export type Context = Record<string, string> | null;

/** Buckets of one series, counted from the chart's `first`; each column has the same length. */
export interface Columns {
  bucket: Uint32Array;
  count: Uint32Array;
  nan: Uint32Array;
  mean: Float64Array;
  min: Float64Array;
  max: Float64Array;
  first: Float64Array;
  last: Float64Array;
}

export interface SeriesLine {
  run: string;
  context: Context;
  columns: Columns;
}

/** The series of one key. Bucket `i` of a line holds x from `(first + bucket[i]) * 2**exponent` on. */
export interface SeriesChart {
  key: string;
  exponent: number;
  first: number;
  lines: SeriesLine[];
}

export interface BandColumns {
  bucket: Uint32Array;
  runs: Uint32Array;
  points: Uint32Array;
  mean: Float64Array;
  deviation: Float64Array;
  min: Float64Array;
  max: Float64Array;
  quantiles: Float64Array[];
}

/** One group's band of one key: in each bucket a run counts once. */
export interface SeriesBand {
  key: string;
  context: Context;
  exponent: number;
  first: number;
  group: string;
  columns: BandColumns;
}

type Described = Record<string, unknown> & { columns: [string, "f8" | "u4" | `=${string}` | number][] };

/** The description, and the columns by name as views of the body. Throws where it is no answer of series. */
export function unpack(body: ArrayBuffer): {
  document: Described;
  columns: Map<string, Float64Array | Uint32Array>;
} {
  const head = new DataView(body);
  if (body.byteLength < 16 || head.getUint32(0, true) !== MAGIC || head.getUint8(4) !== FORMAT)
    throw new Error("The answer is not in the form of series");
  const size = head.getUint32(8, true);
  const rows = head.getUint32(12, true);
  const document = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 16, size))) as Described;
  let at = 16 + size;
  at += (8 - (at % 8)) % 8;
  const columns = new Map<string, Float64Array | Uint32Array>();
  for (const [name, kind] of document.columns) {
    if (kind === "f8" || kind === "u4") {
      columns.set(name, kind === "f8" ? new Float64Array(body, at, rows) : new Uint32Array(body, at, rows));
      at += rows * (kind === "f8" ? 8 : 4);
    } else if (typeof kind === "number") {
      columns.set(name, new Uint32Array(rows).fill(kind)); // all of it is this number, and was not sent
    } else {
      const same = columns.get(kind.slice(1)); // it equals an earlier one
      if (!same) throw new Error(`The answer of series has no column ${kind.slice(1)}`);
      columns.set(name, same);
    }
  }
  if (at !== body.byteLength) throw new Error("The answer of series ends where it should not");
  return { document, columns };
}

/** What `POST /series` answered. */
export function readSeries(body: ArrayBuffer): SeriesChart[] {
  const { document, columns } = unpack(body);
  const part = parts(columns);
  let at = 0;
  const charts = document.charts as (Omit<SeriesChart, "lines"> & {
    lines: { run: string; context: Context; rows: number }[];
  })[];
  return charts.map(chart => ({
    ...chart,
    lines: chart.lines.map(({ run, context, rows }) => {
      const start = at;
      at += rows;
      return {
        run,
        context,
        columns: {
          bucket: part.counts("bucket", start, at),
          count: part.counts("count", start, at),
          nan: part.counts("nan", start, at),
          mean: part.numbers("mean", start, at),
          min: part.numbers("min", start, at),
          max: part.numbers("max", start, at),
          first: part.numbers("first", start, at),
          last: part.numbers("last", start, at),
        },
      };
    }),
  }));
}

/** What `POST /bands` answered, and the quantiles that its columns `quantiles` stand for. */
export function readBands(body: ArrayBuffer): { bands: SeriesBand[]; quantiles: number[] } {
  const { document, columns } = unpack(body);
  const part = parts(columns);
  const quantiles = document.quantiles as number[];
  let at = 0;
  const bands = (document.bands as (Omit<SeriesBand, "columns"> & { rows: number })[]).map(
    ({ rows, ...band }) => {
      const start = at;
      at += rows;
      return {
        ...band,
        columns: {
          bucket: part.counts("bucket", start, at),
          runs: part.counts("runs", start, at),
          points: part.counts("points", start, at),
          mean: part.numbers("mean", start, at),
          deviation: part.numbers("deviation", start, at),
          min: part.numbers("min", start, at),
          max: part.numbers("max", start, at),
          quantiles: quantiles.map((_, number) => part.numbers(`quantile_${number}`, start, at)),
        },
      };
    },
  );
  return { bands, quantiles };
}

function parts(columns: Map<string, Float64Array | Uint32Array>) {
  const of = (name: string) => {
    const column = columns.get(name);
    if (!column) throw new Error(`The answer of series has no column ${name}`);
    return column;
  };
  return {
    numbers: (name: string, start: number, end: number) => of(name).subarray(start, end) as Float64Array,
    counts: (name: string, start: number, end: number) => of(name).subarray(start, end) as Uint32Array,
  };
}
