/** Where a day begins: what needs this person now, each count a way to its rows. */

import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { linkToTask, TASKS, withMost } from "./tasks.ts";
import { Trouble } from "./trouble.tsx";
import { say } from "./words.ts";

export function Home() {
  const { data, error, refetch } = useQuery(TASKS);
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
            <a href={linkToTask(task)}>
              <strong>{withMost(task.count)}</strong>
              <span>{task.title}</span>
            </a>
          </li>
        ))}
      </ul>
      {done.length > 0 && <h2>{say("console.home.done")}</h2>}
      <ul className="done">
        {done.map((task) => (
          <li key={task.name}>
            <a href={linkToTask(task)}>{task.title}</a>
          </li>
        ))}
      </ul>
    </>
  );
}
