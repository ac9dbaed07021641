/**
 * Mends a browser that names no language: where the system's is C or POSIX it says `en-US@posix`, which `Intl` refuses,
 * and uPlot asks `Intl` when it is loaded. Imported before it.
 */
export function usable(language: string): string {
  try {
    Intl.getCanonicalLocales(language);
    return language;
  } catch {
    return "en-US";
  }
}

if (usable(navigator.language) !== navigator.language)
  Object.defineProperty(navigator, "language", { value: usable(navigator.language), configurable: true });
