/** Who owes whom as a table of both sides: the darker, the more. */

import { yuan } from "../../shared/formats.ts";
import { useNames } from "../names.ts";
import type { Owed } from "./flows.ts";
import { say } from "./words.ts";

const SHADES = 4;
const AGENCIES_MAX = 40;

export function Matrix({ owed }: { owed: readonly Owed[] }) {
  const names = useNames();
  const between = owed.filter((one) => one.issuer_id !== one.acquirer_id);
  const weight = new Map<number, number>();
  for (const one of between) {
    for (const agency of [one.issuer_id, one.acquirer_id]) {
      weight.set(agency, (weight.get(agency) ?? 0) + Math.abs(one.amount_fen));
    }
  }
  const agencies = [...weight]
    .sort((a, b) => b[1] - a[1])
    .slice(0, AGENCIES_MAX)
    .map(([agency]) => agency);
  const most = Math.max(1, ...between.map((one) => Math.abs(one.amount_fen)));
  const fenOf = new Map(between.map((one) => [`${one.issuer_id} ${one.acquirer_id}`, one.amount_fen]));
  if (agencies.length === 0) return <p>{say("console.chart.empty")}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is wide is scrolled, also by keyboard
    <section className="table" aria-label={say("console.night.matrix")} tabIndex={0}>
      <table className="matrix">
        <caption>{say("console.night.matrix")}</caption>
        <thead>
          <tr>
            <th scope="col">{say("console.night.matrix_head")}</th>
            {agencies.map((agency) => (
              <th scope="col" key={agency}>
                {names.agency(agency)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {agencies.map((issuer) => (
            <tr key={issuer}>
              <th scope="row">{names.agency(issuer)}</th>
              {agencies.map((acquirer) => {
                const fen = fenOf.get(`${issuer} ${acquirer}`);
                const shade = fen ? Math.ceil((SHADES * Math.abs(fen)) / most) : 0;
                return (
                  <td key={acquirer} className={`number shade-${shade}`}>
                    {issuer === acquirer ? "" : fen === undefined ? "—" : yuan(fen)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
