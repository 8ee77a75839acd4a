/** The time as it passes. */

import { useEffect, useState } from "preact/hooks";

/** Seconds since 1970, four times a second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), 250);
    return () => clearInterval(timer);
  }, []);
  return now;
}
