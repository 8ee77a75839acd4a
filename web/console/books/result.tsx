/** What the comparison found: counted, summed, line by line, and as a file. */

import { Alert, Button, Segmented } from "antd";
import { useMemo, useState } from "react";
import { clockWithSeconds, change as withSign, yuan } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { actsAt, linkToAct, useActs } from "../acts/acts.ts";
import { Figure } from "../charts/figure.tsx";
import { Framed } from "../charts/framed.tsx";
import { csvOf, type Figures } from "../charts/table.ts";
import { linkTo } from "../links.ts";
import { addressOf, type List, type Row, useLists, type Wish } from "../lists/lists.ts";
import { saveAs } from "../saving.ts";
import type { Ask } from "./books.tsx";
import type { Outcome } from "./compare.tsx";
import type { Fault } from "./file.ts";
import { type Found, totalOf, VERDICTS } from "./matching.ts";
import { say } from "./words.ts";

const PAGE = 100;
const FAULTS_SHOWN = 50;
const SHOWN = ["differences", ...VERDICTS] as const;
const PAYMENTS = "/settlement/payments";

interface Props {
  readonly outcome: Outcome;
  readonly days: { readonly from: string; readonly until: string };
  readonly wish: Wish;
  readonly ask: Ask;
}

export function Result({ outcome, days, wish, ask }: Props) {
  const { found, faults, outside, file, at } = outcome;
  const totals = useMemo(() => VERDICTS.map((verdict) => [verdict, totalOf(found, verdict)] as const), [found]);
  const differences = useMemo(() => found.filter((one) => one.verdict !== "matched"), [found]);
  const shown = SHOWN.find((one) => one === wish.shown) ?? "differences";
  const rows = shown === "differences" ? differences : found.filter((one) => one.verdict === shown);
  const all = totalOf(found);
  const countOf = (name: (typeof SHOWN)[number]) =>
    name === "differences" ? differences.length : (totals.find(([verdict]) => verdict === name)?.[1].count ?? 0);
  return (
    <>
      <div className="heading">
        <h2 id="found">{say("console.books.result")}</h2>
        <Button disabled={differences.length === 0} onClick={() => saveAs(csvOf(figuresOf(differences)), nameOf(days))}>
          {say("console.books.save")}
        </Button>
      </div>
      <p className="unit">
        {say("console.books.source", { file, ...days, at: clockWithSeconds(at / 1000, language) })}
      </p>
      {differences.length === 0 && faults.length === 0 && (
        <Alert type="success" showIcon title={say("console.books.agree")} />
      )}
      <Faults faults={faults} outside={outside} />
      <dl className="figures">
        {totals.map(([verdict, { count, booksFen, centreFen }]) => (
          <Figure
            key={verdict}
            label={say(`console.books.verdict.${verdict}`)}
            value={String(count)}
            unit={say("console.unit.payments")}
          >
            {verdict === "differs"
              ? say("console.books.off", { yuan: withSign(booksFen - centreFen) })
              : say("console.books.sum", { yuan: yuan(verdict === "books" ? booksFen : centreFen) })}
          </Figure>
        ))}
        <Figure
          label={say("console.books.difference")}
          value={withSign(all.booksFen - all.centreFen)}
          unit={say("console.unit.yuan")}
        >
          {say("console.books.both", { books: yuan(all.booksFen), centre: yuan(all.centreFen) })}
        </Figure>
      </dl>
      <Segmented
        aria-label={say("console.books.shown")}
        value={shown}
        options={SHOWN.map((value) => ({
          value,
          label: `${say(value === "differences" ? "console.books.differences" : `console.books.verdict.${value}`)} ${countOf(value)}`,
        }))}
        onChange={(value) => ask({ shown: value })}
      />
      {rows.length === 0 ? <p className="calm">{say("console.books.none")}</p> : <Rows key={shown} rows={rows} />}
    </>
  );
}

