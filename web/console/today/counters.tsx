/** Terminals and sheets of the canteens: their state, what they have sold, when they were last heard of. */

import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { clock } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { centre, held } from "../centre.ts";
import { Framed } from "../charts/framed.tsx";
import { useChart } from "../charts/read.ts";
import { linkTo } from "../links.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { say } from "./words.ts";

const TERMINALS_MAX = 500;

export function Counters({ canteenId, everyMs }: { canteenId: string | undefined; everyMs: number }) {
  const { permissions } = useSession();
  const sold = useChart("counters", {}, { canteenId, everyMs });
  const query = { limit: TERMINALS_MAX, ...(canteenId !== undefined && { canteen_id: Number(canteenId) }) };
  const isForHim = permissions.has("see_terminals");
  const terminals = useQuery({
    queryKey: ["counters", canteenId ?? ""],
    enabled: isForHim,
    refetchInterval: everyMs,
    queryFn: async () => {
      const [tills, sheets] = await Promise.all([
        held(centre.GET("/console/terminals", { params: { query } })),
        held(centre.GET("/console/sheets", { params: { query } })),
      ]);
      return { tills: tills.items, sheets: sheets.items };
    },
  });
  if (!isForHim) return null;
  const soldBy = new Map(sold.rows.map((row) => [row.terminal_id, row]));
  const rows = (terminals.data?.tills ?? [])
    .map((till) => ({ till, sold: Number(soldBy.get(till.terminal_id)?.sold ?? 0) }))
    .sort((a, b) => Number(a.till.state === "active") - Number(b.till.state === "active") || b.sold - a.sold);
  const active = rows.filter(({ till }) => till.state === "active").length;
  const sheets = terminals.data?.sheets ?? [];
  return (
    <section className="panel" aria-labelledby="counters">
      <div>
        <h2 id="counters">{say("console.today.counters")}</h2>
        <p className="unit">
          {say("console.today.counters_unit", {
            active,
            all: rows.length,
            sheets: sheets.filter((sheet) => sheet.state === "active").length,
          })}
        </p>
      </div>
      {terminals.error && <Trouble error={terminals.error} again={terminals.refetch} />}
      {!terminals.data && !terminals.error && <Skeleton active />}
      {terminals.data && (
        <Framed
          labelledBy="counters"
          caption={say("console.today.counters")}
          heads={[
            say("console.today.device"),
            say("console.today.state"),
            { number: say("console.today.sold") },
            { number: say("console.today.last_at") },
            { number: say("console.today.unknown") },
          ]}
          isShort
        >
          <tbody>
            {rows.map(({ till, sold: count }) => (
              <tr key={till.terminal_id}>
                <th scope="row">
                  <a href={linkTo(`/console/terminals/${till.terminal_id}`)}>{till.name ?? till.terminal_id}</a>
                </th>
                <td>
                  <State isGood={till.state === "active"} word={till.state} />
                </td>
                <td className="number">{count}</td>
                <td className="number">{timeOf(soldBy.get(till.terminal_id)?.last_at ?? till.seen_at)}</td>
                <td className="number">{till.unknown_payments ?? "—"}</td>
              </tr>
            ))}
            {sheets.map((sheet) => (
              <tr key={`sheet ${sheet.sheet_id}`}>
                <th scope="row">
                  <a href={linkTo(`/console/sheets/${sheet.sheet_id}`)}>
                    {say("console.channel.sheet")} {sheet.name ?? sheet.sheet_id}
                  </a>
                </th>
                <td>
                  <State isGood={sheet.state === "active"} word={sheet.state} />
                </td>
                <td className="number">—</td>
                <td className="number">—</td>
                <td className="number">—</td>
              </tr>
            ))}
          </tbody>
        </Framed>
      )}
    </section>
  );
}

function timeOf(at: unknown): string {
  return typeof at === "string" ? clock(at, language) : "—";
}

const STATES = {
  active: "console.today.active",
  revoked: "console.today.revoked",
  expired: "console.today.expired",
} as const;

function State({ isGood, word }: { isGood: boolean; word: string }) {
  const text = STATES[word as keyof typeof STATES];
  return <span className={isGood ? "badge good" : "badge bad"}>{text ? say(text) : word}</span>;
}
