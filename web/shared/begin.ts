/** What every application does first. */

import { tag } from "./language.ts";
import "./look.js";

/** The document in the reader's language and look. */
export function beginPage(title: string): void {
  document.documentElement.lang = tag;
  document.title = title;
}

/** The same; and below the application's own address its service worker answers. */
export function begin(title: string): void {
  beginPage(title);
  const base = import.meta.env.BASE_URL;
  if ("serviceWorker" in navigator) void navigator.serviceWorker.register(`${base}sw.js`, { scope: base });
}
