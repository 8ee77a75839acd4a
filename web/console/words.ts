/** The texts of the console, in the reader's language alone. A room of its own has its texts beside it. */

import { language } from "../shared/language.ts";
import type { zh } from "../shared/texts/console.zh.ts";
import { type Say, sayer, type Texts } from "../shared/texts.ts";

/** All texts, Chinese ones in their types. */
export type Source = typeof zh;
const read = {
  zh: async () => (await import("../shared/texts/console.zh.ts")).zh,
  en: async () => (await import("../shared/texts/console.en.ts")).en,
};
export const texts: { readonly [Id in keyof Source]: string } = await read[language]();
export const say: Say<Source> = sayer(texts as Source, texts);

/** Reads the texts of a room in either language. */
interface Room<Own extends Texts> {
  zh(): Promise<Own>;
  en(): Promise<{ readonly [Id in keyof Own]: string }>;
}

/** The texts of a room beside those of the console: they are loaded with the room. */
export async function wordsWith<Own extends Texts>(room: Room<Own>) {
  const both = { ...texts, ...(await room[language]()) };
  return { texts: both, say: sayer(both as Texts, both) as Say<Source & Own> };
}
