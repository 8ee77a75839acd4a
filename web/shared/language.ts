/** The reader's language: chosen once for every application of this device. */

import { chosenLanguage, type Language } from "./texts.ts";

const KEY = "language";

export const language: Language = chosenLanguage(
  new URLSearchParams(location.search).get("lang"),
  localStorage.getItem(KEY),
  navigator.languages,
);

/** For what takes a language tag: documents, header fields. */
export const tag = language === "zh" ? "zh-Hans-CN" : "en";

export const otherLanguage: Language = language === "zh" ? "en" : "zh";

/** Keep the other language, and show everything in it. */
export function changeLanguage(): void {
  localStorage.setItem(KEY, otherLanguage);
  const address = new URL(location.href);
  address.searchParams.delete("lang");
  if (address.href === location.href) location.reload();
  else location.href = address.href;
}

/** Of a pair of texts the one in the reader's language. */
export function inMine(zhText: string, enText: string | null | undefined): string {
  return language === "en" && enText ? enText : zhText;
}

/** The same as a heading begins it. */
export function heading(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
