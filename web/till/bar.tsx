/** The bar at the top: whose till it is, how the centre is, who stands there; and what somebody has to know. */

import { useEffect, useState } from "preact/hooks";
import { language } from "../shared/language.ts";
import type { Register } from "./register.ts";
import { useUpdate } from "./update.ts";
import { say } from "./words.ts";

/** The time of day at the centre. */
export function clock(atS: number, withSeconds = false): string {
  return new Date((atS + 8 * 3600) * 1000).toISOString().slice(11, withSeconds ? 19 : 16);
}

export function Bar({ register, signOn }: { register: Register; signOn: () => void }) {
  const { parameters, terminal, meal } = register;
  const hours = parameters?.meals.find((one) => one.meal === meal);
  const canteen = language === "zh" ? parameters?.canteen.name_zh : parameters?.canteen.name_en;
  return (
    <>
      <header class="bar">
        <h1>
          <span>{canteen ?? say("till.title")}</span>
          <span> · {say("till.terminal", { number: terminal.terminalId })}</span>
        </h1>
        {hours && (
          <p>
            {say(`meal.${meal}`)} {hours.starts.slice(0, 5)}–{hours.ends.slice(0, 5)}
          </p>
        )}
        <Net register={register} />
        <button type="button" onClick={signOn}>
          {terminal.cashier ? say("till.cashier", { name: terminal.cashier.name }) : say("till.cashier.none")}
        </button>
        <time>{clock(terminal.now())}</time>
      </header>
      <Warnings register={register} />
    </>
  );
}

/** The network as a fact: what was not sent, and since when. */
function Net({ register }: { register: Register }) {
  const { link, unanswered } = register;
  const [oldest] = unanswered;
  const since = oldest && (JSON.parse(oldest.body) as { purchased_at?: number }).purchased_at;
  const { pending: count } = register;
  const waiting =
    count > 0
      ? since
        ? say("till.net.waiting_since", { count, at: clock(since) })
        : say("till.net.waiting", { count })
      : say("till.net.all");
  return (
    <p class={`state ${count > 0 ? "away" : link}`} role="status">
      {say(`till.net.${link}`)} · {waiting}
    </p>
  );
}

function Warnings({ register }: { register: Register }) {
  const isPersisted = usePersisted();
  const update = useUpdate();
  const off = register.clockOffS;
  const warnings = [
    off !== 0 &&
      say(off > 0 ? "till.warn.clock_slow" : "till.warn.clock_fast", { minutes: Math.round(Math.abs(off) / 60) }),
    register.isBlockListOld && say("till.warn.block_list"),
    register.hasLostCashier && say("till.warn.cashier"),
    register.voidsAwaitCashier && say("till.warn.void_waits"),
    register.isEaten && say("till.warn.input_method"),
    isPersisted === false && say("till.warn.storage"),
  ].filter((one) => typeof one === "string");
  if (warnings.length === 0 && !update) return null;
  return (
    <div class="warnings" role="status">
      <ul>
        {warnings.map((one) => (
          <li key={one}>{one}</li>
        ))}
        {update && (
          <li>
            {say("till.warn.update")}{" "}
            <button type="button" disabled={!register.isIdle} onClick={update}>
              {say("till.update")}
            </button>
          </li>
        )}
      </ul>
    </div>
  );
}

/** Whether the browser has promised to keep the journal; null while that is not known. */
function usePersisted(): boolean | null {
  const [persisted, setPersisted] = useState<boolean | null>(null);
  useEffect(() => {
    void navigator.storage.persisted().then(setPersisted);
  }, []);
  return persisted;
}
