/** What the shift took, compared with what the centre has; and its end, which waits until everything has an answer. */

import { useState } from "preact/hooks";
import { yuan } from "../shared/formats.ts";
import { NotSignedOn, OutcomeUnknown, Rejected } from "../shared/terminal/answers.ts";
import type { Difference } from "../shared/terminal/shifts.ts";
import { clock } from "./bar.tsx";
import { reasonOf, type Sum, type Totals, totalsOf } from "./payments.ts";
import type { Register, Shift } from "./register.ts";
import { print } from "./slip.tsx";
import { useRegister } from "./useRegister.ts";
import { inLanguage, problemSaid, say } from "./words.ts";

interface Given {
  readonly register: Register;
  /** Keep this page, whatever becomes of the shift. */
  readonly stay: () => void;
  readonly back: () => void;
}

interface Closed {
  readonly shift: Shift;
  readonly totals: Totals;
}

export function ShiftEnd({ register, stay, back }: Given) {
  useRegister(register);
  const [busy, setBusy] = useState(false);
  const [isAsked, setIsAsked] = useState(false);
  const [closed, setClosed] = useState<Closed | null>(null);
  const [problem, setProblem] = useState("");
  const [found, setFound] = useState<readonly Difference[] | null>(null);
  const { shift, pending: waits, terminal } = register;
  const [isPrinted, setIsPrinted] = useState(false);
  const totals = totalsOf(register.payments, (payment) => reasonOf(payment, inLanguage));
  const run = async (act: () => Promise<void>) => {
    setBusy(true);
    setIsAsked(false);
    setProblem("");
    try {
      await act();
    } catch (error) {
      setProblem(reasonFor(error));
    }
    setBusy(false);
  };
  const compare = () => run(async () => setFound(await register.ask(() => terminal.findDifferences())));
  const close = (mine: Closed) =>
    run(async () => {
      stay();
      const { agree } = await register.closeShift();
      if (!agree) return setFound(await register.ask(() => terminal.findDifferences()));
      setClosed(mine);
      if (terminal.cashier) await register.signCashierOff();
    });
  const printOne = (mine: Closed) => {
    print(<ShiftSlip {...mine} />);
    setIsPrinted(true);
  };
  if (closed) {
    return (
      <main class="sheet wide">
        <h1>{say("till.shift.closed")}</h1>
        <p class="notice" role="status">
          {say("till.shift.closed_line", { amount: yuan(closed.totals.taken.fen), count: closed.totals.taken.count })}
        </p>
        <p>{shiftSaid(closed.shift)}</p>
        <TotalsTable totals={closed.totals} />
        {problem && <p class="notice warning">{problem}</p>}
        <div class="acts">
          <button type="button" class="primary" disabled={busy} onClick={back}>
            {say("till.shift.next")}
          </button>
          <button type="button" class="plain" onClick={() => printOne(closed)}>
            {say("till.shift.print")}
          </button>
        </div>
        {isPrinted && <p role="status">{say("till.shift.printed")}</p>}
      </main>
    );
  }
  if (!shift) return null;
  const mayClose = terminal.cashier === null || terminal.cashier.may.includes("close_shift");
  return (
    <main class="sheet wide">
      <h1>{say("till.shift")}</h1>
      <p>{shiftSaid(shift)}</p>
      <TotalsTable totals={totals} />
      {waits > 0 && (
        <p class="notice warning" role="alert">
          {say("till.shift.waits", { count: waits })}
        </p>
      )}
      {shift.isDisputed && (
        <p class="notice danger" role="alert">
          {say("till.shift.disputed")}
        </p>
      )}
      {found && <Differences found={found} />}
      {problem && (
        <p class="notice danger" role="alert">
          {problem}
        </p>
      )}
      {!mayClose && <p class="notice warning">{say("till.shift.not_permitted")}</p>}
      {isAsked ? (
        <section class="notice" aria-label={say("till.shift.ask")}>
          <p role="alert">
            <b>{say("till.shift.ask")}</b> {say("till.shift.ask_line")}
          </p>
          <div class="acts">
            <button type="button" class="primary" disabled={waits > 0} onClick={() => close({ shift, totals })}>
              {say("till.shift.ask_yes")}
            </button>
            <button type="button" class="plain" onClick={() => setIsAsked(false)}>
              {say("till.shift.ask_no")}
            </button>
          </div>
        </section>
      ) : (
        <div class="acts">
          <button
            type="button"
            class="primary"
            disabled={busy || waits > 0 || !mayClose}
            onClick={() => setIsAsked(true)}
          >
            {say(busy ? "till.shift.busy" : shift.isDisputed ? "till.shift.close_again" : "till.shift.close")}
          </button>
          <button type="button" class="plain" disabled={busy} onClick={compare}>
            {say("till.shift.compare")}
          </button>
          <button type="button" class="plain" disabled={busy} onClick={() => printOne({ shift, totals })}>
            {say("till.shift.print")}
          </button>
          {!shift.isDisputed && (
            <button type="button" class="plain" disabled={busy} onClick={back}>
              {say("till.back")}
            </button>
          )}
        </div>
      )}
      {isPrinted && <p role="status">{say("till.shift.printed")}</p>}
    </main>
  );
}

