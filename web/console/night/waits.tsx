/** What a cycle waits for, and for whom. */

import { yuan } from "../../shared/formats.ts";
import { useNames } from "../names.ts";
import type { Cycle, Leg, OpenDay } from "./steps.tsx";
import { say } from "./words.ts";

interface Waiting {
  readonly key: string;
  readonly who: string;
  readonly what: string;
  readonly leftFen: number | null;
}

interface Props {
  readonly cycle: Cycle;
  readonly legs: readonly Leg[];
  readonly openDays: readonly OpenDay[];
}

function useWaiting({ cycle, legs, openDays }: Props): Waiting[] {
  const names = useNames();
  if (cycle.state === "closing") {
    return openDays
      .filter((book) => book.business_date <= cycle.business_date)
      .map(({ book }) => ({
        key: `book ${book}`,
        who: names.of("book", book)?.name ?? String(book),
        what: say("console.night.waits.book"),
        leftFen: null,
      }));
  }
  if (cycle.state === "closed" || cycle.state === "netted") {
    const what = say(`console.night.waits.${cycle.state}`);
    return [{ key: cycle.state, who: say("console.night.centre"), what, leftFen: null }];
  }
  return legs
    .filter((leg) => leg.state !== "settled")
    .map((leg) => ({
      key: leg.reference,
      who: leg.pay_in ? names.agency(leg.agency_id) : say("console.night.centre"),
      what: leg.pay_in
        ? say("console.night.waits.pay_in", { reference: leg.reference })
        : say("console.night.waits.pay_out", { agency: names.agency(leg.agency_id), reference: leg.reference }),
      leftFen: leg.amount_fen - leg.matched_fen,
    }));
}

export function Waits(props: Props) {
  const waiting = useWaiting(props);
  return (
    <section className="panel" aria-labelledby="waits">
      <h2 id="waits">{say("console.night.waits")}</h2>
      {waiting.length === 0 && <p>{say("console.night.nothing_waits")}</p>}
      {waiting.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what is long is scrolled, also by keyboard
        <section className="table" aria-labelledby="waits" tabIndex={0}>
          <table>
            <caption>{say("console.night.waits")}</caption>
            <thead>
              <tr>
                <th scope="col">{say("console.night.who")}</th>
                <th scope="col">{say("console.night.what")}</th>
                <th scope="col" className="number">
                  {say("console.night.left")}
                </th>
              </tr>
            </thead>
            <tbody>
              {waiting.map((one) => (
                <tr key={one.key}>
                  <th scope="row">{one.who}</th>
                  <td>{one.what}</td>
                  <td className="number">{one.leftFen === null ? "—" : yuan(one.leftFen)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
