/** Fields of the settings of charts. */

import { useEffect, useState } from "react";
import type { Smoothing, SmoothingKind } from "../lib/smoothing";

export const smoothingKinds: Record<SmoothingKind, string> = {
  none: "None",
  ema: "Time-weighted EMA",
  gaussian: "Gaussian",
  mean: "Running mean",
};

/** What the slider means of each kind: its greatest amount, and where it begins. */
const AMOUNTS: Record<SmoothingKind, { most: number; step: number; first: number }> = {
  none: { most: 0, step: 0, first: 0 },
  ema: { most: 0.999, step: 0.001, first: 0.9 },
  gaussian: { most: 0.1, step: 0.001, first: 0.01 },
  mean: { most: 0.2, step: 0.002, first: 0.02 },
};

interface SmoothingProps {
  value: Smoothing;
  kinds: Record<SmoothingKind, string>;
  change(smoothing: Smoothing): void;
}

/** A kind, and how much. The line moves with the slider, the address when it is let go. */
export function SmoothingField({ value, kinds, change }: SmoothingProps) {
  const [amount, setAmount] = useState(value.amount);
  useEffect(() => setAmount(value.amount), [value.amount]);
  const bounds = AMOUNTS[value.kind];
  useEffect(() => {
    if (amount === value.amount) return;
    const later = setTimeout(() => change({ ...value, amount }), 150);
    return () => clearTimeout(later);
  }, [amount, value, change]);
  return (
    <fieldset className="field smoothing">
      <label>
        <span>Smoothing</span>
        <select
          value={value.kind}
          onChange={event => {
            const kind = event.target.value as SmoothingKind;
            change({ kind, amount: AMOUNTS[kind].first });
          }}
        >
          {Object.entries(kinds).map(([kind, name]) => (
            <option key={kind} value={kind}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {value.kind !== "none" && (
        <>
          <input
            type="range"
            aria-label="How much smoothing"
            min={0}
            max={bounds.most}
            step={bounds.step}
            value={amount}
            onChange={event => setAmount(Number(event.target.value))}
          />
          <output className="numbers muted">
            {value.kind === "ema" ? amount.toFixed(3) : `${(amount * 100).toFixed(1)} %`}
          </output>
        </>
      )}
    </fieldset>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  names: Record<T, string>;
  change(value: T): void;
}

export function Choice<T extends string>({ label, value, names, change }: ChoiceProps<T>) {
  return (
    <label className="field">
      <span>{label}</span>
      <select value={value} onChange={event => change(event.target.value as T)}>
        {Object.entries<string>(names).map(([one, name]) => (
          <option key={one} value={one}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Check({
  label,
  value,
  change,
}: {
  label: string;
  value: boolean;
  change(value: boolean): void;
}) {
  return (
    <label className="check">
      <input type="checkbox" checked={value} onChange={event => change(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** A number, or nothing. */
export function NumberField({
  label,
  value,
  change,
}: {
  label: string;
  value: number | null;
  change(value: number | null): void;
}) {
  const [text, setText] = useState(value === null ? "" : String(value));
  const given = text.trim() === "" ? null : Number(text);
  const wrong = given !== null && !Number.isFinite(given);
  return (
    <label className="field">
      <span>{label}</span>
      <input
        className="number"
        inputMode="decimal"
        placeholder="auto"
        aria-invalid={wrong}
        value={text}
        onChange={event => {
          setText(event.target.value);
          const next = event.target.value.trim() === "" ? null : Number(event.target.value);
          if (next === null || Number.isFinite(next)) change(next);
        }}
      />
    </label>
  );
}
