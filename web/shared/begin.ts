/** What every application does first: the document in the reader's language and look, and its files kept for later. */

import { tag } from "./language.ts";
import { followLook } from "./look.ts";

/** `title`: of the document. Below the application's own address its service worker answers. */
export function begin(title: string): void {
  document.documentElement.lang = tag;
  document.title = title;
  followLook();
  const base = import.meta.env.BASE_URL;
  if ("serviceWorker" in navigator) void navigator.serviceWorker.register(`${base}sw.js`, { scope: base });
}
