/** A value that stands in the address. */

import { useCallback } from "react";
import { useSearchParams } from "wouter";

type SetParam = (value: string | null, how?: { replace?: boolean; drop?: readonly string[] }) => void;

/** The value of a name of the query, and how it is set; null or "" takes it out. `drop` takes others out with it. */
export function useParam(name: string): [value: string, set: SetParam] {
  const [params, setParams] = useSearchParams();
  const set = useCallback<SetParam>(
    (value, { replace = false, drop = [] } = {}) => {
      setParams(
        before => {
          const next = new URLSearchParams(before);
          for (const other of drop) next.delete(other);
          if (value) next.set(name, value);
          else next.delete(name);
          return next;
        },
        { replace },
      );
    },
    [name, setParams],
  );
  return [params.get(name) ?? "", set];
}
