/** Who stands at the till, and at which drawer: a sign-on by number and PIN, and the opening of a shift. */

import { useEffect, useRef, useState } from "preact/hooks";
import { NotSignedOn, OutcomeUnknown, Rejected } from "../shared/terminal/answers.ts";
import { Looks } from "./looks.tsx";
import type { Register } from "./register.ts";
import { useRegister } from "./useRegister.ts";
import { inLanguage, problemSaid, say } from "./words.ts";

interface Given {
  readonly register: Register;
  /** The drawer of the last shift. */
  readonly drawer: string;
  /** Back to the till; absent where it needs a cashier. */
  readonly back?: () => void;
  readonly done: () => void;
}

/** PINs are no passwords of the browser: it would keep them for whoever comes next. */
export function SignOn({ register, drawer, back, done }: Given) {
  useRegister(register);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const [isFirst, setIsFirst] = useState(false);
  /** A new PIN was sent, and no answer came: it may be his already. */
  const [mayHaveNew, setMayHaveNew] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const needsPin = isFirst || (register.parameters?.cashier_required ?? true);
  const canteen = register.parameters?.canteen;
  // What is to be entered next has the focus.
  useEffect(() => {
    form.current?.querySelector<HTMLInputElement>(`input[name=${isFirst ? "new" : "number"}]`)?.focus();
  }, [isFirst]);
  const signOn = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string) => String(form.get(name) ?? "").trim();
    if (isFirst && field("new") !== field("again")) return setProblem(say("till.sign_on.differ"));
    setBusy(true);
    setProblem("");
    try {
      const refused = await cashierOn(register, field("number"), field("pin"), isFirst ? field("new") : undefined);
      if (refused === null) {
        if (!register.shift) await register.openShift(field("number"), field("drawer"));
        return done();
      }
      // That one's own PIN is still to be chosen is no fault of his.
      setProblem(refused.isFirst && !isFirst ? "" : refused.said);
      setIsFirst(isFirst || refused.isFirst);
      if (mayHaveNew && refused.isWrong) {
        setIsFirst(false);
        setProblem(say("till.sign_on.new_holds"));
      }
      setMayHaveNew(false);
    } catch (error) {
      const isUnknown = isFirst && error instanceof OutcomeUnknown;
      setMayHaveNew(mayHaveNew || isUnknown);
      setProblem(isUnknown ? say("till.sign_on.new_unknown") : reason(error));
    }
    setBusy(false);
  };
  return (
    <main class="sheet">
      <h1>{say("till.sign_on")}</h1>
      <p class="where">
        {canteen && `${inLanguage(canteen.name_zh, canteen.name_en)} · `}
        {say("till.terminal", { number: register.terminal.terminalId })}
      </p>
      <p class={`net ${register.link}`} role="status">
        {say(`till.net.${register.link}`)}
      </p>
      {register.shift && <p class="notice">{say("till.sign_on.within", { cashier: register.shift.cashier })}</p>}
      <form ref={form} onSubmit={signOn}>
        <label>
          {say("till.sign_on.number")}
          <input name="number" inputMode="numeric" autocomplete="off" required pattern="[0-9]{3,8}" />
        </label>
        <label>
          {say(isFirst ? "till.sign_on.pin_first" : needsPin ? "till.sign_on.pin" : "till.sign_on.pin_optional")}
          <input name="pin" class="pin" inputMode="numeric" autocomplete="off" required={needsPin} pattern="[0-9]{6}" />
        </label>
        {isFirst && (
          <>
            <p class="notice" role="status">
              {say("till.sign_on.first")}
            </p>
            <label>
              {say("till.sign_on.new")}
              <input name="new" class="pin" inputMode="numeric" autocomplete="off" required pattern="[0-9]{6}" />
            </label>
            <label>
              {say("till.sign_on.again")}
              <input name="again" class="pin" inputMode="numeric" autocomplete="off" required />
            </label>
          </>
        )}
        {!register.shift && (
          <label>
            {say("till.sign_on.drawer")}
            <input
              name="drawer"
              autocomplete="off"
              required
              pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,31}"
              defaultValue={drawer}
            />
          </label>
        )}
        {problem && (
          <p class="notice danger" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          {say(busy ? "till.sign_on.busy" : register.shift ? "till.sign_on.do" : "till.sign_on.open")}
        </button>
        {back && (
          <button type="button" class="plain" onClick={back}>
            {say("till.back")}
          </button>
        )}
      </form>
      <Looks />
    </main>
  );
}

interface Refused {
  readonly said: string;
  /** A new PIN is asked for. */
  readonly isFirst: boolean;
  /** Number or PIN is wrong. */
  readonly isWrong: boolean;
}

/** Sign a cashier on where he gave a PIN; what he reads when that was refused. */
async function cashierOn(register: Register, number: string, pin: string, newPin?: string): Promise<Refused | null> {
  if (!pin) return null;
  const answer = await register.ask(() => register.terminal.signCashierOn(number, pin, newPin));
  if (answer.outcome === "signed_on") return null;
  const title = inLanguage(answer.title_zh, answer.title_en) || answer.reason;
  const advice = inLanguage(answer.advice_zh, answer.advice_en);
  return {
    said: `${title} · ${advice}`,
    isFirst: answer.reason === "pin_is_first",
    isWrong: answer.reason === "pin_wrong",
  };
}

function reason(error: unknown): string {
  if (error instanceof RangeError) return say("till.sign_on.form");
  if (error instanceof Rejected) return problemSaid(error.problem);
  if (error instanceof OutcomeUnknown || error instanceof NotSignedOn) return say("till.sign_on.away");
  return say("till.local.journal.title");
}
