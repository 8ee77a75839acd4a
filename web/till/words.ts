/** The texts of this application, in the language of the reader. */

import { language } from "../shared/language.ts";
import type { Problem } from "../shared/terminal/answers.ts";
import { en, zh } from "../shared/texts/till.ts";
import { type Say, sayer } from "../shared/texts.ts";

export const say: Say<typeof zh> = sayer(zh, language === "zh" ? zh : en);

/** The centre says everything in both languages. */
export function inLanguage(chinese: string | undefined, english: string | undefined): string {
  return (language === "zh" ? chinese : english) ?? "";
}

/** What was wrong, in the reader's language; a problem of something between till and centre has one text. */
export function problemSaid(problem: Problem): string {
  const { detail = "", title = detail } = problem;
  return inLanguage(problem.detail_zh, problem.detail_en) || inLanguage(problem.title_zh, problem.title_en) || title;
}
