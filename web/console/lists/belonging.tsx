/** What belongs to one row and is no list of its own: steps, files, positions, and the postings behind a statement. */

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { centre, held } from "../centre.ts";
import { isDated, Versions } from "../changes/versions.tsx";
import { linkTo } from "../links.ts";
import { headingOf, useNames } from "../names.ts";
import { Trouble } from "../trouble.tsx";
import { say, texts } from "../words.ts";
import { Cell, isNumeric } from "./cell.tsx";
import { Files } from "./files.tsx";
import type { Column, List, Row } from "./lists.ts";

const POSTINGS = 100;
const STEP = ["number", "action", "text", "done_by", "done_at"];
const POSITION = ["agency_id", "receivable_fen", "payable_fen", "position_fen"];
const POSTING = [
  "posting_id",
  "kind",
  "issuer_id",
  "acquirer_id",
  "canteen_id",
  "meal",
  "channel",
  "amount_fen",
  "posted_at",
];

interface Props {
  readonly list: List;
  readonly row: Row;
  readonly lists: readonly List[];
}

export function Belonging({ list, row, lists }: Props) {
  const rows = (member: string) => (Array.isArray(row[member]) ? (row[member] as Row[]) : []);
  const table = (member: "steps" | "positions", columns: readonly string[]) =>
    rows(member).length > 0 && (
      <section>
        <h2>{say(`console.belongs.${member}`)}</h2>
        <Rows title={say(`console.belongs.${member}`)} rows={rows(member)} columns={columns} lists={lists} />
      </section>
    );
  return (
    <>
      {table("steps", STEP)}
      {table("positions", POSITION)}
      <Files files={filesOf(`${list.path}/${list.key.map((one) => row[one]).join("/")}`, rows("files"))} />
      {list.path === "/clearing/statements" && <Postings row={row} lists={lists} />}
      {list.path === "/console/approvals" && (
        <p>
          <a href={linkTo("/approvals-inbox", { number: row.approval_id })}>{say("console.belongs.approval")}</a>
        </p>
      )}
      {isDated(list) && <Versions list={list} row={row} />}
    </>
  );
}

/** The column of that name as some list describes it, with its heading and its words; else one of plain text. */
function columnOf(name: string, lists: readonly List[]): Column {
  // Kinds of postings are those of movements; other lists have kinds of their own.
  const ofPostings = lists.filter((list) => list.path === "/settlement/movements");
  const described = [...ofPostings, ...lists].flatMap((list) => list.columns).filter((column) => column.name === name);
  const best = described.find((column) => column.words.length > 0) ?? described[0];
  const heading = `console.belongs.${name}`;
  const kind = name.endsWith("_at") ? "time" : name.endsWith("_fen") ? "money" : "text";
  if (heading in texts)
    return { ...(best ?? { name, kind, words: [] }), heading: say(heading as "console.belongs.action") };
  return best ?? { name, heading: name, kind, words: [] };
}

function Rows({
  title,
  rows,
  columns,
  lists,
}: {
  title: string;
  rows: readonly Row[];
  columns: readonly string[];
  lists: readonly List[];
}) {
  const names = useNames();
  const described = columns.map((name) => columnOf(name, lists));
  return (
    <div className="table">
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            {described.map((column) => (
              <th scope="col" key={column.name} className={isNumeric(column) ? "number" : undefined}>
                {headingOf(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={JSON.stringify(row)}>
              {described.map((column) => (
                <td key={column.name} className={isNumeric(column) ? "number" : undefined}>
                  {column.name === "posting_id" ? (
                    <a href={linkTo("/search", { words: row[column.name] })}>{String(row[column.name])}</a>
                  ) : column.name === "action" ? (
                    actionWord(String(row[column.name]))
                  ) : (
                    <Cell column={column} value={row[column.name]} names={names} />
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function actionWord(action: string): string {
  const id = `console.step.${action}`;
  return id in texts ? say(id as "console.step.plan") : action;
}

/** Files of a dispute have numbers of their own, those of kitchens an address. */
function filesOf(path: string, files: readonly Row[]) {
  return files.map((file) => ({
    url: String(file.url ?? `${path}/files/${file.number}`),
    name: String(file.name),
    media_type: String(file.media_type ?? ""),
  }));
}

/** The postings that a statement adds up, page by page. */
function Postings({ row, lists }: { row: Row; lists: readonly List[] }) {
  const [after, setAfter] = useState<{ after?: string; part?: number }>({});
  const path = { business_date: String(row.cycle_date), agency_id: Number(row.agency_id) };
  const { data, error, refetch } = useQuery({
    queryKey: ["postings", path, after],
    queryFn: () =>
      held(
        centre.GET("/clearing/cycles/{business_date}/payments/{agency_id}", {
          params: { path, query: { ...after, limit: POSTINGS } },
        }),
      ),
  });
  if (error) return <Trouble error={error} again={refetch} />;
  // Reports of the whole network are statements of no agency.
  if (!data || (data.length === 0 && after.after === undefined)) return null;
  const last = data.at(-1);
  return (
    <section>
      <h2>{say("console.belongs.postings")}</h2>
      <Rows title={say("console.belongs.postings")} rows={data as unknown as Row[]} columns={POSTING} lists={lists} />
      <div className="pager">
        {after.after !== undefined && <Button onClick={() => setAfter({})}>{say("console.belongs.first")}</Button>}
        {last && data.length === POSTINGS && (
          <Button onClick={() => setAfter({ after: last.posting_id, part: last.part })}>
            {say("console.belongs.next")}
          </Button>
        )}
      </div>
    </section>
  );
}