function Faults({ faults, outside }: { faults: readonly Fault[]; outside: number }) {
  return (
    <>
      {faults.length > 0 && (
        <Alert
          type="warning"
          showIcon
          title={say("console.books.faults", { count: faults.length })}
          description={
            <ul>
              {faults.slice(0, FAULTS_SHOWN).map(({ line, what }) => (
                <li key={line}>{say("console.books.fault", { line, what })}</li>
              ))}
              {faults.length > FAULTS_SHOWN && (
                <li>{say("console.books.more_faults", { count: faults.length - FAULTS_SHOWN })}</li>
              )}
            </ul>
          }
        />
      )}
      {outside > 0 && <Alert type="info" showIcon title={say("console.books.outside", { count: outside })} />}
    </>
  );
}

function nameOf({ from, until }: Props["days"]): string {
  return `onecard-differences-${from}${until === from ? "" : `-${until}`}.csv`;
}

const HEADS = ["verdict", "number", "day", "lines", "in_books", "at_centre", "off"] as const;

function offOf({ booksFen, centreFen }: Found): number {
  return (booksFen ?? 0) - (centreFen ?? 0);
}

/** In digits alone: a spreadsheet counts with it. */
function plain(fen: number | null): string {
  return fen === null ? "" : yuan(fen).replaceAll(",", "");
}

function figuresOf(found: readonly Found[]): Figures {
  return {
    columns: HEADS.map((name) => ({ name, heading: say(`console.books.head.${name}`) })),
    rows: found.map((one) => [
      say(`console.books.verdict.${one.verdict}`),
      one.number,
      one.day,
      one.lines.join(" "),
      plain(one.booksFen),
      plain(one.centreFen),
      plain(offOf(one)),
    ]),
  };
}

function Rows({ rows }: { rows: readonly Found[] }) {
  const [page, setPage] = useState(0);
  const lists = useLists().data ?? [];
  const list = lists.find((one) => one.path === PAYMENTS);
  const pages = Math.ceil(rows.length / PAGE);
  const heads = [
    say("console.books.head.number"),
    say("console.books.head.verdict"),
    say("console.books.head.day"),
    say("console.books.head.lines"),
    ...(["in_books", "at_centre", "off"] as const).map((name) => ({ number: say(`console.books.head.${name}`) })),
    say("console.books.head.act"),
  ];
  return (
    <>
      <Framed labelledBy="found" caption={say("console.books.result")} heads={heads}>
        <tbody>
          {rows.slice(page * PAGE, (page + 1) * PAGE).map((one) => (
            <OneRow key={one.number} one={one} list={list} />
          ))}
        </tbody>
      </Framed>
      {pages > 1 && (
        <div className="pager">
          <span role="status">{say("console.books.page", { page: page + 1, pages, count: rows.length })}</span>
          <Button disabled={page === 0} onClick={() => setPage(page - 1)}>
            {say("console.table.previous")}
          </Button>
          <Button disabled={page + 1 >= pages} onClick={() => setPage(page + 1)}>
            {say("console.table.next")}
          </Button>
        </div>
      )}
    </>
  );
}

function OneRow({ one, list }: { one: Found; list: List | undefined }) {
  const acts = useActs().data ?? [];
  const row = one.known?.row as unknown as Row | undefined;
  // What only the books have may stand at the centre on another day, or at another agency.
  const address = list && row ? linkTo(addressOf(list, row)) : linkTo("/search", { words: one.number });
  const canDispute = one.known !== null && one.known.side !== "own" && one.known.fen > 0 && one.verdict !== "matched";
  const dispute = list && row && canDispute ? actsAt(acts, list, row).find((act) => act.name === "dispute") : undefined;
  const off = offOf(one);
  return (
    <tr>
      <th scope="row" className="receipt">
        <a href={address}>{one.number}</a>
      </th>
      <td>{say(`console.books.verdict.${one.verdict}`)}</td>
      <td>{one.day}</td>
      <td>{one.lines.join(", ") || "—"}</td>
      <td className="number">{one.booksFen === null ? "—" : yuan(one.booksFen)}</td>
      <td className="number">{one.centreFen === null ? "—" : yuan(one.centreFen)}</td>
      <td className={off < 0 ? "number negative" : "number"}>{off === 0 ? yuan(0) : withSign(off)}</td>
      <td>{dispute && list && row ? <a href={linkToAct(dispute, list, row)}>{dispute.title}</a> : "—"}</td>
    </tr>
  );
}
