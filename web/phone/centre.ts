/** What the phone knows from the centre, and how old it is: whether there is a network shows only by an answer. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { OutcomeUnknown, Rejected } from "../shared/terminal/answers.ts";
import type { Account, Phone } from "../shared/terminal/phone.ts";

const DAY_S = 86_400;

/** While nothing is heard from the centre it is asked again so often. */
const ASKED_AGAIN_MS = 5_000;

export interface Centre {
  readonly state: "asking" | "reached" | "away" | "blocked";
  /** The latest that the centre said; null before its first answer. */
  readonly account: Account | null;
  /** When that was, milliseconds since 1970. */
  readonly askedAt: number;
  readonly ask: () => Promise<void>;
  /** Note what another question failed with: without any answer there is no network. */
  readonly lost: (error: unknown) => void;
}

/** Ask for the account when the application opens, and whenever it comes to the front again. */
export function useCentre(phone: Phone): Centre {
  const [state, setState] = useState<Centre["state"]>("asking");
  const [known, setKnown] = useState<{ account: Account | null; askedAt: number }>({ account: null, askedAt: 0 });
  const ask = useCallback(async () => {
    try {
      await renewWhenDue(phone);
      const account = await phone.account();
      setKnown({ account, askedAt: Date.now() });
      setState("reached");
    } catch (error) {
      setState(error instanceof Rejected && error.slug === "credential-blocked" ? "blocked" : "away");
    }
  }, [phone]);
  useEffect(() => {
    const shown = () => void (document.visibilityState === "visible" && ask());
    shown();
    document.addEventListener("visibilitychange", shown);
    return () => document.removeEventListener("visibilitychange", shown);
  }, [ask]);
  const lost = useCallback((error: unknown) => {
    if (error instanceof OutcomeUnknown && error.status === null) setState((now) => (now === "reached" ? "away" : now));
  }, []);
  useEffect(() => {
    const online = () => void ask();
    const offline = () => setState((now) => (now === "blocked" ? now : "away"));
    addEventListener("online", online);
    addEventListener("offline", offline);
    return () => {
      removeEventListener("online", online);
      removeEventListener("offline", offline);
    };
  }, [ask]);
  useEffect(() => {
    if (state !== "away") return;
    const timer = setInterval(() => document.visibilityState === "visible" && void ask(), ASKED_AGAIN_MS);
    return () => clearInterval(timer);
  }, [state, ask]);
  return { state, ...known, ask, lost };
}

/** A certificate lives seven days; it is renewed when one has passed. */
async function renewWhenDue(phone: Phone): Promise<void> {
  if (phone.expiresAt - Date.now() / 1000 < 6 * DAY_S) await phone.renew();
}
