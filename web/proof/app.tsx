/** A form of two files and a key, and what the checks found. The key is kept on this device, the files are not. */

import { useState } from "preact/hooks";
import { changeLanguage, heading, otherLanguage } from "../shared/language.ts";
import { isLarge, setLarge } from "../shared/look.js";
import type { Finding } from "../shared/proof/checks.ts";
import { isGenuine, type Verdict, verify } from "../shared/proof/verify.ts";
import { toHex } from "../shared/terminal/bytes.ts";
import { say, sayFinding } from "./words.ts";

const KEPT = "proof.key";

type State = Verdict | { readonly kind: "asking" } | { readonly kind: "checking"; done: number; all: number };

export function App() {
  const [state, setState] = useState<State>({ kind: "asking" });
  const [large, setIsLarge] = useState(isLarge());
  const enlarge = () => {
    setLarge(!large);
    setIsLarge(!large);
  };
  const check = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const [file, before, key] = [form.get("bundle") as File, form.get("previous") as File, String(form.get("key"))];
    setState({ kind: "checking", done: 0, all: 0 });
    const told = (done: number, all: number) => setState({ kind: "checking", done, all });
    const verdict = await verify(file, key, before.size > 0 ? before : null, told);
    if (verdict.kind === "checked") localStorage.setItem(KEPT, key);
    setState(verdict);
  };
  return (
    <>
      <header>
        <h1>{say("proof.title")}</h1>
        <nav>
          <button type="button" class="plain" aria-pressed={large} onClick={enlarge}>
            {say("proof.large")}
          </button>
          <button type="button" class="plain" lang={otherLanguage} onClick={changeLanguage}>
            {otherLanguage === "en" ? "English" : "中文"}
          </button>
        </nav>
      </header>
      <main>
        <p>{say("proof.what")}</p>
        <form onSubmit={check} onInput={() => setState({ kind: "asking" })}>
          <label>
            {say("proof.bundle")}
            <input type="file" name="bundle" accept=".zip" required />
          </label>
          <label>
            {say("proof.key")}
            <textarea name="key" rows={3} required spellcheck={false} aria-describedby="hint">
              {localStorage.getItem(KEPT) ?? ""}
            </textarea>
            <small id="hint">{say("proof.key.hint")}</small>
          </label>
          <label>
            {say("proof.previous")}
            <input type="file" name="previous" accept=".zip" />
          </label>
          <button type="submit" class="primary" disabled={state.kind === "checking"}>
            {say("proof.check")}
          </button>
        </form>
        <Result state={state} />
      </main>
    </>
  );
}

function Result({ state }: { state: State }) {
  switch (state.kind) {
    case "asking":
      return null;
    case "checking":
      return (
        <p class="notice" role="status">
          {say("proof.checking", { done: state.done, all: state.all })}
        </p>
      );
    case "checked":
      return <Report verdict={state} />;
    default:
      return (
        <p class="notice danger" role="alert">
          {say(`proof.${state.kind}`)}
        </p>
      );
  }
}

function Report({ verdict: { bundle, findings } }: { verdict: Extract<Verdict, { kind: "checked" }> }) {
  const { businessDate, auditLog } = bundle.manifest;
  const wrong = findings.filter((one) => !one.holds).length;
  return (
    <section aria-labelledby="verdict">
      {isGenuine(findings) ? (
        <p id="verdict" class="notice good" role="status">
          {say("proof.holds", { agency_id: bundle.agencyId, business_date: businessDate })}
        </p>
      ) : (
        <p id="verdict" class="notice danger" role="alert">
          {say("proof.fails", { wrong, all: findings.length })}
        </p>
      )}
      <ul class="rows findings">
        {findings.map((one) => (
          <Found key={one.code} finding={one} />
        ))}
      </ul>
      {auditLog && (
        <p class="head">{say("proof.head", { entries: auditLog.entries, digest: toHex(auditLog.digest) })}</p>
      )}
    </section>
  );
}

function Found({ finding }: { finding: Finding }) {
  const { name, detail } = sayFinding(finding);
  return (
    <li>
      <span>
        {heading(name)}
        <small>{detail}</small>
      </span>
      <strong class={finding.holds ? "in" : "danger"}>{say(finding.holds ? "proof.yes" : "proof.no")}</strong>
    </li>
  );
}
