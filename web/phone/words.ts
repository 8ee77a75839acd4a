/** The texts of this application, in the language of the reader. */

import { en, zh } from "../shared/texts/phone.ts";
import { chosenLanguage, type Language, type Say, sayer } from "../shared/texts.ts";

export const LANGUAGE_KEY = "language";

export const language: Language = chosenLanguage(
  new URLSearchParams(location.search).get("lang"),
  localStorage.getItem(LANGUAGE_KEY),
  navigator.languages,
);

export const say: Say<typeof zh> = sayer(zh, language === "zh" ? zh : en);

/** For what takes a language tag: documents, header fields. */
export const tag = language === "zh" ? "zh-Hans-CN" : "en";

/** A word that the centre names by its code, such as `meal.lunch`; the code itself where this build knows no word. */
export function word(group: Group, code: string): string {
  const id = `${group}.${code}`;
  return id in zh ? say(id as PlainId) : code;
}

type Group = "meal" | "transfer.kind" | "dining.allergen" | "dining.mark" | "phone.crowding";
type PlainId = "meal.lunch";

/** Of a pair of texts the one in the reader's language. */
export function inMine(zhText: string, enText: string | null | undefined): string {
  return language === "en" && enText ? enText : zhText;
}

/** The same as a heading begins it. */
export function heading(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
