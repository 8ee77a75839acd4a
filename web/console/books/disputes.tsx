/** Disputes that are not decided, with the clock of the answer: who must act, until when, and what is late. */

import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import type { components } from "../../shared/api/schema.ts";
import { longDay, yuan } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { actsAt, linkToAct, useActs } from "../acts/acts.ts";
import { centre, held } from "../centre.ts";
import { Framed } from "../charts/framed.tsx";
import { linkTo } from "../links.ts";
import { type Row, useLists } from "../lists/lists.ts";
import { useNames } from "../names.ts";
import { Trouble } from "../trouble.tsx";
import { say } from "./words.ts";

type Dispute = components["schemas"]["ListedDispute"];

const SHOWN_MAX = 200;
const LOOK_AGAIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const SOON_HOURS = 24;
const DISPUTES = "/clearing/disputes";

async function readDisputes(agency: number): Promise<Dispute[]> {
  const sides = ["raised_by_agency", "other_agency"] as const;
  const pages = await Promise.all(
    sides.flatMap((side) =>
      (["open", "answered"] as const).map((state) => {
        const query = { [side]: agency, state, sort: "answer_until", limit: SHOWN_MAX } as never;
        return held(centre.GET("/clearing/disputes", { params: { query } }));
      }),
    ),
  );
  return pages.flatMap((page) => page.items).sort((a, b) => a.answer_until.localeCompare(b.answer_until));
}

/** Milliseconds until the last day of an answer is over at the centre; negative: it is. */
function leftOf(dispute: Dispute): number {
  return Date.parse(`${dispute.answer_until}T23:59:59+08:00`) - Date.now();
}

export function Disputes({ agency }: { agency: number }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["books disputes", agency],
    refetchInterval: LOOK_AGAIN_MS,
    queryFn: () => readDisputes(agency),
  });
  if (error && !data) return <Trouble error={error} again={refetch} />;
  if (!data) return <Skeleton active />;
  const heads = [
    say("console.books.head.dispute"),
    say("console.books.head.other"),
    { number: say("console.books.head.disputed") },
    say("console.books.head.who"),
    say("console.books.head.until"),
    say("console.books.head.left"),
    say("console.books.head.act"),
  ];
  return (
    <section className="panel" aria-labelledby="disputes">
      <div className="heading">
        <h2 id="disputes">{say("console.books.disputes")}</h2>
        <a href={linkTo(DISPUTES)}>{say("console.books.all_disputes")}</a>
      </div>
      <p className="unit">{say("console.books.disputes_rule")}</p>
      {data.length === 0 ? (
        <p>{say("console.books.no_disputes")}</p>
      ) : (
        <Framed labelledBy="disputes" caption={say("console.books.disputes")} heads={heads}>
          <tbody>
            {data.map((dispute) => (
              <OneDispute key={dispute.dispute_id} dispute={dispute} agency={agency} />
            ))}
          </tbody>
        </Framed>
      )}
    </section>
  );
}

function OneDispute({ dispute, agency }: { dispute: Dispute; agency: number }) {
  const names = useNames();
  const list = useLists().data?.find((one) => one.path === DISPUTES);
  const acts = useActs().data ?? [];
  const isOurs = dispute.raised_by_agency === agency;
  const isOpen = dispute.state === "open";
  const row = dispute as unknown as Row;
  const wanted = isOurs ? "withdraw_dispute" : "answer_dispute";
  const act = list && actsAt(acts, list, row).find((one) => one.name === wanted);
  const left = leftOf(dispute);
  const canStill = act && !(wanted === "answer_dispute" && left < 0);
  return (
    <tr>
      <th scope="row">
        <a href={linkTo(`${DISPUTES}/${dispute.dispute_id}`)}>{dispute.dispute_id}</a>
      </th>
      <td>{names.agency(isOurs ? dispute.other_agency : dispute.raised_by_agency)}</td>
      <td className="number">{yuan(dispute.amount_fen)}</td>
      <td>{say(!isOpen ? "console.books.who.centre" : isOurs ? "console.books.who.other" : "console.books.who.we")}</td>
      <td>{isOpen ? longDay(dispute.answer_until, language) : "—"}</td>
      <td>{isOpen ? <Left left={left} /> : "—"}</td>
      <td>{canStill && list ? <a href={linkToAct(act, list, row)}>{act.title}</a> : "—"}</td>
    </tr>
  );
}

function Left({ left }: { left: number }) {
  const hours = Math.floor(Math.abs(left) / HOUR_MS);
  const time = say("console.books.time", { days: Math.floor(hours / 24), hours: hours % 24 });
  if (left < 0) return <strong className="late">{say("console.books.late", { time })}</strong>;
  return <span className={hours < SOON_HOURS ? "soon" : undefined}>{say("console.books.left", { time })}</span>;
}
