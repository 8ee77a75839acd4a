/** What the phone shows: activation where it has no certificate, else one of four places. */

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Journal } from "../shared/terminal/journal.ts";
import type { Phone, PhoneSetup } from "../shared/terminal/phone.ts";
import { SheetPayments } from "../shared/terminal/sheetPayments.ts";
import { isWayIn, sheetOf } from "./address.ts";
import { useCentre } from "./centre.ts";
import { Later } from "./parts.tsx";
import { PayCode } from "./payCode.tsx";
import { Resolved, Told, useResults } from "./results.tsx";
import { say } from "./words.ts";

const PLACES = [
  {
    name: "pay",
    label: "phone.place.pay",
    icon: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2",
  },
  { name: "eat", label: "phone.place.eat", icon: "M6 3v7a2 2 0 0 0 4 0V3M8 3v18M17 3c-3 3-3 8 0 9zM17 12v9" },
  { name: "bills", label: "phone.place.bills", icon: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6" },
  { name: "mine", label: "phone.place.mine", icon: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21c1-5 15-5 16 0" },
] as const;

const activation = () => import("./activation.tsx").then(({ Activation }) => Activation);
const eat = () => import("./eat.tsx").then(({ Eat }) => Eat);
const bills = () => import("./bills.tsx").then(({ Bills }) => Bills);
const scan = () => import("./scan.tsx").then(({ Scan }) => Scan);
const sheetPage = () => import("./sheet.tsx").then(({ SheetPage }) => SheetPage);
const mine = () => import("./mine.tsx").then(({ Mine }) => Mine);

const SCAN = "#scan";

type Place = (typeof PLACES)[number]["name"];

function placeOf(hash: string): { place: Place; rest: readonly string[] } {
  const [name, ...rest] = hash.slice(1).split("/");
  const place = PLACES.find((one) => one.name === name)?.name ?? "pay";
  return { place, rest };
}

interface Given {
  readonly setup: PhoneSetup;
  readonly opened: Phone | null;
  readonly journal: Journal;
}

export function App({ setup, opened, journal }: Given) {
  const hash = useHash();
  if (!opened || isWayIn(hash)) {
    return <Later load={activation} given={{ setup, isAnew: opened !== null }} />;
  }
  return <Opened phone={opened} journal={journal} hash={hash} />;
}

function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return hash;
}

function Opened({ phone, journal, hash }: { phone: Phone; journal: Journal; hash: string }) {
  const centre = useCentre(phone);
  const payments = useMemo(() => new SheetPayments(phone, journal), [phone, journal]);
  const { place, rest } = placeOf(hash);
  const sheet = sheetOf(hash);
  const isCode = place === "pay" && sheet === null && hash !== SCAN;
  const isBlocked = centre.state === "blocked";
  const { news, seen } = useResults(phone, payments, centre, isCode);
  // Whatever was paid meanwhile, by this code or by a canteen's, has changed the balance.
  useEffect(() => {
    if (isCode && centre.state === "reached") void centre.ask();
  }, [isCode, news]);
  return (
    <>
      <header>
        <h1>{say("phone.title")}</h1>
        <p class={`net ${centre.state}`} role="status">
          {say(`phone.net.${centre.state}`)}
        </p>
      </header>
      <Main hash={hash}>
        {isBlocked && (
          <div class="notice danger" role="alert">
            <p>{say("phone.blocked")}</p>
            <a class="plain" href="#activate">
              {say("phone.blocked.anew")}
            </a>
          </div>
        )}
        <Resolved payments={payments} isReached={centre.state === "reached"} />
        {isCode && news && <Told news={news} seen={seen} />}
        {isCode && !isBlocked && <PayCode phone={phone} centre={centre} />}
        {hash === SCAN && <Later load={scan} given={{}} />}
        {sheet !== null && <Later key={sheet} load={sheetPage} given={{ payments, code: sheet }} />}
        {place === "eat" && <Later load={eat} given={{ phone, rest }} />}
        {place === "bills" && <Later load={bills} given={{ phone, rest }} />}
        {place === "mine" && <Later load={mine} given={{ phone, rest }} />}
      </Main>
      <nav class="places" aria-label={say("phone.places")}>
        {PLACES.map(({ name, label, icon }) => (
          <a key={name} href={`#${name}`} aria-current={place === name ? "page" : undefined}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={icon} />
            </svg>
            {say(label)}
          </a>
        ))}
      </nav>
    </>
  );
}

/** The page itself; another address begins at its top, for a screen reader, too. */
function Main({ hash, children }: { hash: string; children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(hash);
  useEffect(() => {
    if (before.current === hash) return;
    before.current = hash;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [hash]);
  return (
    <main ref={main} tabIndex={-1}>
      {children}
    </main>
  );
}
