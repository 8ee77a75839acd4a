/** One row with all that it says, and the lists that hold what belongs to it. */

import { useQuery } from "@tanstack/react-query";
import { Button, Skeleton } from "antd";
import { useEffect } from "react";
import { actsAt, linkToAct, useActs } from "../acts/acts.ts";
import { linkTo } from "../links.ts";
import { headingOf, useNames } from "../names.ts";
import { Trouble } from "../trouble.tsx";
import { say } from "../words.ts";
import { Belonging } from "./belonging.tsx";
import { Cell } from "./cell.tsx";
import { type List, readRow, relatedTo } from "./lists.ts";

export function RowPage({ list, row: key, lists }: { list: List; row: readonly string[]; lists: readonly List[] }) {
  const names = useNames();
  const described = useActs().data ?? [];
  const { data, error, refetch } = useQuery({ queryKey: ["row", list.path, key], queryFn: () => readRow(list, key) });
  const title = say("console.row.title", { list: list.title, key: key.join(" / ") });
  useEffect(() => {
    document.title = `${title} · ${say("console.title")}`;
  }, [title]);
  if (error) return <Trouble error={error} again={refetch} />;
  if (!data) return <Skeleton active />;
  const acts = actsAt(described, list, data);
  const related = relatedTo(list, data, lists);
  return (
    <>
      <p>
        <a href={linkTo(list.path)}>← {list.title}</a>
      </p>
      <h1>{title}</h1>
      <dl className="facts">
        {list.columns
          .filter((column) => column.name in data)
          .map((column) => (
            <div key={column.name}>
              <dt>{headingOf(column)}</dt>
              <dd>
                <Cell column={column} value={data[column.name]} names={names} />
              </dd>
            </div>
          ))}
      </dl>
      {acts.length > 0 && (
        <section>
          <h2>{say("console.row.acts")}</h2>
          <div className="acts">
            {acts.map((act) => (
              <Button key={act.name} href={linkToAct(act, list, data)} danger={act.grave}>
                {act.title}
              </Button>
            ))}
          </div>
        </section>
      )}
      <Belonging list={list} row={data} lists={lists} />
      {related.length > 0 && (
        <section>
          <h2>{say("console.row.related")}</h2>
          <ul className="related">
            {related.map((one) => (
              <li key={one.list.path}>
                <a href={linkTo(one.list.path, one.wish)}>{one.list.title}</a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
