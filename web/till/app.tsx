/** What the till shows: enrolment, who stands there, and then one diner after another. */

import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type { Setup, Terminal } from "../shared/terminal/terminal.ts";
import { useWakeLock } from "../shared/wakeLock.ts";
import { Desk } from "./desk.tsx";
import { Enrolment, slipOf } from "./enrolment.tsx";
import { Register } from "./register.ts";
import { ShiftEnd } from "./shiftEnd.tsx";
import { SignOn } from "./signOn.tsx";
import { useRegister } from "./useRegister.ts";
import { listenForWedge } from "./wedge.ts";

interface Given {
  readonly setup: Setup;
  readonly opened: Terminal | null;
  readonly drawer: string;
}

export function App({ setup, opened, drawer }: Given) {
  const [terminal, setTerminal] = useState(opened);
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const done = (enrolled: Terminal) => {
    setHash("");
    setTerminal(enrolled);
  };
  if (!terminal || slipOf(hash)) return <Enrolment setup={setup} isAnew={terminal !== null} done={done} />;
  return <Opened key={terminal.terminalId} setup={setup} terminal={terminal} drawer={drawer} />;
}

function Opened({ setup, terminal, drawer }: { setup: Setup; terminal: Terminal; drawer: string }) {
  const [register] = useState(() => new Register(terminal, setup.journal, setup.store));
  const [isStarted, setIsStarted] = useState(false);
  useEffect(() => {
    void register.start().then(() => setIsStarted(true));
    listenForWedge(
      {
        scanned: (text, begunAt) => void register.scan(text, begunAt),
        lost: () => register.lost(),
        eaten: () => register.eaten(),
        begun: () => remember(register),
      },
      register.stopped,
    );
    return () => register.stop();
  }, [register]);
  useWakeLock();
  return isStarted ? <Places register={register} drawer={drawer} /> : null;
}

/** What keys can change before it is known whose they are: the amount, a field, and where the focus is. */
function remember(register: Register): () => void {
  const { amount } = register;
  const focused = document.activeElement;
  const value = focused instanceof HTMLInputElement ? focused.value : "";
  return () => {
    register.setAmount(amount);
    if (focused instanceof HTMLInputElement && focused.value.startsWith(value)) focused.value = value;
    if (focused === document.activeElement) return;
    if (focused instanceof HTMLElement && focused !== document.body) focused.focus();
    else (document.activeElement as HTMLElement | null)?.blur();
  };
}

function Places({ register, drawer }: { register: Register; drawer: string }) {
  useRegister(register);
  const [place, setPlace] = useState<"desk" | "shift" | "sign-on">("desk");
  // What is shown is seen first.
  const isFree = register.shown.state === "ready";
  const mustSignOn = isFree && (register.terminal.lacksCashier || !register.shift || !register.parameters);
  const shownPlace = register.shift?.isDisputed ? "shift" : place;
  const isElsewhere = mustSignOn || shownPlace !== "desk";
  useLayoutEffect(() => {
    register.isElsewhere = isElsewhere;
  }, [register, isElsewhere]);
  const toDesk = () => setPlace("desk");
  if (shownPlace === "shift") return <ShiftEnd register={register} stay={() => setPlace("shift")} back={toDesk} />;
  if (mustSignOn || shownPlace === "sign-on") {
    return <SignOn register={register} drawer={drawer} done={toDesk} {...(mustSignOn ? {} : { back: toDesk })} />;
  }
  return <Desk register={register} go={setPlace} />;
}
