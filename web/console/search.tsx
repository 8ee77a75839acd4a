/** What the words of the field above name, by list. */

import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { centre, held } from "./centre.ts";
import { linkTo, useWish } from "./links.ts";
import { useLists } from "./lists/lists.ts";
import { Table } from "./lists/table.tsx";
import { Trouble } from "./trouble.tsx";
import { say } from "./words.ts";

export function Search() {
  const { words = "" } = useWish();
  const lists = useLists().data;
  const { data, error, refetch } = useQuery({
    queryKey: ["search", words],
    enabled: words !== "",
    queryFn: () => held(centre.GET("/console/search", { params: { query: { words } } })),
  });
  if (words === "") return <p>{say("console.search.hint")}</p>;
  if (error) return <Trouble error={error} again={refetch} />;
  if (!data || !lists) return <Skeleton active />;
  return (
    <>
      <h1>{say("console.search.found", { words })}</h1>
      {data.length === 0 && (
        <p className="calm">
          {say("console.search.none", { words })}
          <br />
          {say("console.search.hint")}
        </p>
      )}
      {data.map((found) => {
        const list = lists.find((one) => one.path === found.path);
        if (!list) return null;
        return (
          <section key={found.path}>
            <div className="heading">
              <h2>{found.title}</h2>
              {Object.keys(found.filters).length > 0 && (
                <a href={linkTo(found.path, found.filters)}>{say("console.search.all")}</a>
              )}
            </div>
            <Table list={list} rows={found.rows} columns={list.columns.slice(0, 8)} />
          </section>
        );
      })}
    </>
  );
}
