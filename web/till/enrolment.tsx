/** A slip makes this browser a terminal: by the address that has all of it, or entered by hand. */

import { useState } from "preact/hooks";
import { OutcomeUnknown, Rejected } from "../shared/terminal/answers.ts";
import { type Setup, type Slip, Terminal } from "../shared/terminal/terminal.ts";
import { Looks } from "./looks.tsx";
import { say } from "./words.ts";

/** Number, code, version of the centre's key, and that key. After the hash they reach no log. */
const ADDRESS = /^#enrol=(\d{1,16})\.([A-Z2-7]{16})\.(\d{1,3})\.([\w-]{43})$/;

export function slipOf(hash: string): Slip | null {
  const [, number, code, version, key] = ADDRESS.exec(hash) ?? [];
  if (!number || !code || !version || !key) return null;
  return { enrolment_id: Number(number), code, centre_key: Number(version), centre_public_key: key };
}

interface Given {
  readonly setup: Setup;
  /** Whether this browser is a terminal already. */
  readonly isAnew: boolean;
  readonly done: (terminal: Terminal) => void;
}

export function Enrolment({ setup, isAnew, done }: Given) {
  const given = slipOf(location.hash);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const enrol = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string) => String(form.get(name)).replace(/\s/g, "");
    setBusy(true);
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
      <form onSubmit={enrol}>
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
  if (error instanceof Rejected) return error.problem.detail ?? error.problem.title ?? say("till.enrol.refused");
  if (error instanceof OutcomeUnknown) return error.problem.detail ?? error.problem.title ?? say("till.enrol.away");
  return say("till.enrol.other");
}
