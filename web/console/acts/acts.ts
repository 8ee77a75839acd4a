/** What the person may change, as the centre describes it, and where it is found. */

import { useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api/schema.ts";
import { centre, held } from "../centre.ts";
import { linkTo } from "../links.ts";
import { addressOf, type List, type Row } from "../lists/lists.ts";

export type Act = components["schemas"]["DescribedAct"];
export type Member = components["schemas"]["DescribedMember"];

const HOUR_MS = 3_600_000;

export function useActs() {
  return useQuery({ queryKey: ["acts"], staleTime: HOUR_MS, queryFn: () => held(centre.GET("/console/acts")) });
}

/** Whether the row says what the act needs. */
export function fits(act: Act, row: Row): boolean {
  return Object.entries(act.when).every(([member, values]) => values.includes(String(row[member] ?? "")));
}

/** The acts at a list, or at one of its rows. */
export function actsAt(acts: readonly Act[], list: List, row?: Row): Act[] {
  return acts.filter(
    (act) => act.place === list.path && act.of_row === (row !== undefined) && (!row || fits(act, row)),
  );
}

export function linkToAct(act: Act, list: List, row?: Row): string {
  const key = row ? addressOf(list, row).slice(list.path.length) : "";
  return linkTo(`/acts/${act.name}${key}`);
}
