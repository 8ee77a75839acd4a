/** A slip makes this browser a terminal: by the address that has all of it, scanned or opened, or entered by hand. */

import { useEffect, useRef, useState } from "preact/hooks";
import { OutcomeUnknown, Rejected } from "../shared/terminal/answers.ts";
import { type Setup, type Slip, Terminal } from "../shared/terminal/terminal.ts";
import { Looks } from "./looks.tsx";
import { problemSaid, say } from "./words.ts";

/** Number, code, version of the centre's key, and that key. After the hash they reach no log. */
const ADDRESS = /#enrol=(\d{1,16})\.([A-Z2-7]{16})\.(\d{1,3})\.([\w-]{43})$/;

export function slipOf(hash: string): Slip | null {
  const [, number, code, version, key] = ADDRESS.exec(hash) ?? [];
  if (!number || !code || !version || !key) return null;
  return { enrolment_id: Number(number), code, centre_key: Number(version), centre_public_key: key };
}

/** A scanner's line has ended when nothing came for so long; on a busy machine its keys come in bursts. */
const LINE_MS = 3_000;

/** Hear a scanner that types a slip's address, whatever has the focus, until the signal is aborted. */
function listenForSlip(scanned: (slip: Slip) => void, signal: AbortSignal): void {
  let line = "";
  let typedAt = 0;
  const key = (event: KeyboardEvent) => {
    if (event.timeStamp - typedAt > LINE_MS) line = "";
    typedAt = event.timeStamp;
    if (event.key.length === 1) line += event.key;
    if (event.key !== "Enter" && event.key !== "Tab") return;
    const slip = slipOf(line);
    line = "";
    if (!slip) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    scanned(slip);
  };
  addEventListener("keydown", key, { capture: true, signal });
}

interface Given {
  readonly setup: Setup;
  /** Whether this browser is a terminal already. */
  readonly isAnew: boolean;
  readonly done: (terminal: Terminal) => void;
}

export function Enrolment({ setup, isAnew, done }: Given) {
  const [scanned, setScanned] = useState<Slip | null>(null);
  const given = scanned ?? slipOf(location.hash);
  const sheet = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    listenForSlip(setScanned, stop.signal);
    return () => stop.abort();
  }, []);
  useEffect(() => {
    // Who scans a slip at a new till wants this till; what an address says waits for somebody's press.
    if (scanned && !isAnew) sheet.current?.requestSubmit();
    else sheet.current?.querySelector<HTMLElement>(given ? "button" : "input")?.focus();
  }, [scanned]);
  const enrol = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string) => String(form.get(name)).replace(/\s/g, "");
    setBusy(true);
    setProblem("");
    try {
      const slip = {
        enrolment_id: Number(field("number")),
        code: field("code").replace(/-/g, "").toUpperCase(),
        centre_key: Number(field("version")),
        centre_public_key: field("key"),
      };
      const terminal = await Terminal.enrol(setup, slip);
      // Without it the browser may throw the journal away.
      await navigator.storage.persist();
      history.replaceState(null, "", location.pathname + location.search);
      done(terminal);
    } catch (error) {
      setProblem(reason(error));
      setBusy(false);
    }
  };
  return (
    <main class="sheet">
      <h1>{say("till.title")}</h1>
      <p>{say("till.enrol.intro")}</p>
      {isAnew && (
        <p class="notice danger">
          {say("till.enrol.anew")} <a href="#till">{say("till.enrol.keep")}</a>
        </p>
      )}
      {given && (
        <p class="notice" role="status">
          {say("till.enrol.filled")}
        </p>
      )}
      <form
        ref={sheet}
        key={given?.code ?? ""}
        onSubmit={enrol}
        onInput={({ target }) => setScanned((target instanceof HTMLInputElement && slipOf(target.value)) || scanned)}
      >
        <label>
          {say("till.enrol.number")}
          <input
            name="number"
            inputMode="numeric"
            autocomplete="off"
            required
            defaultValue={given?.enrolment_id ?? ""}
          />
        </label>
        <label>
          {say("till.enrol.code")}
          <input
            name="code"
            autocomplete="one-time-code"
            autocapitalize="characters"
            spellcheck={false}
            required
            defaultValue={given?.code ?? ""}
          />
        </label>
        <label>
          {say("till.enrol.version")}
          <input name="version" inputMode="numeric" autocomplete="off" required defaultValue={given?.centre_key ?? 1} />
        </label>
        <label>
          {say("till.enrol.key")}
          <input
            name="key"
            autocomplete="off"
            spellcheck={false}
            required
            defaultValue={given?.centre_public_key ?? ""}
          />
        </label>
        {problem && (
          <p class="notice danger" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          {say(busy ? "till.enrol.busy" : "till.enrol.do")}
        </button>
      </form>
      <Looks />
    </main>
  );
}

function reason(error: unknown): string {
  if (error instanceof RangeError) return say("till.enrol.form");
  if (error instanceof Rejected && error.slug === "enrolment-refused") return say("till.enrol.refused");
  if (error instanceof Rejected) return problemSaid(error.problem) || say("till.enrol.refused");
  if (error instanceof OutcomeUnknown) return problemSaid(error.problem) || say("till.enrol.away");
  return say("till.enrol.other");
}
