/** The pay code: renewed every 20 seconds while it is looked at, with no network at all. */

import { useEffect, useRef, useState } from "preact/hooks";
import { yuan } from "../shared/formats.ts";
import { QrCode } from "../shared/qr.tsx";
import type { Phone } from "../shared/terminal/phone.ts";
import { useWakeLock } from "../shared/wakeLock.ts";
import type { Centre } from "./centre.ts";
import { say } from "./words.ts";

const RENEWED_AFTER_S = 20;

/** What was made, and until when it is shown: milliseconds since 1970. */
interface Shown {
  readonly code: string;
  readonly until: number;
}

export function PayCode({ phone, centre }: { phone: Phone; centre: Centre }) {
  const [long, setLong] = useState(false);
  const { shown, leftS } = useCode(phone, long);
  const card = useRef<HTMLElement>(null);
  useWakeLock();
  const change = () => {
    setLong(!long);
    // The button may lie a screen below the code.
    card.current?.scrollIntoView({ block: "start" });
  };
  if (phone.expiresAt * 1000 < Date.now()) {
    return (
      <p class="notice danger" role="alert">
        {say("phone.code.expired")}
      </p>
    );
  }
  return (
    <>
      <section ref={card} class="card code" aria-label={say("phone.code")}>
        {shown && <QrCode text={shown.code} label={say("phone.code")} ecc={shown.code.length > 200 ? "L" : "M"} />}
        <progress max={RENEWED_AFTER_S} value={leftS} aria-label={say("phone.code.left_label")} />
        <p>{say("phone.code.left", { seconds: leftS })}</p>
      </section>
      <a class="primary" href="#scan">
        {say("phone.scan")}
      </a>
      <button type="button" class="plain" aria-pressed={long} onClick={change}>
        {say(long ? "phone.code.short" : "phone.code.long")}
      </button>
      <Balance centre={centre} />
      {centre.account && centre.account.cash_fen + centre.account.subsidy_fen <= 0 && (
        <a class="plain" href="#mine/top-up">
          {say("phone.top_up.first")}
        </a>
      )}
    </>
  );
}

function Balance({ centre }: { centre: Centre }) {
  const [open, setOpen] = useState(false);
  const { account } = centre;
  const said = account ? say("phone.balance.yuan", { amount: yuan(account.cash_fen) }) : say("phone.balance.unknown");
  return (
    <button type="button" class="tile" aria-expanded={open} onClick={() => setOpen(!open)}>
      <small>{say("phone.balance")}</small>
      <b>{open ? said : say("phone.balance.tap")}</b>
      {open && account && account.subsidy_fen > 0 && (
        <small>{say("phone.balance.subsidy", { amount: yuan(account.subsidy_fen) })}</small>
      )}
    </button>
  );
}

/** A fresh code whenever the last one's time is over and somebody looks. */
function useCode(phone: Phone, long: boolean): { shown: Shown | null; leftS: number } {
  const [shown, setShown] = useState<Shown | null>(null);
  const [leftS, setLeftS] = useState(RENEWED_AFTER_S);
  useEffect(() => {
    let current: Shown | null = null;
    let making = false;
    const renew = async () => {
      making = true;
      const allowed = { canteenId: null };
      const code = await (long ? phone.longCode(allowed) : phone.shortCode(allowed));
      current = { code, until: Date.now() + RENEWED_AFTER_S * 1000 };
      making = false;
      setShown(current);
    };
    const tick = () => {
      if (document.visibilityState !== "visible") return;
      const left = current ? Math.ceil((current.until - Date.now()) / 1000) : 0;
      setLeftS(Math.max(0, Math.min(left, RENEWED_AFTER_S)));
      // A clock that was set back must not keep an old code on the screen.
      if ((left <= 0 || left > RENEWED_AFTER_S) && !making) void renew();
    };
    tick();
    const timer = setInterval(tick, 250);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [phone, long]);
  return { shown, leftS };
}
