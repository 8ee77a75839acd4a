/** Growing pauses with jitter: a centre in trouble is not asked faster and faster, nor by all tills at once. */

const FIRST_MS = 250;
const LONGEST_MS = 8_000;

/** How long to wait after the n-th failure in a row (from 1), in milliseconds; at least what the centre asks for. */
export function pauseMs(failures: number, retryAfterS = 0, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.max(retryAfterS * 1000, longest * (0.5 + random() / 2));
}

/** Resolves after a time, or as soon as the signal is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted || ms <= 0) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
