/** The service worker: the whole application is on the phone, so that a code needs no network and no centre. */

/** What is used here of a service worker's scope: a page's types do not have it. */
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Lasting {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Scope {
  addEventListener(type: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
}

declare const __FILES__: readonly string[];
const scope = self as unknown as Scope;

/** Names carry a hash of their content: another build is another list, and another cache. */
const NAMES = __FILES__;
const CACHE = `phone ${NAMES.join(" ")}`;

scope.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(NAMES.map((name) => `/phone/${name}`))));
});

scope.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name.startsWith("phone ") && name !== CACHE));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))));
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !pathname.startsWith("/phone/")) return;
  const wanted = request.mode === "navigate" ? "/phone/" : request;
  event.respondWith(caches.match(wanted, { cacheName: CACHE }).then((found) => found ?? fetch(request)));
});
