/** The texts of the console, in the reader's language alone. */

import { language } from "../shared/language.ts";
import type { zh } from "../shared/texts/console.zh.ts";
import { type Say, sayer } from "../shared/texts.ts";

/** All texts, Chinese ones in their types. */
export type Source = typeof zh;
const read = {
  zh: async () => (await import("../shared/texts/console.zh.ts")).zh,
  en: async () => (await import("../shared/texts/console.en.ts")).en,
};
export const texts: { readonly [Id in keyof Source]: string } = await read[language]();
export const say: Say<Source> = sayer(texts as Source, texts);
