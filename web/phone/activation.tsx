/** An activation from the agency makes this browser a phone: by its number and code, or by the address that has both. */

import { useState } from "preact/hooks";
import { OutcomeUnknown, Rejected } from "../shared/terminal/answers.ts";
import type { KeyAlgorithm } from "../shared/terminal/keys.ts";
import { Phone, type PhoneSetup } from "../shared/terminal/phone.ts";
import { say } from "./words.ts";

const ADDRESS = /^#activate=(\d{1,16})\.([A-Z2-7]{16})$/;

/** The number and code of the address, which an agency's QR code leads to. After the hash they reach no log. */
export function activationOf(hash: string): { number: string; code: string } | null {
  const [, number, code] = ADDRESS.exec(hash) ?? [];
  return number && code ? { number, code } : null;
}

interface Given {
  readonly setup: PhoneSetup;
  /** Whether this browser is somebody's phone already: a link may come from anybody. */
  readonly isAnew: boolean;
  readonly done: (phone: Phone) => void;
}

export function Activation({ setup, isAnew, done }: Given) {
  const given = activationOf(location.hash);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const activate = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      const number = Number(String(form.get("number")).trim());
      const code = String(form.get("code")).replace(/[\s-]/g, "").toUpperCase();
      const phone = await Phone.activate({ ...setup, algorithm: await bestAlgorithm() }, number, code);
      done(phone);
      location.replace("#pay");
    } catch (error) {
      setProblem(reason(error));
      setBusy(false);
    }
  };
  return (
    <main class="activation">
      <h1>{say("phone.title")}</h1>
      <p>{say("phone.activate.intro")}</p>
      {isAnew && (
        <p class="notice danger">
          {say("phone.activate.anew")} <a href="#pay">{say("phone.activate.keep")}</a>
        </p>
      )}
      <form onSubmit={activate}>
        <label>
          {say("phone.activate.number")}
          <input name="number" inputMode="numeric" autocomplete="off" required defaultValue={given?.number ?? ""} />
        </label>
        <label>
          {say("phone.activate.code")}
          <input
            name="code"
            autocomplete="one-time-code"
            autocapitalize="characters"
            spellcheck={false}
            required
            defaultValue={given?.code ?? ""}
          />
        </label>
        {problem && (
          <p class="notice danger" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          {say(busy ? "phone.activate.busy" : "phone.activate.do")}
        </button>
      </form>
    </main>
  );
}

/** Ed25519 where this browser has it, else ECDSA: web views of older work apps. */
async function bestAlgorithm(): Promise<KeyAlgorithm> {
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    return "ed25519";
  } catch {
    return "ecdsa-p256-sha256";
  }
}

function reason(error: unknown): string {
  if (error instanceof RangeError) return say("phone.activate.form");
  if (error instanceof Rejected) return error.problem.detail ?? error.problem.title ?? say("phone.activate.refused");
  return error instanceof OutcomeUnknown ? say("phone.activate.away") : String(error);
}
