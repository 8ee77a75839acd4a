/** The texts of this application, in the language of the reader. */

import { language } from "../shared/language.ts";
import { en, zh } from "../shared/texts/till.ts";
import { type Say, sayer } from "../shared/texts.ts";

export const say: Say<typeof zh> = sayer(zh, language === "zh" ? zh : en);

/** The centre says everything in both languages. */
export function inLanguage(chinese: string | undefined, english: string | undefined): string {
  return (language === "zh" ? chinese : english) ?? "";
}
