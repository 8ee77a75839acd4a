/** The live totals of the open business day, as the centre sends them while canteens sell. */

import { useEffect, useState } from "react";

export interface LiveTotal {
  readonly canteen_id: number;
  readonly payments: number;
  readonly card: number;
  readonly qr: number;
  readonly sheet: number;
  readonly business_date: string;
}

export interface Live {
  readonly totals: readonly LiveTotal[];
  /** Whether the connection holds; without it the totals are those of `at`. */
  readonly isOn: boolean;
  readonly at: number;
}

const EVERY_MS = 500;
const NOTHING: Live = { totals: [], isOn: false, at: 0 };

/** Drawn twice a second at most, and read only then, however often the centre sends. */
export function useLive(canteenId: string | undefined): Live {
  const [live, setLive] = useState(NOTHING);
  useEffect(() => {
    setLive(NOTHING);
    const source = new EventSource(canteenId === undefined ? "/live" : `/live?canteen_id=${canteenId}`);
    let latest: string | null = null;
    let waits = 0;
    const take = () => {
      waits = 0;
      if (latest === null || document.hidden) return;
      const totals = JSON.parse(latest) as LiveTotal[];
      latest = null;
      setLive({ totals, isOn: true, at: Date.now() });
    };
    source.onmessage = (event) => {
      latest = event.data;
      waits ||= window.setTimeout(take, EVERY_MS);
    };
    source.onerror = () => setLive((before) => ({ ...before, isOn: false }));
    document.addEventListener("visibilitychange", take);
    return () => {
      source.close();
      clearTimeout(waits);
      document.removeEventListener("visibilitychange", take);
    };
  }, [canteenId]);
  return live;
}
