/** The texts of the counter's display. */

import { language } from "../shared/language.ts";
import { en, zh } from "../shared/texts/counter.ts";
import { type Say, sayer } from "../shared/texts.ts";

export const say: Say<typeof zh> = sayer(zh, language === "zh" ? zh : en);

/** A meal's word. */
export function mealWord(meal: string): string {
  const id = `meal.${meal}`;
  return id in zh ? say(id as "meal.lunch") : meal;
}
