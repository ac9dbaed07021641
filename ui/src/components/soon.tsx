import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import { Failure, Loading } from "./states";

type Loaded<Props> = { default: ComponentType<Props> };

/**
 * A component whose program is fetched when it is first needed; `meanwhile` stands in its place.
 *
 * Not React's `lazy`: that shows what has come only 300 ms after its placeholder, and remembers a fetch that failed for
 * as long as the page lives. Here a failure is told with a button that tries again.
 */
export function soon<Props extends object>(
  load: () => Promise<Loaded<Props>>,
  meanwhile: (props: Props) => ReactNode = () => <Loading />,
) {
  let ready: ComponentType<Props> | null = null;
  let coming: Promise<void> | null = null;
  const fetched = () => {
    coming ??= load()
      .then(module => {
        ready = module.default;
      })
      .finally(() => {
        coming = null;
      });
    return coming;
  };
  // biome-ignore lint/correctness/noComponentHookFactories: called where modules begin, once for each, as `lazy` is
  function Soon(props: Props) {
    const [, again] = useState(0);
    const [error, setError] = useState<unknown>(null);
    useEffect(() => {
      let gone = false;
      if (!ready && error === null) {
        fetched().then(
          () => gone || again(n => n + 1),
          reason => gone || setError(reason),
        );
      }
      return () => {
        gone = true;
      };
    }, [error]);
    if (error !== null) return <Failure error={error} retry={() => setError(null)} />;
    const Ready = ready;
    return Ready ? <Ready {...props} /> : meanwhile(props);
  }
  /** Fetches the program now, so that it is there when it is needed. */
  Soon.ahead = () => void fetched().catch(() => undefined);
  return Soon;
}
