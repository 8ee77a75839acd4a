/** The texts of this application, in the language of the reader. */

import { heading, language } from "../shared/language.ts";
import { en, zh } from "../shared/texts/phone.ts";
import { type Say, sayer } from "../shared/texts.ts";

export const say: Say<typeof zh> = sayer(zh, language === "zh" ? zh : en);

/** A word that the centre names by its code, such as `meal.lunch`; the code itself where this build knows no word. */
export function word(group: Group, code: string): string {
  const id = `${group}.${code}`;
  return id in zh ? say(id as PlainId) : code;
}

/** A canteen's name without its agency's, where that begins it and stands beside it. */
export function shortName(canteen: string, agency: string): string {
  const rest = canteen.startsWith(agency) ? canteen.slice(agency.length).replace(/^[\s,，、]+/, "") : "";
  return rest === "" ? canteen : heading(rest);
}

type Group = "meal" | "transfer.kind" | "dining.allergen" | "dining.mark" | "phone.crowding";
type PlainId = "meal.lunch";
