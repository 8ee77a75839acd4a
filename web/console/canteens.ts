/** The canteens that the person may look at: those of his agency, or all. */

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { components } from "../shared/api/schema.ts";
import { centre, held } from "./centre.ts";
import { useSession } from "./session.tsx";

export type Canteen = components["schemas"]["CanteenInfo"];

const QUARTER_OF_AN_HOUR_MS = 900_000;

function useDirectory() {
  return useQuery({
    queryKey: ["directory"],
    staleTime: QUARTER_OF_AN_HOUR_MS,
    queryFn: () => held(centre.GET("/registry/directory")),
  });
}

export function useCanteens(): readonly Canteen[] {
  const { agency_id } = useSession();
  const { data } = useDirectory();
  return useMemo(
    () =>
      (data?.agencies ?? [])
        .filter((agency) => agency_id === null || agency.agency_id === agency_id)
        .flatMap((agency) => agency.canteens),
    [data, agency_id],
  );
}
