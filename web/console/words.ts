/** The texts of the console. */

import { language } from "../shared/language.ts";
import { en, zh } from "../shared/texts/console.ts";
import { type Say, sayer } from "../shared/texts.ts";

export const say: Say<typeof zh> = sayer(zh, language === "zh" ? zh : en);
