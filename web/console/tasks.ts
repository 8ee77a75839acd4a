/** What waits for this person, asked for again from time to time. */

import { queryOptions } from "@tanstack/react-query";
import type { components } from "../shared/api/schema.ts";
import { centre, held } from "./centre.ts";
import { linkTo } from "./links.ts";
import { say } from "./words.ts";

export type Task = components["schemas"]["TaskShown"];

const LOOK_AGAIN_MS = 30_000;
/** The centre counts no further. */
const MANY = 1_000;

export const TASKS = queryOptions({
  queryKey: ["tasks"],
  refetchInterval: LOOK_AGAIN_MS,
  queryFn: () => held(centre.GET("/console/tasks")),
});

/** Where a duty is done: at its list, narrowed to what waits, or in a room of its own. */
export function linkToTask(task: Task): string {
  return task.name === "approvals" ? linkTo("/approvals-inbox") : linkTo(task.path, task.count > 0 ? task.filters : {});
}

/** A count as people read it. */
export function withMost(count: number): string {
  return count < MANY ? String(count) : say("console.home.at_least", { count: MANY });
}
