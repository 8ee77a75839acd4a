/** The texts of this application. */

import { language } from "../shared/language.ts";
import { sayerOfFindings } from "../shared/proof/findings.ts";
import { en, zh } from "../shared/texts/proof.ts";
import { type Say, sayer } from "../shared/texts.ts";

const said = language === "zh" ? zh : en;
export const say: Say<typeof zh> = sayer(zh, said);
export const sayFinding = sayerOfFindings(said);
