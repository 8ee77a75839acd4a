/** Any list, and any row of one, by its address. */

import { useLocation } from "@tanstack/react-router";
import { Skeleton } from "antd";
import { Trouble } from "../trouble.tsx";
import { say } from "../words.ts";
import { ListPage } from "./list.tsx";
import { listAt, useLists } from "./lists.ts";
import { RowPage } from "./row.tsx";

export function ListOrRow() {
  const { pathname } = useLocation();
  const { data: lists, error, refetch } = useLists();
  if (error) return <Trouble error={error} again={refetch} />;
  if (!lists) return <Skeleton active />;
  const found = listAt(lists, pathname);
  // What the centre does not describe to this person either does not exist or is not for him.
  if (!found) return <Trouble error={new Error(say("console.error.no_permission"))} />;
  if (found.key.length > 0) return <RowPage key={pathname} list={found.list} row={found.key} lists={lists} />;
  return <ListPage key={pathname} list={found.list} />;
}
