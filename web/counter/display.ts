/** What the centre tells a display, and whether it still does: by server-sent events, which the browser reconnects. */

import type { Minute } from "../shared/terminal/sheetPayments.ts";

/** Nothing for so long, heartbeats neither: cut off. */
const SILENT_MS = 12_000;
const AGAIN_MS = 2_000;

/** Money in fen. */
export interface Payment {
  readonly short_number: string;
  readonly channel: string;
  readonly meal: string;
  readonly amount_fen: number;
  readonly paid_at: string;
  readonly voided: boolean;
}

export interface Payments {
  readonly canteen_zh: string;
  readonly canteen_en: string;
  /** Of the open day, the latest first. */
  readonly payments: readonly Payment[];
}

export interface Told {
  /** `refused`: the link is unknown or was revoked. */
  readonly link: "opening" | "open" | "cut_off" | "refused";
  readonly shown: Payments | null;
  readonly minute: Minute | null;
  /** When it was last heard from, milliseconds since 1970; null before. */
  readonly heardAt: number | null;
}

/** The canteen of the page's address: a browser may show several, each by a cookie of its own. */
const canteenId = () => Number(/\/(\d+)\/?$/.exec(location.pathname)?.[1] ?? 0);
const eventsOfCanteen = () => `/displays/events?canteen_id=${canteenId()}`;

/** Redeem the link's token, if the address had one: afterwards a cookie of this browser opens the events. */
export async function openDisplay(token: string): Promise<"open" | "refused" | "away"> {
  if (token === "") return "open";
  try {
    const answer = await fetch("/displays/sessions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ canteen_id: canteenId(), token }),
    });
    return answer.ok ? "open" : answer.status === 401 ? "refused" : "away";
  } catch {
    return "away";
  }
}

/** Why the events did not open: an EventSource does not tell. 0: nobody answers. */
async function statusOfEvents(): Promise<number> {
  try {
    const answer = await fetch(eventsOfCanteen());
    void answer.body?.cancel();
    return answer.status;
  } catch {
    return 0;
  }
}

/** Follow the events until `stopped`; `tell` hears every change. */
export function follow(tell: (told: Told) => void, stopped: AbortSignal): void {
  let told: Told = { link: "opening", shown: null, minute: null, heardAt: null };
  let source: EventSource | null = null;
  let silent: ReturnType<typeof setTimeout>;
  const now = (change: Partial<Told>) => {
    told = { ...told, ...change };
    tell(told);
  };
  const heard = (change: Partial<Told>) => {
    clearTimeout(silent);
    silent = setTimeout(cutOff, SILENT_MS);
    now({ ...change, link: "open", heardAt: Date.now() });
  };
  const connect = () => {
    source = new EventSource(eventsOfCanteen());
    source.addEventListener("payments", ({ data }) => heard({ shown: JSON.parse(data) }));
    source.addEventListener("minute", ({ data }) => heard({ minute: JSON.parse(data) }));
    source.addEventListener("heartbeat", () => heard({}));
    source.addEventListener("ended", () => {
      end();
      now({ link: "refused" });
    });
    source.addEventListener("error", () => {
      // The browser tries again by itself unless it was answered with a refusal.
      if (source?.readyState === EventSource.CLOSED) void refused();
    });
  };
  const refused = async () => {
    end();
    if ((await statusOfEvents()) === 401) return now({ link: "refused" });
    cutOff();
    if (!stopped.aborted) setTimeout(connect, AGAIN_MS);
  };
  const cutOff = () => now({ link: "cut_off" });
  const end = () => {
    clearTimeout(silent);
    source?.close();
  };
  stopped.addEventListener("abort", end);
  silent = setTimeout(cutOff, SILENT_MS);
  connect();
}
