/** What the phone shows: activation where it has no certificate, else one of three places. */

import { useEffect, useState } from "preact/hooks";
import type { Phone, PhoneSetup } from "../shared/terminal/phone.ts";
import { Activation, activationOf } from "./activation.tsx";
import { Bills } from "./bills.tsx";
import { useCentre } from "./centre.ts";
import { Mine } from "./mine.tsx";
import { PayCode } from "./payCode.tsx";
import { say } from "./words.ts";

const PLACES = [
  {
    name: "pay",
    label: "phone.place.pay",
    icon: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2",
  },
  { name: "bills", label: "phone.place.bills", icon: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6" },
  { name: "mine", label: "phone.place.mine", icon: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21c1-5 15-5 16 0" },
] as const;

type Place = (typeof PLACES)[number]["name"];

function placeOf(hash: string): Place {
  return PLACES.find(({ name }) => hash === `#${name}`)?.name ?? "pay";
}

export function App({ setup, opened }: { setup: PhoneSetup; opened: Phone | null }) {
  const [phone, setPhone] = useState(opened);
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  if (!phone || activationOf(hash)) {
    return <Activation setup={setup} isAnew={phone !== null} done={setPhone} />;
  }
  return <Opened phone={phone} place={placeOf(hash)} />;
}

function Opened({ phone, place }: { phone: Phone; place: Place }) {
  const centre = useCentre(phone);
  return (
    <>
      <header>
        <h1>{say("phone.title")}</h1>
        <p class={`net ${centre.state}`} role="status">
          {say(centre.state === "reached" ? "phone.net.reached" : "phone.net.away")}
        </p>
      </header>
      <main>
        {centre.state === "blocked" && (
          <p class="notice danger" role="alert">
            {say("phone.blocked")}
          </p>
        )}
        {place === "pay" && <PayCode phone={phone} centre={centre} />}
        {place === "bills" && <Bills centre={centre} />}
        {place === "mine" && <Mine phone={phone} centre={centre} />}
      </main>
      <nav aria-label={say("phone.places")}>
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
