/** Where a day begins: what needs this person now, each count a way to its rows. */

import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { centre, held } from "./centre.ts";
import { linkTo } from "./links.ts";
import { Trouble } from "./trouble.tsx";
import { say } from "./words.ts";

const LOOK_AGAIN_MS = 30_000;
const MANY = 1_000;

export function Home() {
  const { data, error, refetch } = useQuery({
    queryKey: ["tasks"],
    refetchInterval: LOOK_AGAIN_MS,
    queryFn: () => held(centre.GET("/console/tasks")),
  });
  if (error) return <Trouble error={error} again={refetch} />;
  if (!data) return <Skeleton active />;
  const waiting = data.filter((task) => task.count > 0);
  const done = data.filter((task) => task.count === 0);
  return (
    <>
      <h1>{say("console.home.waits")}</h1>
      {waiting.length === 0 && <p className="calm">{say("console.home.none")}</p>}
      <ul className="tasks">
        {waiting.map((task) => (
          <li key={task.name}>
            <a href={linkTo(task.path, task.filters)}>
              <strong>{task.count < MANY ? task.count : say("console.home.at_least", { count: MANY })}</strong>
              <span>{task.title}</span>
            </a>
          </li>
        ))}
      </ul>
      {done.length > 0 && <h2>{say("console.home.done")}</h2>}
      <ul className="done">
        {done.map((task) => (
          <li key={task.name}>
            <a href={linkTo(task.path)}>{task.title}</a>
          </li>
        ))}
      </ul>
    </>
  );
}
