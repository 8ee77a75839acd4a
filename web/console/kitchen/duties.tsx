/** What a canteen has to answer: cases, self-evaluation, appeals, with their numbers and deadlines. */

import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import type { components } from "../../shared/api/schema.ts";
import { centre, held } from "../centre.ts";
import { Framed } from "../charts/framed.tsx";
import { linkTo } from "../links.ts";
import { Trouble } from "../trouble.tsx";
import { Acts } from "./doing.tsx";
import { say } from "./words.ts";

type Kind = components["schemas"]["Reminder"]["kind"];

const MOST = 500;
/** Steps of a case that are not its last one. */
const OPEN = ["open", "planned", "proved"] as const;

/** Where what waits is done. */
const PLACES: Readonly<Record<Kind, (canteen_id: number) => string>> = {
  self_evaluation: () => linkTo("/acts/evaluate_oneself"),
  case: (canteen_id) => linkTo("/waste/cases", { canteen_id }),
  appeal: (canteen_id) => linkTo("/waste/appeals", { canteen_id }),
};

async function read(canteen_id: number) {
  const query = { canteen_id, limit: MOST } as never;
  const [reminders, cases, evaluations, appeals] = await Promise.all([
    held(centre.GET("/waste/reminders")),
    held(centre.GET("/waste/cases", { params: { query } })),
    held(centre.GET("/waste/evaluations", { params: { query } })),
    held(centre.GET("/waste/appeals", { params: { query } })),
  ]);
  return {
    reminders: reminders.filter((one) => one.canteen_id === canteen_id),
    cases: cases.items,
    evaluations: evaluations.items.length,
    appeals: appeals.items.filter((one) => one.state === "open").length,
  };
}

export function Duties({ canteenId: canteen_id }: { canteenId: number }) {
  const { data, error, refetch } = useQuery({ queryKey: ["duties", canteen_id], queryFn: () => read(canteen_id) });
  const ofState = (state: string) => (data?.cases ?? []).filter((one) => one.state === state);
  const rows = data && [
    ...OPEN.map((state) => ({
      name: say(`console.kitchen.case.${state}`),
      count: ofState(state).length,
      due:
        ofState(state)
          .map((one) => one.deadline)
          .sort()[0] ?? null,
      address: linkTo("/waste/cases", { canteen_id, state }),
    })),
    {
      name: say("console.kitchen.appeals"),
      count: data.appeals,
      due: null,
      address: linkTo("/waste/appeals", { canteen_id, state: "open" }),
    },
    {
      name: say("console.kitchen.evaluations"),
      count: data.evaluations,
      due: null,
      address: linkTo("/waste/evaluations", { canteen_id }),
    },
  ];
  return (
    <section className="panel" aria-labelledby="duties">
      <div>
        <h2 id="duties">{say("console.kitchen.duties")}</h2>
        <p className="unit">{say("console.kitchen.duties_unit")}</p>
      </div>
      {error && <Trouble error={error} again={refetch} />}
      {!data && !error && <Skeleton active />}
      {data?.reminders.length === 0 && <p className="calm">{say("console.kitchen.nothing_waits")}</p>}
      {data && data.reminders.length > 0 && (
        <ul className="notes">
          {data.reminders.map((one) => (
            <li key={one.text} className={one.overdue ? "late" : undefined}>
              <a href={PLACES[one.kind](canteen_id)}>{one.text}</a>
            </li>
          ))}
        </ul>
      )}
      {rows && (
        <Framed
          labelledBy="duties"
          caption={say("console.kitchen.duties")}
          heads={[say("console.kitchen.what"), { number: say("console.kitchen.count") }, say("console.kitchen.due")]}
        >
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">
                  <a href={row.address}>{row.name}</a>
                </th>
                <td className="number">{row.count === MOST ? `${MOST}+` : row.count}</td>
                <td>{row.due ?? "—"}</td>
              </tr>
            ))}
          </tbody>
        </Framed>
      )}
      <Acts names={["evaluate_oneself", "weigh", "weigh_by_file"]} />
    </section>
  );
}
