/** Every list of the centre that the person may see, as the centre describes it. */

import { useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api/schema.ts";
import { language } from "../../shared/language.ts";
import { centre, held } from "../centre.ts";
import { saveAs } from "../saving.ts";

export type List = components["schemas"]["DescribedList"];
export type Column = components["schemas"]["DescribedColumn"];
export type Filter = components["schemas"]["DescribedFilter"];
export type Row = Readonly<Record<string, unknown>>;
/** What the address says of a list: filters, order, place, columns. */
export type Wish = Readonly<Record<string, string>>;

/** All lists answer alike; this one stands for them where the path is not known before. */
type AnyList = "/registry/regions";
type AnyRow = "/registry/regions/{book}";

const HOUR_MS = 3_600_000;

export function useLists() {
  return useQuery({ queryKey: ["lists"], staleTime: HOUR_MS, queryFn: () => held(centre.GET("/console/lists")) });
}

/** The list at an address of the console, and the key of one of its rows where the address goes on. */
export function listAt(lists: readonly List[], address: string): { list: List; key: string[] } | null {
  for (const list of lists) {
    if (address === list.path) return { list, key: [] };
    if (!address.startsWith(`${list.path}/`)) continue;
    const key = address.slice(list.path.length + 1).split("/");
    if (key.length === list.key.length) return { list, key: key.map(decodeURIComponent) };
  }
  return null;
}

/** The address of a row, below its list's. */
export function addressOf(list: List, row: Row): string {
  return `${list.path}/${list.key.map((member) => encodeURIComponent(String(row[member]))).join("/")}`;
}

/** What the centre is asked for: the wish without what is ours alone. */
export function asked({ columns: _, ...wish }: Wish): Record<string, string> {
  return wish;
}

export async function readPage(list: List, wish: Wish): Promise<{ items: Row[]; next: string | null }> {
  const page = await held(centre.GET(list.path as AnyList, { params: { query: asked(wish) as never } }));
  return page as unknown as { items: Row[]; next: string | null };
}

export async function readRow(list: List, key: readonly string[]): Promise<Row> {
  const path = `${list.path}/${key.map(encodeURIComponent).join("/")}`;
  return (await held(centre.GET(path as AnyRow, { params: { path: {} as never } }))) as unknown as Row;
}

/** Save what the list shows, all of its pages, as a file. */
export async function save(list: List, wish: Wish, kind: "csv" | "xlsx"): Promise<void> {
  const { after: _after, limit: _limit, ...query } = asked(wish);
  const path = `${list.path}.${kind}` as AnyList;
  const content = await held(centre.GET(path, { params: { query: query as never }, parseAs: "blob" }));
  saveAs(content as unknown as Blob, `${list.name}.${kind}`);
}

/** Parts of a key that only tell rows of one subject apart: what belongs to the subject is found without them. */
const APART = new Set(["part", "number", "occurrence", "revision", "line", "format", "document", "valid_from"]);
/** A cycle's day has another name where other lists speak of it. */
const ALIASES: Readonly<Record<string, string>> = { business_date: "cycle_date" };

/** Lists that can be narrowed to what belongs to a row, with the filters that do. */
export function relatedTo(list: List, row: Row, lists: readonly List[]): { list: List; wish: Wish }[] {
  const subject = list.key.filter((member) => !APART.has(member));
  return lists.flatMap((other) => {
    const names = new Set(other.filters.map((filter) => filter.name));
    const pairs = subject.map((member) => {
      const alias = list.name === "cycles" ? ALIASES[member] : undefined;
      return [alias ?? member, String(row[member])] as const;
    });
    const isNarrowed = other.path !== list.path && pairs.length > 0 && pairs.every(([name]) => names.has(name));
    return isNarrowed ? [{ list: other, wish: Object.fromEntries(pairs) }] : [];
  });
}

const FIRST_COLUMNS = 10;
const OTHER = language === "zh" ? "_en" : "_zh";

/** The columns that a list begins with: no name twice, and not so many that nothing is found. */
export function usualColumns(list: List): Column[] {
  const has = new Set(list.columns.map((column) => column.name));
  const isSaid = (name: string) =>
    /_(zh|en)$/.test(name) && (name.endsWith(OTHER) || has.has(name.replace(/..$/, "id")));
  return list.columns.filter((column) => !isSaid(column.name)).slice(0, FIRST_COLUMNS);
}
