/** The pages by their addresses, below `#`: a list has the address that it has in the API. */

import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { Frame } from "./frame.tsx";
import { Home } from "./home.tsx";
import { say } from "./words.ts";

const acts = lazyRouteComponent(() => import("./acts/page.tsx"), "ActPage");
const bulletins = lazyRouteComponent(() => import("./bulletins/page.tsx"), "Bulletins");
const root = createRootRoute({ component: Frame, notFoundComponent: () => say("console.error.no_page") });
const below = { getParentRoute: () => root };

/** What stands behind the hash alone: the history adds what stands before it, `?lang=en`. */
function ofHash(search: string): string {
  return search.endsWith(location.search) ? search.slice(0, search.length - location.search.length) : search;
}

export const router = createRouter({
  history: createHashHistory(),
  routeTree: root.addChildren([
    createRoute({ ...below, path: "/", component: Home }),
    createRoute({ ...below, path: "/search", component: lazyRouteComponent(() => import("./search.tsx"), "Search") }),
    createRoute({ ...below, path: "/about", component: lazyRouteComponent(() => import("./about.tsx"), "About") }),
    createRoute({ ...below, path: "/acts/$name", component: acts }),
    createRoute({ ...below, path: "/acts/$name/$", component: acts }),
    createRoute({
      ...below,
      path: "/today",
      component: lazyRouteComponent(() => import("./today/today.tsx"), "Today"),
    }),
    createRoute({
      ...below,
      path: "/kitchen",
      component: lazyRouteComponent(() => import("./kitchen/trends.tsx"), "Trends"),
    }),
    createRoute({
      ...below,
      path: "/menus",
      component: lazyRouteComponent(() => import("./kitchen/menus.tsx"), "Menus"),
    }),
    createRoute({
      ...below,
      path: "/night",
      component: lazyRouteComponent(() => import("./night/night.tsx"), "Night"),
    }),
    createRoute({
      ...below,
      path: "/books",
      component: lazyRouteComponent(() => import("./books/books.tsx"), "Books"),
    }),
    createRoute({
      ...below,
      path: "/approvals-inbox",
      component: lazyRouteComponent(() => import("./inbox/inbox.tsx"), "Inbox"),
    }),
    createRoute({
      ...below,
      path: "/evaluation",
      component: lazyRouteComponent(() => import("./evaluation/evaluation.tsx"), "Evaluation"),
    }),
    createRoute({ ...below, path: "/bulletins", component: bulletins }),
    createRoute({ ...below, path: "/bulletins/$id", component: bulletins }),
    createRoute({
      ...below,
      path: "/savings",
      component: lazyRouteComponent(() => import("./savings/savings.tsx"), "Savings"),
    }),
    createRoute({
      ...below,
      path: "/cases",
      component: lazyRouteComponent(() => import("./supervision/board.tsx"), "Board"),
    }),
    createRoute({
      ...below,
      path: "/cases/$number",
      component: lazyRouteComponent(() => import("./supervision/case.tsx"), "CasePage"),
    }),
    createRoute({
      ...below,
      path: "/inspections",
      component: lazyRouteComponent(() => import("./supervision/inspections.tsx"), "Inspections"),
    }),
    createRoute({
      ...below,
      path: "/inspections/$canteen",
      component: lazyRouteComponent(() => import("./supervision/visit.tsx"), "VisitPage"),
    }),
    createRoute({
      ...below,
      path: "/sessions",
      component: lazyRouteComponent(() => import("./sessions.tsx"), "Sessions"),
    }),
    createRoute({ ...below, path: "/audit", component: lazyRouteComponent(() => import("./audit/page.tsx"), "Audit") }),
    createRoute({ ...below, path: "$", component: lazyRouteComponent(() => import("./lists/page.tsx"), "ListOrRow") }),
  ]),
  // What the address holds are words, not JSON.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(ofHash(search))),
  stringifySearch: (search) => {
    const query = new URLSearchParams(search as Record<string, string>).toString();
    return query && `?${query}`;
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
