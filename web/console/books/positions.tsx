/** What an agency gets and owes: so far today, and cycle by cycle with the way to the statement and its postings. */

import { useQuery } from "@tanstack/react-query";
import { Button, Skeleton } from "antd";
import { clockWithSeconds, longDay, yuan } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { centre, held } from "../centre.ts";
import { Figure } from "../charts/figure.tsx";
import { Framed } from "../charts/framed.tsx";
import { linkTo } from "../links.ts";
import { Trouble } from "../trouble.tsx";
import { type Known, readPostings, sumOf } from "./postings.ts";
import { say } from "./words.ts";

const CYCLES = 30;

interface Props {
  readonly agency: number;
  readonly isOwn: boolean;
}

export function Positions(props: Props) {
  return (
    <>
      <Today {...props} />
      <ByCycle agency={props.agency} />
    </>
  );
}

/** The postings of the days that are still open, each book by its own. */
async function readToday({ agency, isOwn }: Props) {
  const days = new Map((await held(centre.GET("/clearing/open-days"))).map((one) => [one.book, one.business_date]));
  const all = [...days.values()].sort();
  const [from, until] = [all[0], all.at(-1)];
  if (from === undefined || until === undefined) return { day: null, known: [] as Known[] };
  const known = await readPostings({ agency, isOwn, from, until }, () => {});
  return { day: until, known: known.filter((one) => one.day === days.get(one.row.book)) };
}

function Today(props: Props) {
  const { data, error, refetch, isFetching, dataUpdatedAt } = useQuery({
    queryKey: ["books today", props.agency],
    queryFn: () => readToday(props),
  });
  if (error && !data) return <Trouble error={error} again={refetch} />;
  if (!data) return <Skeleton active />;
  const [received, owed] = [sumOf(data.known, "received"), sumOf(data.known, "owed")];
  const position = received - owed;
  const count = (side: "received" | "owed") =>
    say("console.books.postings", { count: data.known.filter((one) => one.side === side).length });
  const unit = say("console.unit.yuan");
  return (
    <section className="panel" aria-labelledby="today">
      <div className="heading">
        <h2 id="today">
          {data.day === null
            ? say("console.books.today")
            : say("console.books.today_of", { day: longDay(data.day, language) })}
        </h2>
        <Button disabled={isFetching} aria-busy={isFetching} onClick={() => refetch()}>
          {say("console.table.reload")}
        </Button>
      </div>
      <dl className="figures">
        <Figure label={say("console.books.receivable")} value={yuan(received)} unit={unit}>
          {count("received")}
        </Figure>
        <Figure label={say("console.books.payable")} value={yuan(owed)} unit={unit}>
          {count("owed")}
        </Figure>
        <Figure label={say("console.books.position")} value={yuan(position)} unit={unit}>
          {say(position < 0 ? "console.books.you_pay" : "console.books.you_get")}
        </Figure>
      </dl>
      <p className="unit">
        {say("console.books.so_far")}{" "}
        {say("console.chart.source", {
          source: say("console.source.ledger"),
          at: clockWithSeconds(dataUpdatedAt / 1000, language),
        })}
      </p>
    </section>
  );
}

function ByCycle({ agency }: { agency: number }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["books cycles", agency],
    queryFn: () =>
      held(
        centre.GET("/clearing/positions", {
          params: { query: { agency_id: agency, sort: "-number", limit: CYCLES } as never },
        }),
      ),
  });
  if (error) return <Trouble error={error} again={refetch} />;
  if (!data) return <Skeleton active />;
  const heads = [
    say("console.books.head.day"),
    ...(["receivable", "payable", "position"] as const).map((name) => ({ number: say(`console.books.head.${name}`) })),
    say("console.books.head.act"),
  ];
  return (
    <section className="panel" aria-labelledby="cycles">
      <div className="heading">
        <h2 id="cycles">{say("console.books.cycles")}</h2>
        <a href={linkTo("/clearing/positions", { agency_id: agency, sort: "-number" })}>
          {say("console.books.all_cycles")}
        </a>
      </div>
      {data.items.length === 0 ? (
        <p>{say("console.books.no_cycles")}</p>
      ) : (
        <Framed labelledBy="cycles" caption={say("console.books.cycles")} heads={heads}>
          <tbody>
            {data.items.map((one) => (
              <tr key={one.cycle_date}>
                <th scope="row">
                  <a href={linkTo(`/clearing/statements/${one.cycle_date}/statement/${agency}/csv`)}>
                    {say("console.books.statement_of", { day: one.cycle_date })}
                  </a>
                </th>
                <td className="number">{yuan(one.receivable_fen)}</td>
                <td className="number">{yuan(one.payable_fen)}</td>
                <td className={one.position_fen < 0 ? "number negative" : "number"}>{yuan(one.position_fen)}</td>
                <td>
                  <a
                    href={linkTo("/books", { agency_id: agency, from: one.cycle_date, until: one.cycle_date })}
                    aria-label={say("console.books.compare_day", { day: one.cycle_date })}
                  >
                    {say("console.books.compare_it")}
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </Framed>
      )}
    </section>
  );
}
