import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { told } from "../lib/facts";
import { readBands, readSeries } from "./series";

const golden = JSON.parse(readFileSync(new URL("series.golden.json", import.meta.url), "utf8"));
const body = (text: string) => Uint8Array.from(atob(text), sign => sign.charCodeAt(0)).buffer;
const numbers = (column: (number | string | null)[]) => column.map(told);

describe("the binary form of series", () => {
  it("says what the JSON says", () => {
    const charts = readSeries(body(golden.series.columns));
    expect(charts.map(chart => chart.key)).toEqual(["loss", "accuracy"]);
    charts.forEach((chart, c) => {
      const other = golden.series.json.charts[c];
      expect(chart.exponent).toBe(other.exponent);
      expect(chart.lines.map(line => [line.run, line.context])).toEqual(
        other.lines.map((line: { run: string; context: object | null }) => [line.run, line.context]),
      );
      chart.lines.forEach(({ columns }, l) => {
        const line = other.lines[l];
        expect([...columns.bucket].map(bucket => chart.first + bucket)).toEqual(line.bucket);
        expect([...columns.count]).toEqual(line.count);
        expect([...columns.nan]).toEqual(line.nan);
        for (const name of ["mean", "min", "max", "first", "last"] as const)
          expect([...columns[name]]).toEqual(numbers(line[name]));
      });
    });
    expect(charts[0]?.lines.at(-1)?.context).toEqual({ split: "test" });
  });

  it("says what the JSON says of bands", () => {
    const { bands, quantiles } = readBands(body(golden.bands.columns));
    expect(quantiles).toEqual([0.25, 0.5]);
    expect(bands.length).toBe(golden.bands.json.bands.length);
    bands.forEach((band, b) => {
      const other = golden.bands.json.bands[b];
      expect([band.key, band.group, band.context, band.exponent]).toEqual([
        other.key,
        other.group,
        other.context,
        other.exponent,
      ]);
      const { columns } = band;
      expect([...columns.bucket].map(bucket => band.first + bucket)).toEqual(other.bucket);
      expect([...columns.runs]).toEqual(other.runs);
      expect([...columns.points]).toEqual(other.points);
      for (const name of ["mean", "deviation", "min", "max"] as const)
        expect([...columns[name]]).toEqual(numbers(other[name]));
      expect(columns.quantiles.map(column => [...column])).toEqual(other.quantiles.map(numbers));
    });
  });

  it("refuses what is none, or was cut", () => {
    const whole = body(golden.series.columns);
    expect(() => readSeries(new ArrayBuffer(8))).toThrow("not in the form");
    expect(() => readSeries(new TextEncoder().encode('{"charts": []}  ').buffer as ArrayBuffer)).toThrow(
      "not in the form",
    );
    expect(() => readSeries(whole.slice(0, whole.byteLength - 4))).toThrow();
  });
});
