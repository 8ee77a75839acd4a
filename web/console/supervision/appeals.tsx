/** Appeals that nobody has decided yet, the oldest first. */

import { useQuery } from "@tanstack/react-query";
import { dayOf } from "../../shared/formats.ts";
import { centre, held } from "../centre.ts";
import { Framed } from "../charts/framed.tsx";
import { quarterName } from "../evaluation/kitchens.ts";
import { linkTo } from "../links.ts";
import { useNames } from "../names.ts";
import { Trouble } from "../trouble.tsx";
import { daysBetween } from "./cases.ts";
import { say } from "./words.ts";

const SHOWN = 50;

/** `filters`: those of the board; an appeal has no kind. */
export function Appeals({ filters: { kind: _, ...filters } }: { filters: Readonly<Record<string, string>> }) {
  const names = useNames();
  const wish = { ...filters, state: "open", sort: "raised_at" };
  const { data, error, refetch } = useQuery({
    queryKey: ["appeals", filters],
    staleTime: 0,
    queryFn: () => held(centre.GET("/waste/appeals", { params: { query: { ...wish, limit: SHOWN } as never } })),
  });
  const today = dayOf(Date.now());
  return (
    <section className="panel" aria-labelledby="appeals">
      <div>
        <h2 id="appeals">{say("console.supervision.appeals")}</h2>
        <p className="unit">{say("console.supervision.appeals_unit")}</p>
      </div>
      {error && !data && <Trouble error={error} again={refetch} />}
      {data?.items.length === 0 && <p>{say("console.supervision.no_appeals")}</p>}
      {data && data.items.length > 0 && (
        <Framed
          labelledBy="appeals"
          caption={say("console.supervision.appeals")}
          heads={[
            say("console.named.canteen_id"),
            say("console.supervision.quarter"),
            say("console.supervision.against"),
            { number: say("console.supervision.waits") },
          ]}
        >
          <tbody>
            {data.items.map((one) => (
              <tr key={one.appeal_id}>
                <th scope="row">
                  <a href={linkTo(`/waste/appeals/${one.appeal_id}`)}>
                    {names.of("canteen_id", one.canteen_id)?.name ?? one.canteen_id} · {one.appeal_id}
                  </a>
                </th>
                <td>{quarterName(one.quarter)}</td>
                <td className="said">{one.text}</td>
                <td className="number">{daysBetween(dayOf(Date.parse(one.raised_at)), today)}</td>
              </tr>
            ))}
          </tbody>
        </Framed>
      )}
      {data?.next && <a href={linkTo("/waste/appeals", wish)}>{say("console.supervision.more", { shown: SHOWN })}</a>}
    </section>
  );
}
