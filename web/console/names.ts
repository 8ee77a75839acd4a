/** What agencies, canteens and regions are called: numbers alone tell nobody anything. */

import { useQuery } from "@tanstack/react-query";
import { inMine } from "../shared/language.ts";
import { centre, held } from "./centre.ts";
import { say } from "./words.ts";

const LISTS = { agencies: "/registry/agencies", canteens: "/registry/canteens", regions: "/registry/regions" } as const;
/** What members are the numbers of. */
const NAMED = {
  agency_id: "agencies",
  issuer_id: "agencies",
  acquirer_id: "agencies",
  host_id: "agencies",
  host_agency_id: "agencies",
  other_agency: "agencies",
  raised_by_agency: "agencies",
  parent_agency_id: "agencies",
  book: "regions",
  guest_book: "regions",
  canteen_id: "canteens",
} as const;
type Named = keyof typeof NAMED;

export function isNamed(member: string): member is Named {
  return Object.hasOwn(NAMED, member);
}

/** What stands above a column, or beside a filter: of a name no "number". */
export function headingOf(one: { readonly name: string; readonly heading: string }): string {
  return isNamed(one.name) ? say(`console.named.${one.name}`) : one.heading;
}

const QUARTER_OF_AN_HOUR_MS = 900_000;

export interface Names {
  agency(id: number): string;
  /** What a member's value is the number of: its name and the list where it stands; null: of nothing with a name. */
  of(member: string, value: unknown): { readonly name: string; readonly path: string } | null;
  /** All numbers that a member can be, by name; none where they have no names. `agency`: that one, and its canteens. */
  choices(member: string, agency?: number | null): { readonly value: string; readonly label: string }[];
}

async function read() {
  const [agencies, regions] = await Promise.all([
    held(centre.GET("/registry/directory")).then((directory) => directory.agencies ?? []),
    held(centre.GET("/registry/regions", { params: { query: { limit: 500 } } })),
  ]);
  const named = (one: { name_zh: string; name_en: string }) => inMine(one.name_zh, one.name_en);
  return {
    agencies: new Map(agencies.map((one) => [one.agency_id, named(one)])),
    canteens: new Map(agencies.flatMap((one) => one.canteens).map((one) => [one.canteen_id, named(one)])),
    of: new Map(agencies.flatMap((one) => one.canteens.map(({ canteen_id }) => [canteen_id, one.agency_id]))),
    regions: new Map(regions.items.map((one) => [one.book, named(one)])),
  };
}

export function useNames(): Names {
  const { data } = useQuery({ queryKey: ["names"], staleTime: QUARTER_OF_AN_HOUR_MS, queryFn: read });
  const namesOf = (member: string) => (isNamed(member) ? data?.[NAMED[member]] : undefined);
  const agencyOf = (member: string, id: number) =>
    member === "canteen_id" ? data?.of.get(id) : member === "agency_id" ? id : undefined;
  return {
    agency: (id) => data?.agencies.get(id) ?? String(id),
    of: (member, value) => {
      const name = namesOf(member)?.get(Number(value));
      return name === undefined || !isNamed(member) ? null : { name, path: `${LISTS[NAMED[member]]}/${value}` };
    },
    choices: (member, agency = null) =>
      [...(namesOf(member) ?? [])]
        .filter(([id]) => agency === null || (agencyOf(member, id) ?? agency) === agency)
        .map(([id, name]) => ({ value: String(id), label: `${name} ${id}` })),
  };
}
