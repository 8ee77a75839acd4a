/** The service worker of an application: all of its files are on the device, so that it opens with no network at all. */

/** What is used here of a service worker's scope: a page's types do not have it. */
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Lasting {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Scope {
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
}

declare const __FILES__: readonly string[];
const scope = self as unknown as Scope;

/** Names carry a hash of their content: another build is another list, and another cache. */
const NAMES = __FILES__;
const BASE = import.meta.env.BASE_URL;
const OURS = `${BASE} `;
const CACHE = OURS + NAMES.join(" ");

scope.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(NAMES.map((name) => BASE + name))));
});

scope.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name.startsWith(OURS) && name !== CACHE));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))));
});

/** A new build waits until no page has the old one open, unless the page says that it is ready for it. */
scope.addEventListener("message", ({ data }) => {
  if (data === "take over") void scope.skipWaiting();
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !pathname.startsWith(BASE)) return;
  const wanted = request.mode === "navigate" ? BASE : request;
  event.respondWith(caches.match(wanted, { cacheName: CACHE }).then((found) => found ?? fetch(request)));
});
