/** Addresses within the console. */

import { useSearch } from "@tanstack/react-router";
import type { Wish } from "./lists/lists.ts";

/** The link to a page with what its address says. */
export function linkTo(path: string, wish: Readonly<Record<string, unknown>> = {}): string {
  const said = Object.entries(wish).map(([name, value]) => [name, String(value)]);
  const query = new URLSearchParams(said).toString();
  return `#${path}${query && `?${query}`}`;
}

/** What the address of this page says. */
export function useWish(): Wish {
  return useSearch({ strict: false }) as Wish;
}