function shiftSaid({ cashier, drawer, openedAt }: Shift): string {
  return say("till.shift.of", { cashier, drawer, at: clock(openedAt) });
}

function TotalsTable({ totals }: { totals: Totals }) {
  return (
    <table>
      <caption>{say("till.shift.caption")}</caption>
      <thead>
        <tr>
          <th scope="col">{say("till.shift.what")}</th>
          <th scope="col">{say("till.shift.count")}</th>
          <th scope="col">{say("till.shift.yuan")}</th>
        </tr>
      </thead>
      <tbody>
        {totals.meals.length > 0 && <Group label={say("till.shift.meals")} />}
        {totals.meals.map(({ meal, ...sum }) => (
          <Row key={meal} label={say(`meal.${meal}`)} sum={sum} />
        ))}
      </tbody>
      <tbody>
        {totals.channels.length > 0 && <Group label={say("till.shift.channels")} />}
        {totals.channels.map(({ channel, ...sum }) => (
          <Row key={channel} label={say(`till.channel.${channel}`)} sum={sum} />
        ))}
      </tbody>
      <tbody>
        <Group label={say("till.shift.not_taken")} />
        <Row label={say("till.shift.voided")} sum={totals.voided} />
        {totals.refusals.map(({ reason, count }) => (
          <tr key={reason}>
            <th scope="row">{say("till.shift.refused", { reason: reason || say("till.outcome.rejected") })}</th>
            <td>{count}</td>
            <td>–</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <Row label={say("till.shift.taken")} sum={totals.taken} />
      </tfoot>
    </table>
  );
}

function Group({ label }: { label: string }) {
  return (
    <tr>
      <th scope="rowgroup" colSpan={3}>
        {label}
      </th>
    </tr>
  );
}

function Row({ label, sum }: { label: string; sum: Sum }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{sum.count}</td>
      <td>{yuan(sum.fen)}</td>
    </tr>
  );
}

function Differences({ found }: { found: readonly Difference[] }) {
  if (found.length === 0) {
    return (
      <p class="notice" role="status">
        {say("till.shift.agrees")}
      </p>
    );
  }
  return (
    <table>
      <caption>{say("till.shift.differences", { count: found.length })}</caption>
      <thead>
        <tr>
          <th scope="col">{say("till.shift.number")}</th>
          <th scope="col">{say("till.shift.mine")}</th>
          <th scope="col">{say("till.shift.theirs")}</th>
        </tr>
      </thead>
      <tbody>
        {found.map(({ sequence, mine, theirs }) => (
          <tr key={sequence}>
            <th scope="row">{sequence}</th>
            <td>{sideSaid(mine?.outcome, mine?.amountFen)}</td>
            <td>{sideSaid(theirs?.outcome, theirs?.amount_fen)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function sideSaid(outcome: string | undefined, fen = 0): string {
  if (outcome === undefined) return say("till.shift.nothing");
  const said = outcome === "approved" || outcome === "voided" ? outcome : "refused";
  return `${say(`till.outcome.${said}`)} ${yuan(fen)}`;
}

function ShiftSlip({ shift, totals }: Closed) {
  return (
    <article class="slip">
      <h2>{say("till.shift")}</h2>
      <p>{shiftSaid(shift)}</p>
      <TotalsTable totals={totals} />
    </article>
  );
}

function reasonFor(error: unknown): string {
  if (error instanceof Rejected) return problemSaid(error.problem) || say("till.sign_on.away");
  if (error instanceof OutcomeUnknown || error instanceof NotSignedOn) return say("till.sign_on.away");
  return say("till.local.journal.title");
}
